"""The rows of the command table: one command, one message to surfaces, and one argument of either.

table.py has the tables.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from bridge.control.api import Answers, BridgeApi, Outcome

ROOT = "/bridge"
FINITE = sys.float_info.max
_ABSOLUTE = r"^([A-Za-z]:[/\\]|[/\\]{2})" if sys.platform == "win32" else "^/"
Values = Mapping[str, Any]  # a command's arguments by name, checked
Run = Callable[[BridgeApi, Values], Outcome | Awaitable[Outcome] | Answers]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command or of a message to surfaces."""

    name: str
    kind: Literal["text", "path", "number", "port", "value"]  # value: text or number, as the parameter wants it
    help: str
    required: bool = False
    default: Any = None  # what stands for it when it is not given
    low: float | None = None  # smallest number
    high: float | None = None  # largest number
    choices: tuple[str, ...] = ()  # all the texts that it may be; empty: any
    longest: int = 128  # characters of a text
    in_address: bool = False  # part of the OSC address instead of its arguments
    takes: Any = field(init=False, repr=False, compare=False)  # its type, with its limits

    def __post_init__(self) -> None:
        """Work out its type."""
        object.__setattr__(self, "takes", _type_of(self))


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be asked."""

    name: str  # for keys, MIDI mappings and the CLI
    help: str
    run: Run | None  # None: the surface's own affair (subscribe, unsubscribe, refresh)
    arguments: tuple[Argument, ...] = ()
    needs_daw: bool = False  # without a DAW that said hello it is an error
    spends: bool = False  # may cost money: long press on MIDI, token or secret from another machine
    tells_preset: bool = False  # a sender that has not subscribed is answered with the preset that is selected now
    button: bool = False  # a number among the arguments is a button's state: 0 and F are its release, and ignored
    idempotent: bool = False  # a button that may be pressed twice for once without harm
    address: str = field(init=False)  # OSC; a part in <angle brackets> is the argument of that name
    once: bool = field(init=False)  # a duplicate of its message has to be recognised
    guarded: bool = field(init=False)  # not for everybody: it takes the token, or may cost money
    sides: tuple[str, ...] = field(init=False)  # words of which one may stand behind the address, for hardware buttons

    def __post_init__(self) -> None:
        """Work out what follows from the rest."""
        inside = [f"<{argument.name}>" for argument in self.arguments if argument.in_address]
        object.__setattr__(self, "address", "/".join([ROOT, *self.name.split("."), *inside]))
        sides = next((argument.choices for argument in self.arguments if argument.choices and self.button), ())
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "once", self.run is not None and (self.spends or self.button) and not self.idempotent)
        takes_token = any(argument.name == "token" for argument in self.arguments)
        object.__setattr__(self, "guarded", self.spends or takes_token)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that surfaces are told."""

    address: str  # with <parts> that are filled in
    help: str
    arguments: tuple[Argument, ...] = ()
    to_sender: bool = False  # an answer to the one who asked; otherwise to all subscribers


def _type_of(argument: Argument) -> Any:
    if argument.choices:
        return Literal[argument.choices]
    if argument.kind == "path":
        return Annotated[str, Meta(max_length=argument.longest, pattern=_ABSOLUTE, description="an absolute path")]
    text = Annotated[str, Meta(max_length=argument.longest, description="text")]
    low = -FINITE if argument.low is None else argument.low
    high = FINITE if argument.high is None else argument.high
    number = Annotated[float, Meta(ge=low, le=high)]
    if argument.kind == "value":
        return Annotated[text | bool | int | number, Meta(description="a number, true, false or text")]
    return {"text": text, "number": number, "port": Annotated[int, Meta(ge=int(low), le=int(high))]}[argument.kind]
