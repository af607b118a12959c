"""Text for a terminal: as wide as it is, wrapped under its label, states in colour where somebody looks.

`bridge.verbs` print with it; what goes into a pipe has no colours.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator

COLOURS = {"done": 32, "failed": 31, "unknown": 33, "partial": 33}  # green, red, yellow as ANSI knows them
PIPE = 100  # columns where there is no terminal
NARROW = 40  # columns that are taken for granted


def width() -> int:
    """Return how many columns there are."""
    return max(NARROW, shutil.get_terminal_size((PIPE, 24)).columns)


def coloured(state: str, text: str = "") -> str:
    """Return a text, or the state itself, in the state's colour; NO_COLOR and pipes get it plain."""
    text = text or state
    colour = COLOURS.get(state)
    if colour is None or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def cut(text: str, columns: int) -> str:
    """Return a text of exactly so many columns, its end given up where it is longer."""
    return f"{text[: max(0, columns - 1)]}…" if len(text) > columns else f"{text:<{columns}}"


def labelled(label: str, text: str, column: int, indent: int = 0) -> Iterator[str]:
    """Yield the lines of a text behind its label, wrapped so that it stays in its column.

    Args:
        label: stands before the first line.
        text: lines of its own stay lines; paths and other long words are not broken.
        column: where the text begins, counted from the indent.
        indent: blanks before everything.
    """
    before = f"{' ' * indent}{label:<{column}}"
    under = " " * (indent + column)
    for line in text.splitlines() or [""]:
        yield from textwrap.wrap(
            line,
            width(),
            initial_indent=before,
            subsequent_indent=under,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [before.rstrip()]
        before = under
