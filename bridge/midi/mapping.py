"""Defines mappings: TOML files, one per device, that say what each control does and what each light shows.

The files are in the folder `midi` of the home. The types below define what a file may contain. Every error message
names the file, line and key.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from bridge.config.toml_file import TomlError, TomlFile
from bridge.config.toml_file import read as read_toml
from bridge.control.table import COMMANDS, read
from bridge.errors import BridgeError, MappingInvalid
from bridge.midi import scale
from bridge.midi.encodings import Encoder
from bridge.midi.messages import PAIRED, Message, Spot
from bridge.util.suggest import did_you_mean
from bridge.util.validation import validate

VERSION = 1  # version of the file format
PLAIN = "plain"  # name of the default colours, in which 0 is off and 127 is on
Kind = Literal["button", "toggle", "fader", "twos", "offset", "sign", "program"]
ENCODERS = frozenset(get_args(Encoder))
ENCODED = ("param", "preset.next", "preset.previous")  # commands that an encoder can run
Look = Literal["idle", "holding", "running", "ready", "done", "error", "off", "on"]  # appearance of a light

_Channel = Annotated[int, msgspec.Meta(ge=1, le=16)]
_Seven = Annotated[int, msgspec.Meta(ge=0, le=127)]
_HEX = re.compile(r"F0( [0-7][0-9A-F])* F7", re.IGNORECASE)

# Commands that a control can run, by name: `param`, and all commands suitable for a button.
MAPPABLE = {
    command.name: command for command in COMMANDS if command.run and (command.button or command.name == "param")
}


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One control and its command."""

    command: str  # a key of MAPPABLE
    message: Message  # type of message that the control sends
    argument: str = ""  # argument of the command: a preset, a parameter or a side
    value: str | float | None = None  # value to which a button sets its parameter
    channel: _Channel = 1
    number: _Seven = 0  # note, controller or program
    any_number: bool = False  # preset.select only: whether every program selects a preset
    kind: Kind = "button"
    take_over: Literal["pick-up", "jump"] = "pick-up"  # of a fader: soft takeover or none ("jump")
    hold: Annotated[float, msgspec.Meta(ge=0.3, le=5)] | None = None  # hold time, s; None: `hold` under [midi]
    light: str = ""  # name of the light's colours under [lights], or "plain"; "": no light
    ring: bool = False  # whether to send the parameter's value to the control (LED ring or motor fader)

    @property
    def spot(self) -> Spot:
        return Spot(self.message, self.channel, 0 if self.message in ("program", "pitch") else self.number)

    @property
    def does(self) -> str:
        """The command as a user would write it after `ace-bridge midi learn`."""
        value = "" if self.value is None else str(self.value)
        return " ".join(part for part in (self.command, self.argument, value) if part)


class Colour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A colour whose value is sent on a different channel from the control's messages."""

    channel: _Channel
    value: _Seven


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value to send to a light for each look."""

    idle: _Seven | Colour = 0
    holding: _Seven | Colour = 127
    running: _Seven | Colour = 127
    ready: _Seven | Colour = 127
    done: _Seven | Colour = 127
    error: _Seven | Colour = 127
    off: _Seven | Colour = 0  # `off` and `on` show, for example, whether a preset is selected
    on: _Seven | Colour = 127

    def at(self, spot: Spot, look: Look) -> tuple[Spot, int]:
        """Return the spot and the value to send so that the light at `spot` gets a look."""
        colour = getattr(self, look)
        if isinstance(colour, Colour):
            return Spot(spot.message, colour.channel, spot.number), colour.value
        return spot, colour


class Show(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lights that belong to no control: they show the newest job's state or progress."""

    shows: Literal["state", "progress"]
    message: Message
    numbers: Annotated[tuple[_Seven, ...], msgspec.Meta(min_length=1)]  # for progress: 1 for a ring, several for a bar
    channel: _Channel = 1
    light: str = ""  # name of the colours under [lights]; "": default colours

    @property
    def spots(self) -> tuple[Spot, ...]:
        return tuple(Spot(self.message, self.channel, number) for number in self.numbers)


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mapping file."""

    version: Literal[1]
    device: str  # device name or a part of it; * matches anything
    title: str = ""  # name shown to the user
    output: str = ""  # name of the output for the lights, if it differs from `device`
    setup: tuple[str, ...] = ()  # system exclusive messages in hex, sent when the device is connected
    farewell: tuple[str, ...] = ()  # system exclusive messages in hex, sent before the output is closed
    control: tuple[Binding, ...] = ()
    show: tuple[Show, ...] = ()
    lights: dict[str, Colours] = {}  # msgspec copies the default

    def colours(self, name: str) -> Colours:
        return self.lights.get(name, Colours())


def load(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingInvalid: the file is invalid; the message names the file, line and key.
    """
    try:
        file = read_toml(path)
    except TomlError as problem:
        where = f"{path}, line {problem.line}" if problem.line else str(path)
        raise MappingInvalid(f"{where}: {problem.text}.") from problem
    except OSError as problem:
        raise MappingInvalid(f"{path} cannot be read: {problem.strerror}.") from problem
    mapping = validate(file.values, Mapping, "", MappingInvalid, place=lambda key: f"{_place(file, key)}: ")
    for index, control in enumerate(mapping.control):
        _check(file, mapping, index, control)
    for index, show in enumerate(mapping.show):
        _known_light(file, mapping, f"show[{index}]", show.light)
    for name in ("setup", "farewell"):
        if not all(_HEX.fullmatch(text) for text in getattr(mapping, name)):
            raise MappingInvalid(f"{file.place(name)}: {name} takes messages from F0 to F7 in hex bytes.")
    return mapping


