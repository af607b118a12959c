"""The parts of a setup step: what it looks at, what it does, how it ends, and how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

State = Literal["done", "kept", "skipped", "failed", "todo"]


class SkipStep(Exception):
    """The user skips the rest of this step."""


class Questions(Protocol):
    """Asks the user, or answers with the defaults. Every method may raise `SkipStep`."""

    @property
    def attended(self) -> bool:
        """Whether a person answers."""
        ...

    def yes(self, question: str, default: bool, *, unattended: bool | None = None) -> bool:
        """Ask a yes-or-no question. Without a person, the answer is `unattended`, by default `default`."""
        ...

    def choose(self, question: str, names: tuple[str, ...], default: str) -> str:
        """Ask for one of several names."""
        ...

    def secret(self, question: str) -> str:
        """Ask for a text that is not shown; empty if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """What the steps need to know about this run of the command."""

    home: Path  # the bridge's home, which may not exist yet
    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    command: str  # what the user types to run this copy of ace-bridge
    questions: Questions
    say: Callable[[str], None]  # prints one line; with --json, prints nothing
    shows_progress: bool = True  # False: print nothing but the JSON document
    plays: bool = True  # whether a person is there to listen


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended, or what was found before it."""

    state: State  # "kept": there was nothing to change; "todo": not done yet, and nothing was changed
    text: str  # what was done or found, in whole sentences
    details: Mapping[str, Any] = field(default_factory=dict)  # more facts for --json


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the setup."""

    name: str  # for --only and --skip
    title: str
    about: str  # what the step is for, in one or two sentences
    check: Callable[[Session], Outcome]  # looks and changes nothing
    do: Callable[[Session], Outcome]  # asks, and changes what the user wants
    undo: str = ""  # how to undo the step; {command} is what runs this copy; empty: nothing to undo
