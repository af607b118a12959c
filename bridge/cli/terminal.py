"""Text for a terminal: as wide as it is, wrapped under its label, states in colour where somebody looks.

`bridge.cli.commands` print with it; what goes into a pipe has no colours.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
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
    if cells(text) > columns:
        while text and cells(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - cells(text))


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for each Chinese letter or emoji, none for an accent."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


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
