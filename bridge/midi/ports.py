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
    """Callbacks, which are called on the event loop and must not block."""

    heard: Callable[[str, bytes], None]  # called with the device and the message when a message arrives
    changed: Callable[[Devices], None]  # called when a device was (dis)connected or a port was opened or closed
    trouble: Callable[[BridgeError], None]  # called when MIDI or a device does not work; the ports keep trying


NO_LISTENER = Listener(lambda device, data: None, lambda devices: None, lambda error: None)  # used before `start`


class Ports(Protocol):
    """All MIDI ports of this machine."""

    async def start(self, listener: Listener) -> None:
        """Start scanning for devices."""
        ...

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        """Keep these ports open while they exist, and close all others, which other programs may need."""
        ...

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        """Send to an output; do nothing if it is not open."""
        ...

    def set_farewell(self, device: str, messages: Sequence[bytes]) -> None:
        """Set the messages to send to a device before its output is closed, whatever the reason."""
        ...

    async def stop(self) -> None:
        """Send the farewell messages and close everything."""
        ...
