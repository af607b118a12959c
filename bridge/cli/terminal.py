"""Formats text for a terminal: width, labelled columns and coloured states.

Output to a pipe has no colours.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator

from bridge.cli.output import shown

COLOURS = {"done": 32, "failed": 31, "unknown": 33, "partial": 33}  # ANSI green, red, yellow
PIPE = 100  # width, in columns, of output that does not go to a terminal
NARROW = 40  # minimum width in columns


def width() -> int:
    """Return the width of the output in columns."""
    return max(NARROW, shutil.get_terminal_size((PIPE, 24)).columns)


def coloured(state: str, text: str = "") -> str:
    """Return `text`, by default the state's name, in the state's colour. Pipes and NO_COLOR turn colours off."""
    text = text or state
    colour = COLOURS.get(state)
    if colour is None or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def cut(text: str, columns: int) -> str:
    """Return the text, cut or padded to exactly this many columns in the output's encoding."""
    text, mark = shown(text), shown("…")
    if cells(text) > columns:
        while text and cells(text) > columns - len(mark):
            text = text[:-1]
        text += mark
    return text + " " * (columns - cells(text))


def cells(text: str) -> int:
    """Return the text's width in columns: a CJK character or emoji counts as two, a combining accent as none."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def labelled(label: str, text: str, column: int, indent: int = 0) -> Iterator[str]:
    """Yield lines that show a label and, in a column to the right of the label, the wrapped text.

    Args:
        label: label before the first line.
        text: text to wrap; line breaks are kept, and long words such as paths are not broken.
        column: column in which the text begins, counted from the indent.
        indent: number of spaces before each line.
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
