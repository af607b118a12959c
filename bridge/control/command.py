"""The types used in table.py: commands, messages to surfaces, and the arguments of both."""

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
Values = Mapping[str, Any]  # the checked arguments of a command, by name
Run = Callable[[BridgeApi, Values], Outcome | Awaitable[Outcome] | Answers]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command or of a message to surfaces."""

    name: str
    kind: Literal["text", "path", "number", "port", "value"]  # "value": text or number, depending on the parameter
    help: str
    required: bool = False
    default: Any = None  # value used if the argument is missing
    low: float | None = None  # smallest allowed number; None: no limit
    high: float | None = None  # largest allowed number; None: no limit
    choices: tuple[str, ...] = ()  # allowed texts; empty: any text
    longest: int = 128  # maximum length of a text in characters
    in_address: bool = False  # whether the argument is part of the OSC address
    takes: Any = field(init=False, repr=False, compare=False)  # type of the argument, including its limits

    def __post_init__(self) -> None:
        """Derive the argument's type from the other fields."""
        object.__setattr__(self, "takes", _type_of(self))


@dataclass(frozen=True, slots=True)
class Command:
    """A command that control surfaces can send."""

    name: str  # name used in hotkeys, MIDI mappings and the CLI
    help: str
    run: Run | None  # None: the surface itself handles the command (subscribe, unsubscribe, refresh, unlock)
    arguments: tuple[Argument, ...] = ()
    needs_daw: bool = False  # whether the command fails if no DAW is connected
    local: bool = False  # accepted only from the machine on which the bridge runs
    spends: bool = False  # may cost money: needs a long press on a MIDI pad; from another machine, the token or secret
    tells_preset: bool = False  # whether a sender that is not subscribed gets the selected preset as a reply
    button: bool = False  # whether a number or Boolean argument is a button's state; 0 or false (released) is ignored
    idempotent: bool = False  # whether executing the command twice does no harm
    address: str = field(init=False)  # OSC address, in which <name> stands for the value of the argument `name`
    once: bool = field(init=False)  # whether duplicate messages must be dropped
    guarded: bool = field(init=False)  # whether the command needs the token or may cost money
    sides: tuple[str, ...] = field(init=False)  # words that hardware buttons may append to the address

    def __post_init__(self) -> None:
        """Derive the fields that are not given."""
        inside = [f"<{argument.name}>" for argument in self.arguments if argument.in_address]
        object.__setattr__(self, "address", "/".join([ROOT, *self.name.split("."), *inside]))
        sides = next((argument.choices for argument in self.arguments if argument.choices and self.button), ())
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "once", self.run is not None and (self.spends or self.button) and not self.idempotent)
        takes_token = any(argument.name == "token" for argument in self.arguments)
        object.__setattr__(self, "guarded", self.spends or takes_token)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the bridge sends to surfaces."""

    address: str  # OSC address, in which each <part> stands for a value
    help: str
    arguments: tuple[Argument, ...] = ()
    to_sender: bool = False  # whether only the sender of the command gets the message, instead of all subscribers


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
