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
    """The names of the connected devices; repeated names are numbered."""

    inputs: tuple[str, ...] = ()  # devices that can send messages
    outputs: tuple[str, ...] = ()  # devices that can receive messages
    heard: frozenset[str] = frozenset()  # inputs that are open
    lit: frozenset[str] = frozenset()  # outputs that are open


@dataclass(frozen=True, slots=True)
class Listener:
    """The callbacks for MIDI input and errors. They are called on the event loop and must not block."""

    heard: Callable[[str, bytes], None]  # receives each message, with its device
    changed: Callable[[Devices], None]  # called after a device or port has changed
    trouble: Callable[[BridgeError], None]  # called if MIDI or a device fails; retries follow


NO_LISTENER = Listener(lambda device, data: None, lambda devices: None, lambda error: None)  # before `start`


class Ports(Protocol):
    """The MIDI ports of this machine."""

    async def start(self, listener: Listener) -> None:
        """Start scanning for devices."""
        ...

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        """Keep these ports open while they exist, and close all other ports, so that other programs can use them."""
        ...

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        """Send messages to an output; do nothing if the output is not open."""
        ...

    def set_farewell(self, device: str, messages: Sequence[bytes]) -> None:
        """Set the messages to send to a device before its output is closed, for whatever reason it is closed."""
        ...

    async def stop(self) -> None:
        """Send the farewell messages and close all ports."""
        ...
