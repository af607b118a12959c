"""Options of the command line: numbers with their ranges, and a parser that speaks of the option, not of argparse.

`bridge.cli.parser` builds its words from these. Nothing heavy is imported: every run of `ace-bridge` imports this.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from bridge.util.suggest import did_you_mean

_ABOUT_OPTION = re.compile(r"argument (?P<names>[^:]+): (?P<text>.*)", re.DOTALL)
_UNKNOWN_WORD = re.compile(r"invalid choice: '(?P<word>.*?)'", re.DOTALL)


class Number:
    """A number within a range; argparse calls it with the text of an option."""

    def __init__(self, low: float, high: float | None = None, unit: str = "", *, whole: bool = False) -> None:
        """Take the range.

        Args:
            low: smallest.
            high: largest; None: any.
            unit: "s", "Hz", "BPM", for the words.
            whole: whole numbers only.
        """
        self.low, self.high, self.unit, self.whole = low, high, unit, whole

    @property
    def words(self) -> str:
        """The range in words: "0 to 1", "0 and more (s)"."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.low:g} and more{unit}" if self.high is None else f"{self.low:g} to {self._top}{unit}"

    @property
    def _top(self) -> str:
        return f"{self.high:.0f}" if self.whole else f"{self.high:g}"

    def __call__(self, text: str) -> float:
        """Read a number; "nan" and "inf" are none for a musician."""
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= (math.inf if self.high is None else self.high) or math.isinf(value):
            kind = "a whole number, " if self.whole and self.high is None else ""
            raise argparse.ArgumentTypeError(f"is {_shown(text)}; it takes {kind}{self.words}.")
        return value


class OneOf:
    """One of a few words."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def __call__(self, text: str) -> str:
        if text not in self.words:
            listed = ", ".join(self.words)
            raise argparse.ArgumentTypeError(f"is {_shown(text)}; it takes {listed}.{did_you_mean(text, self.words)}")
        return text


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal.

    argparse makes one of these for every option and would ask shutil for the width, whose import costs more than all
    the rest of a command.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)


def columns() -> int:
    """Return the width of the terminal that the help goes to, 80 where there is none."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]  # see below
    except (AttributeError, OSError, ValueError):  # no standard output, none that is a terminal, or a closed one
        return 80


class Parser(argparse.ArgumentParser):
    """A word of the command line, or all of them."""

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong with an option; for everything else show how the word is used; status 2."""
        about = _ABOUT_OPTION.fullmatch(message)
        if about is None:
            self.print_usage(sys.stderr)
            self.exit(2, f"{self.prog}: {message}\n")
        option, text = about["names"].rpartition("/")[2], about["text"]
        unknown = _UNKNOWN_WORD.match(text)
        if text.startswith("expected"):
            text = "needs a value."
        elif unknown and option == "COMMAND":
            word = unknown["word"]
            self.exit(
                2,
                f"{self.prog}: There is no command “{_shown(word)}”.{did_you_mean(word, self.commands())}\n"
                f"  `{self.prog} --help` lists them.\n",
            )
        self.exit(2, f"{self.prog}: {option} {text}\n")

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """Say that there are no such options, with those that were probably meant; status 2."""
        self.print_usage(sys.stderr)
        options = [name for action in self._actions for name in action.option_strings]
        strange = [word.partition("=")[0] for word in words if word.startswith("-")]
        said = [f"There is no option {_shown(name)}.{did_you_mean(name, options)}" for name in strange]
        said = said or [f"“{_shown(word)}” is too much." for word in words]
        self.exit(2, f"{self.prog}: {' '.join(said)}\n")

    def commands(self) -> list[str]:
        """Return the names of the sub-commands, none for a sub-command."""
        return [name for action in self._actions for name in action.choices or () if action.dest == "command"]


def _shown(text: str) -> str:
    """Show what somebody wrote in one short line."""
    return "".join(one if one.isprintable() else "?" for one in text[:60])
