"""Fixtures for the MIDI tests: a MIDI surface with fake ports, and a fake bridge that records calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.config.settings import Midi as Settings
from bridge.control.api import Answer
from bridge.events import Alert, Event, EventBus
from bridge.midi.messages import Spot, read
from bridge.midi.service import MidiService
from bridge.util import busy_files
from tests.fakes.bridge import NotingBridge
from tests.fakes.midi_ports import FakePorts
from tests.waiting import eventually

SETTINGS = Settings(use="auto", system="auto", hold=0.3, debounce=0.02)

PAD = """version = 1
device = "Pad"
farewell = ["F0 00 01 F7"]
setup = ["F0 00 02 F7"]

[[control]]
command = "remix"
message = "note"
number = 36
light = "pad"

[[control]]
command = "preset.select"
argument = "dub"
message = "note"
number = 37
light = "choice"

[[control]]
command = "param"
argument = "guidance_scale"
message = "cc"
number = 7
kind = "fader"
take_over = "jump"
ring = true

[[control]]
command = "param"
argument = "number_of_steps"
message = "cc"
number = 8
kind = "twos"
ring = true

[[control]]
command = "cancel"
message = "note"
number = 38
light = "plain"

[[show]]
shows = "progress"
message = "cc"
numbers = [20]

[[show]]
shows = "progress"
message = "note"
numbers = [40, 41, 42, 43]
light = "bar"

[lights.pad]
idle = 1
holding = 2
running = { channel = 3, value = 3 }
ready = 4
done = 5
error = 6

[lights.choice]
off = 10
on = 11

[lights.bar]
running = 3
done = 5
"""


class Rig:
    """A MIDI surface with its home, event bus, fake bridge and fake ports."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "midi"
        self.folder.mkdir(exist_ok=True)
        self.bus = EventBus()
        self.events: list[Event] = []
        self.bus.subscribe(self.events.append)
        self.bridge = NotingBridge(self.bus, params={"guidance_scale": 15.0, "number_of_steps": 27})
        self.ports = FakePorts()
        self._seen: dict[Spot, int] = {}  # light → index of the message that `until_lit` found last
        self.service = MidiService(self.bus, SETTINGS, home, lambda: ["acid-rave", "dub"], lambda: self.ports)

    def map(self, text: str = PAD, name: str = "pad") -> Path:
        """Write a mapping; the service never sees it half-written."""
        path, partial = self.folder / f"{name}.toml", self.folder / f"{name}.tmp"
        partial.write_text(text, encoding="utf-8")
        busy_files.replace(partial, path)
        return path

    async def start(self, *devices: str) -> None:
        self.service.start(self.bridge)
        [answer async for answer in self.service.devices()]
        for device in devices:
            self.ports.plug(device)
        self.bridge.asked.clear()

    def lights(self, device: str = "Pad") -> dict[Spot, int]:
        """Return the last value sent to each light of a device, on any channel."""
        shown: dict[Spot, int] = {}
        for name, data in self.ports.sent:
            found = read(data)
            if name == device and found is not None:
                shown[Spot(found[0].message, 1, found[0].number)] = found[1]
        return shown

    async def until_lit(self, spot: Spot, value: int, device: str = "Pad") -> None:
        """Wait until a value has been sent to a light, even if another value has been sent since.

        Messages from before that light's last match are ignored.
        """

        def lit() -> bool:
            for place in range(self._seen.get(spot, 0), len(self.ports.sent)):
                name, data = self.ports.sent[place]
                found = read(data)
                if name == device and found is not None and is_at(found[0], spot) and found[1] == value:
                    self._seen[spot] = place
                    return True
            return False

        await eventually(lit, f"the value {value} at {spot}")

    def forget(self) -> None:
        """Forget all values that have been sent to lights."""
        self.ports.sent.clear()
        self._seen.clear()

    def alerts(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Alert)]


def is_at(found: Spot, spot: Spot) -> bool:
    """Return whether a message is for a spot, on any channel, since some devices encode the colour in the channel."""
    return (found.message, found.number) == (spot.message, spot.number)


async def collected(answers: object) -> list[Answer]:
    return [answer async for answer in answers]  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def rig(home: Path) -> AsyncIterator[Rig]:
    made = Rig(home)
    yield made
    await made.service.stop()
