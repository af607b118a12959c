"""The interface to MIDI ports: connected devices, received messages, messages to send.

surface.py → `Ports` ← port_process.py (a separate process). Tests use tests/fakes/midi_ports.py instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import BridgeError


@dataclass(frozen=True, slots=True)
class Devices:
    """Connected devices by name; repeated names get numbers."""

    inputs: tuple[str, ...] = ()  # devices that can send
    outputs: tuple[str, ...] = ()  # devices that can receive
    heard: frozenset[str] = frozenset()  # inputs that are open
    lit: frozenset[str] = frozenset()  # outputs that are open


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks; called on the event loop, must not block."""

    heard: Callable[[str, bytes], None]  # device and message
    changed: Callable[[Devices], None]  # a device was connected or disconnected, or a port opened or closed
    trouble: Callable[[BridgeError], None]  # MIDI or one device does not work; it is retried


NO_LISTENER = Listener(lambda device, data: None, lambda devices: None, lambda error: None)  # used before `start`


class Ports(Protocol):
    """All MIDI ports of this machine."""

    async def start(self, listener: Listener) -> None:
        """Start scanning for devices."""
        ...

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        """Keep only these ports open while they exist: some systems give a device to one program only."""
        ...

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        """Send to an output; do nothing if it is not open."""
        ...

    def set_farewell(self, device: str, messages: Sequence[bytes]) -> None:
        """Set the messages that a device is sent before its output is closed, for whatever reason."""
        ...

    async def stop(self) -> None:
        """Send the farewell messages and close everything."""
        ...
