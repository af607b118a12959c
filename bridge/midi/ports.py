"""The seam to the system's MIDI: which devices are there, what they send, what is sent to them. With a fake of it.

surface.py → `Ports` ← port_process.py (a process of its own, for real devices), `FakePorts` (for tests).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bridge.errors import BridgeError


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged in, by name; two of the same name get numbers."""

    inputs: tuple[str, ...] = ()  # that can be heard
    outputs: tuple[str, ...] = ()  # that can be sent to
    heard: frozenset[str] = frozenset()  # inputs that are open
    lit: frozenset[str] = frozenset()  # outputs that are open


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told; every call comes on the loop and must not block."""

    heard: Callable[[str, bytes], None]  # device and one message
    changed: Callable[[Devices], None]  # whenever something was plugged in or out, opened or closed
    trouble: Callable[[BridgeError], None]  # MIDI, or one device, cannot be used; it is tried again


NOBODY = Listener(lambda device, data: None, lambda devices: None, lambda error: None)  # before there is one


class Ports(Protocol):
    """All MIDI ports of this machine."""

    async def start(self, listener: Listener) -> None:
        """Begin to look."""
        ...

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        """Hold these open whenever they are there, and no others: some systems give a device to one program only."""
        ...

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        """Send to an open output; to one that has just gone nothing is sent."""
        ...

    def last_words(self, device: str, messages: Sequence[bytes]) -> None:
        """Say what a device is sent when its output is let go of, whatever the reason."""
        ...

    async def stop(self) -> None:
        """Send the last words and close everything."""
        ...


@dataclass
class FakePorts:
    """Ports of devices that tests plug in and out."""

    devices: Devices = Devices()
    sent: list[tuple[str, bytes]] = field(default_factory=list)  # everything, in order
    words: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # last words of each output
    listener: Listener = NOBODY
    wanted: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    async def start(self, listener: Listener) -> None:
        self.listener = listener
        self._settle()

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        self.wanted = (frozenset(inputs), frozenset(outputs))
        self._settle()

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        if device in self.devices.lit:
            self.sent += [(device, message) for message in messages]

    def last_words(self, device: str, messages: Sequence[bytes]) -> None:
        self.words[device] = tuple(messages)

    async def stop(self) -> None:
        for device in sorted(self.devices.lit):
            self.send(device, self.words.get(device, ()))
        self.devices = replace(self.devices, heard=frozenset(), lit=frozenset())

    # --- the hands of a test -----------------------------------------------------------------------------------------

    def plug(self, device: str) -> None:
        """Plug a device in that sends and has lights."""
        self.devices = replace(
            self.devices, inputs=(*self.devices.inputs, device), outputs=(*self.devices.outputs, device)
        )
        self._settle(told=True)

    def unplug(self, device: str) -> None:
        """Pull it out."""
        kept = tuple(name for name in self.devices.inputs if name != device)
        self.devices = Devices(kept, kept, self.devices.heard - {device}, self.devices.lit - {device})
        self._settle(told=True)

    def play(self, device: str, *messages: bytes) -> None:
        """Let a device send."""
        for message in messages:
            if device in self.devices.heard:
                self.listener.heard(device, message)

    def _settle(self, *, told: bool = False) -> None:
        now = replace(
            self.devices,
            heard=frozenset(self.devices.inputs) & self.wanted[0],
            lit=frozenset(self.devices.outputs) & self.wanted[1],
        )
        for device in self.devices.lit - now.lit:
            self.send(device, self.words.get(device, ()))
        changed, self.devices = now != self.devices, now
        if changed or told:
            self.listener.changed(now)
