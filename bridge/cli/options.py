"""Building blocks of the command line: option types with ranges, a parser with one-line errors, common arguments.

Slow imports are avoided here, because every run of `ace-bridge` imports this module.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from bridge.util.suggest import did_you_mean

_OPTION_ERROR = re.compile(r"argument (?P<names>[^:]+): (?P<text>.*)", re.DOTALL)
_UNKNOWN_COMMAND = re.compile(r"invalid choice: '(?P<name>.*?)'", re.DOTALL)


class Number:
    """The type of an option that takes a number within a range."""

    def __init__(self, low: float, high: float | None = None, unit: str = "", *, whole: bool = False) -> None:
        """Set the range.

        Args:
            low: smallest allowed value.
            high: largest allowed value, or None for no limit.
            unit: the unit shown in help and errors, such as "s", "Hz" or "BPM".
            whole: whether only whole numbers are allowed.
        """
        self.low, self.high, self.unit, self.whole = low, high, unit, whole

    @property
    def words(self) -> str:
        """The range in words, such as "0 to 1" or "at least 0.1 s"."""
        unit = f" {self.unit}" if self.unit else ""
        return f"at least {self.low:g}{unit}" if self.high is None else f"{self.low:g} to {self._top}{unit}"

    @property
    def _top(self) -> str:
        return f"{self.high:.0f}" if self.whole else f"{self.high:g}"

    def __call__(self, text: str) -> float:
        """Parse a number; "nan" and "inf" are out of range."""
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= (math.inf if self.high is None else self.high) or math.isinf(value):
            kind = "a whole number" if self.whole else "a number"
            limits = f"{'of' if self.high is None else 'from'} {self.words}"
            raise argparse.ArgumentTypeError(f"must be {kind} {limits}, not {_shown(text)}.")
        return value


class OneOf:
    """The type of an option that takes one of several names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __call__(self, text: str) -> str:
        """Return `text` if it is one of the names."""
        if text not in self.names:
            guess = did_you_mean(text, self.names)
            raise argparse.ArgumentTypeError(f"must be {either(self.names)}, not {_shown(text)}.{guess}")
        return text


def either(names: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


class Help(argparse.RawDescriptionHelpFormatter):
    """A help formatter that uses the width of the terminal.

    argparse creates a formatter for every option. The default formatter imports shutil to find the width, which takes
    longer than everything else in a short command.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)


def columns() -> int:
    """Return the width of the terminal in columns, or 80 if there is no terminal."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]  # None is handled below
    except (AttributeError, OSError, ValueError):  # stdout is missing, closed or not a terminal
        return 80


class Parser(argparse.ArgumentParser):
    """The parser of one command's arguments or, at the top level, of all commands."""

    def error(self, message: str) -> NoReturn:
        """Print an error and exit with status 2. An invalid option is explained in one line, without the usage text."""
        about = _OPTION_ERROR.fullmatch(message)
        if about is None:
            self.print_usage(sys.stderr)
            self.exit(2, f"{self.prog}: {message}\n")
        option, text = about["names"].rpartition("/")[2], about["text"]
        unknown = _UNKNOWN_COMMAND.match(text)
        if text.startswith("expected"):
            text = "needs a value."
        elif unknown and option == "COMMAND":
            name = unknown["name"]
            self.exit(
                2,
                f"{self.prog}: There is no command “{_shown(name)}”.{did_you_mean(name, self.commands())}\n"
                f"  `{self.prog} --help` lists the commands.\n",
            )
        self.exit(2, f"{self.prog}: {option} {text}\n")

    def reject(self, arguments: Sequence[str]) -> NoReturn:
        """Report arguments that the command does not accept, suggest similar options, and exit with status 2."""
        self.print_usage(sys.stderr)
        options = [name for action in self._actions for name in action.option_strings]
        unknown = [text.partition("=")[0] for text in arguments if text.startswith("-")]
        errors = [f"There is no option {_shown(name)}.{did_you_mean(name, options)}" for name in unknown]
        errors = errors or [f"Unexpected argument “{_shown(text)}”." for text in arguments]
        self.exit(2, f"{self.prog}: {' '.join(errors)}\n")

    def commands(self) -> list[str]:
        """Return the names of all commands, or an empty list if this is the parser of a single command."""
        return [name for action in self._actions for name in action.choices or () if action.dest == "command"]


def _shown(text: str) -> str:
    """Return the user's input shortened to one printable line."""
    return "".join(one if one.isprintable() else "?" for one in text[:60])


# --- arguments for several commands -----------------------------------------------------------------------------------


def add_command(commands: Any, name: str, handler: str, summary: str, details: str = "") -> Parser:
    """Add a command to the parser.

    Args:
        commands: argparse's subparsers.
        name: name of the command.
        handler: the function that runs the command, as "module:function" in `bridge.cli.commands`.
        summary: line about the command in the list of commands.
        details: further lines in the command's own help.
    """
    command: Parser = commands.add_parser(
        name, help=summary, description=f"{summary}\n\n{details}", formatter_class=Help
    )
    command.set_defaults(handler=handler, parser=command)
    return command


def add_number(
    command: Any, name: str, number: Number, text: str, metavar: str, default: float | None = None, usual: str = ""
) -> None:
    """Add an option that takes a number. The option's help states the range and the default."""
    usual = usual or ("" if default is None else f"{default:g}")
    shown = f"{text}: {number.words}" + (f" (default: {usual})" if usual else "")
    command.add_argument(name, type=number, default=default, metavar=metavar, help=shown)


def add_json(command: Parser) -> None:
    """Add the option --json."""
    command.add_argument("--json", action="store_true", help="print one JSON object per line, for scripts")


def add_job(command: Parser, default: str = "the newest job", what: str = "a job or variation") -> None:
    """Add the optional argument JOB."""
    text = f"ID or unique prefix of {what} (default: {default})"
    command.add_argument("job", metavar="JOB", nargs="?", help=text)


def add_variation(command: Parser, default: str) -> None:
    """Add the optional argument VARIATION."""
    text = f"ID or unique prefix of a variation (default: {default})"
    command.add_argument("variation", metavar="VARIATION", nargs="?", help=text)


def add_no_wait(command: Any) -> None:
    """Add the option --no-wait."""
    text = "return when the job is accepted; `ace-bridge jobs` shows its progress"
    command.add_argument("--no-wait", action="store_true", help=text)


def add_yes(command: Any) -> None:
    """Add the option --yes, for commands that may cost money."""
    command.add_argument("--yes", action="store_true", help="accept the cost without asking")


def add_listen(command: Parser) -> None:
    """Add the option --listen."""
    command.add_argument(
        "--listen",
        nargs="?",
        const="0.0.0.0",  # noqa: S104 - the purpose of the option
        metavar="ADDRESS",
        help="let tablets and consoles on the network control this run of the bridge, at ADDRESS (default: 0.0.0.0, "
        "every network); remixes requested from there also need `[osc] secret`",
    )