def _place(file: TomlFile, key: str) -> str:
    """Return the file and line of a key or, if the key is missing, of its table."""
    return file.place(key) if key in file.lines else file.place(key.rpartition(".")[0])


def _check(file: TomlFile, mapping: Mapping, index: int, control: Binding) -> None:
    """Check everything about a control that the type `Binding` cannot express."""
    where = f"control[{index}]"
    try:
        check(control)
    except MappingInvalid as problem:
        key = problem.text.partition(" ")[0]
        raise MappingInvalid(f"{_place(file, f'{where}.{key}')}: {problem.text}") from problem
    _known_light(file, mapping, where, control.light)
    duplicates = [k for k, other in enumerate(mapping.control[:index]) if _same(control, other)]
    if duplicates:
        first = file.place(f"control[{duplicates[0]}]").rpartition(", ")[2]
        raise MappingInvalid(f"{file.place(where)}: {control.spot} is mapped twice, first in {first}.")


def _same(one: Binding, other: Binding) -> bool:
    return one.spot == other.spot and (one.message != "program" or one.number == other.number)


def _known_light(file: TomlFile, mapping: Mapping, where: str, light: str) -> None:
    if light not in ("", PLAIN, *mapping.lights):
        guess, place = did_you_mean(light, mapping.lights), _place(file, f"{where}.light")
        raise MappingInvalid(f"{place}: light is “{light}”, but there is no [lights.{light}].{guess}")


def check(control: Binding) -> None:
    """Check that a control suits its command.

    Raises:
        MappingInvalid: the control does not suit its command. The message begins with the name of the wrong key.
    """
    if control.command not in MAPPABLE:
        raise MappingInvalid(
            f"command “{control.command}” is not for controls.{did_you_mean(control.command, MAPPABLE)}"
        )
    _check_argument(control)
    endless, program = control.kind in ENCODERS, control.message == "program"
    wrong = (
        (
            control.kind == "fader" and control.command != "param",
            f"kind is fader, but {control.command} needs a button; faders are for parameters.",
        ),
        (
            (control.kind == "program") != program,
            "kind “program” and message “program” go together.",
        ),
        (
            endless and (control.message != "cc" or control.command not in ENCODED),
            f"kind is {control.kind}, but an encoder sends cc and changes a parameter or the preset.",
        ),
        (
            control.any_number and not (program and control.command == "preset.select"),
            "any_number is only for program changes that select presets.",
        ),
        (control.message == "cc14" and control.number >= PAIRED, "number must be that of the coarse half, 0 to 31."),
    )
    for is_wrong, text in wrong:
        if is_wrong:
            raise MappingInvalid(text)


def _check_argument(control: Binding) -> None:
    """Check the argument and value of a command."""
    if control.command != "param":
        sides = MAPPABLE[control.command].sides
        if sides and control.argument not in ("", *sides):
            raise MappingInvalid(f"argument must be one of {', '.join(sides)}, not “{control.argument}”.")
        if not control.any_number:
            try:
                read(MAPPABLE[control.command], arguments(control))
            except BridgeError as problem:
                raise MappingInvalid(f"argument is wrong: {problem.text}") from problem
        return
    if control.argument not in scale.names():
        guess = did_you_mean(control.argument, scale.names())
        raise MappingInvalid(f"argument must be the name of a parameter, not “{control.argument}”.{guess}")
    if control.value is None and control.kind in ("button", "toggle"):
        raise MappingInvalid("value is missing: a button sets its parameter to a value.")


def arguments(control: Binding) -> tuple[str, ...]:
    """Return the arguments of a control's command as an OSC surface would send them."""
    return (control.argument,) if control.argument else ()
