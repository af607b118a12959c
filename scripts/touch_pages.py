"""Builds the pages of the touch surfaces from the tables of commands, messages, parameters and presets.

touchosc.py and stage_control.py write the pages in the formats of TouchOSC and Open Stage Control; picture.py draws the
written files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bridge.control.command import ROOT, Command
from bridge.control.table import COMMANDS, MESSAGES
from bridge.presets.library import Presets
from bridge.presets.parameters import HAND_PARAMS, Param

PROJECT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, TABS = 1024, 728, 40  # points; size of a page and height of the tab bar above it
GAP = 8
RECEIVE_PORT = 9000  # UDP port that a surface listens on; the user sets the same port in the surface's program
SECRET = "secret"  # placeholder that the user replaces

Frame = tuple[int, int, int, int]  # x, y, width, height; from the top left corner of the page


@dataclass(frozen=True, slots=True)
class Widget:
    """One control."""

    kind: Literal["button", "fader", "bar", "text", "caption"]  # bar: a fader for display only
    name: str  # unique
    label: str  # text on the control; for a text control, its initial text
    frame: Frame
    address: str = ""  # OSC address to send to and receive from; "": none
    argument: str | int | None = None  # value that a button sends instead of its state
    low: float = 0.0  # value at the left end of a fader
    high: float = 1.0
    whole: bool = False  # whether a fader sends only integers
    spends: bool = False  # whether the control may cost money; drawn in another colour


@dataclass(frozen=True, slots=True)
class Page:
    """One page of controls."""

    title: str
    widgets: tuple[Widget, ...]


def pages() -> list[Page]:
    """Return all pages."""
    more = [param for param in params() if param.inert]
    return [
        Page("Remix", tuple(_remix())),
        Page("Presets", tuple(_presets())),
        Page("More", tuple(_params(more, (0, 0, WIDTH, HEIGHT)))),
        Page("Connect", tuple(_connect())),
    ]


def buttons() -> list[Command]:
    """Return the commands that a button without arguments can run."""
    return [one for one in COMMANDS if one.button and not any(argument.required for argument in one.arguments)]


def params() -> list[Param]:
    """Return the parameters that a fader or a few buttons can set."""
    return [param for param in HAND_PARAMS if param.surface or param.choices]


# --- pages -----------------------------------------------------------------------------------------------------------


def _remix() -> Iterator[Widget]:
    """Yield the widgets of the page: state, preset, buttons, and faders for parameters that have an effect."""
    sent = {message.address for message in MESSAGES}
    for kind, name, x, width in (
        ("text", "state", 0, 200),
        ("bar", "progress", 200, 624),
        ("text", "cost", 824, 200),
    ):
        if f"{ROOT}/{name}" not in sent:
            raise ValueError(f"{ROOT}/{name} is not a message of the table")
        yield Widget(kind, name, "", _inside((x, 0, width, 64)), f"{ROOT}/{name}")  # type: ignore[arg-type]
    yield Widget("text", "message", "", _inside((0, 64, WIDTH, 56)), f"{ROOT}/message")
    yield Widget("text", "preset", "", _inside((232, 120, 560, 72)), f"{ROOT}/preset/select")
    steps = {"preset.previous": (0, 120, 232, 72), "preset.next": (792, 120, 232, 72)}
    for command in buttons():
        if command.name in steps:
            yield _button(command, "", steps[command.name])
    yield from _row(
        [
            (command, side)
            for command in buttons()
            if command.name not in steps and command.run is not None and command.name != "inbox"
            for side in command.sides or ("",)
        ],
        (0, 192, WIDTH, 180),
    )
    yield from _params([param for param in params() if not param.inert], (0, 372, WIDTH, HEIGHT - 372))


def _presets() -> Iterator[Widget]:
    """Yield a button for each preset that ships with the bridge."""
    shipped = Presets([PROJECT / "presets"]).all()
    columns = 5
    height = HEIGHT // -(-len(shipped) // columns)
    for number, preset in enumerate(shipped):
        row, column = divmod(number, columns)
        width = WIDTH // columns
        frame = _inside((column * width, row * height, width, height))
        yield Widget("button", f"preset {preset.name}", preset.title, frame, f"{ROOT}/preset/select", preset.name)


def _connect() -> Iterator[Widget]:
    """Yield buttons for the commands of the OSC server itself, such as subscribe."""
    own = [command for command in COMMANDS if command.run is None]
    for row, command in enumerate(own):
        names = {argument.name for argument in command.arguments}
        argument = RECEIVE_PORT if "port" in names else SECRET if "secret" in names else None
        y = row * 96
        shown = f"{command.address} {argument or ''}".strip()
        yield Widget("button", command.name, _title(command.name), _inside((0, y, 256, 96)), command.address, argument)
        yield Widget("caption", f"{command.name} help", f"{shown}: {command.help}", _inside((256, y, 768, 96)))


# --- parts -----------------------------------------------------------------------------------------------------------


def _button(command: Command, side: str, frame: Frame) -> Widget:
    name = f"{command.name} {side}".strip()
    return Widget("button", name, _title(name), _inside(frame), command.address, side or None, spends=command.spends)


def _row(wanted: list[tuple[Command, str]], frame: Frame) -> Iterator[Widget]:
    """Lay out buttons side by side, starting with those that may cost money, which are twice as high as the others."""
    x, y, width, height = frame
    spending = [one for one in wanted if one[0].spends]
    rest = [one for one in wanted if not one[0].spends]
    columns = len(spending) + -(-len(rest) // 2)
    cell = width // columns
    for number, (command, side) in enumerate(spending):
        yield _button(command, side, (x + number * cell, y, cell, height))
    for number, (command, side) in enumerate(rest):
        column, row = len(spending) + number // 2, number % 2
        yield _button(command, side, (x + column * cell, y + row * height // 2, cell, height // 2))


def _params(shown: list[Param], frame: Frame) -> Iterator[Widget]:
    """Lay out one row per parameter: its name, then a fader, or a button for each choice."""
    x, y, width, height = frame
    row = min(96, height // len(shown))
    for number, param in enumerate(shown):
        top = y + number * row
        address = f"{ROOT}/param/{param.name}"
        yield Widget("caption", f"{param.name} name", _title(param.name), _inside((x, top, 232, row)))
        if param.kind == "choice":
            cell = (width - 232) // (len(param.choices) + 1)
            for index, choice in enumerate(param.choices):
                box = _inside((x + 232 + index * cell, top, cell, row))
                yield Widget("button", f"{param.name} {choice}", choice, box, address, choice)
            box = _inside((x + 232 + len(param.choices) * cell, top, cell, row))
            yield Widget("text", param.name, "", box, address)
        else:
            low, high = param.surface or (0.0, 1.0)
            box = _inside((x + 232, top, width - 232, row))
            yield Widget("fader", param.name, "", box, address, None, low, high, param.kind == "int")


def _inside(frame: Frame) -> Frame:
    """Return the frame of a widget in a cell, with a gap to the neighbouring widgets."""
    x, y, width, height = frame
    return (x + GAP // 2, y + GAP // 2, width - GAP, height - GAP)


def _title(name: str) -> str:
    words = name.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
