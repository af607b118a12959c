"""The name that was probably meant: every "unknown …" error ends with it.

Used by parameters, presets and the configuration; knows none of them.
"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return the names most like `word`, the best first, at most `count`, none if nothing is like it.

    Upper case, blanks, hyphens and underscores make no difference.
    """
    import difflib  # only needed on the way to an error

    by_form = {_form(name): name for name in names}
    found = difflib.get_close_matches(_form(word[:100]), by_form, n=count, cutoff=0.55)
    return [by_form[form] for form in found]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return " Did you mean …?" with the nearest names, or nothing."""
    found = nearest(word, names)
    if not found:
        return ""
    quoted = [f"“{name}”" for name in found]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"


def _form(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ")
