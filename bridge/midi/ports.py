"""The seam to the system's MIDI: which devices are there, what they send, what is sent to them.

surface.py → `Ports` ← port_process.py (a process of its own). Tests use tests/fakes/midi_ports.py instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
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
