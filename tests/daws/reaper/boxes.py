"""How REAPER reads the captions and values of its input box, GetUserInputs."""

from __future__ import annotations

from dataclasses import dataclass

CLOSES = {"'": "'", '"': '"', "(": ")"}  # character that hides separators → character that ends this
MOST_FIELDS = 16


@dataclass(frozen=True)
class InputBox:
    """The fields of an input box, as REAPER shows them."""

    captions: tuple[str, ...]
    values: tuple[str, ...]
    separator: str  # between values, in the argument and in the result

    @property
    def complete(self) -> bool:
        """Return whether each field has one caption and one value."""
        return len(self.captions) == len(self.values) <= MOST_FIELDS

    def answered(self, count: int) -> str:
        """Return the result if the user changes nothing."""
        values = (*self.values, *[""] * count)[:count]
        return self.separator.join(values)


def read_box(captions: str, values: str, *, quotes: bool) -> InputBox:
    """Read the arguments of GetUserInputs; extra captions set the width and the separator of the values.

    Args:
        captions: The captions, separated by commas.
        values: The values, separated by commas or by the separator that the captions set.
        quotes: Whether a quote or parenthesis hides the separators up to its end; without an end, all later ones.
    """
    names = _split(captions, ",", quotes)
    options = [name for name in names if name.startswith(("extrawidth=", "separator="))]
    chosen = [name.partition("=")[2] for name in options if name.startswith("separator=")]
    separator = chosen[-1] if chosen and chosen[-1] else ","
    shown = [name for name in names if name not in options]
    return InputBox(tuple(shown), tuple(_split(values, separator, quotes)), separator)


def _split(text: str, separator: str, quotes: bool) -> list[str]:
    if not quotes:
        return text.split(separator)
    found, closing = [""], ""
    for char in text:
        if closing:
            closing = "" if char == closing else closing
        elif char == separator:
            found.append("")
            continue
        else:
            closing = CLOSES.get(char, "")
        found[-1] += char
    return found
