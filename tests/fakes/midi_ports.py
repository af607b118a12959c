"""Fake MIDI ports; tests connect and disconnect their devices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from bridge.midi.ports import NO_LISTENER, Devices, Listener


@dataclass
class FakePorts:
    """Implements `Ports` in memory."""

    devices: Devices = field(default_factory=Devices)  # the connected devices
    sent: list[tuple[str, bytes]] = field(default_factory=list)  # (device, message), in the order sent
    words: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # device → messages sent before it closes
    listener: Listener = NO_LISTENER
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

    def set_farewell(self, device: str, messages: Sequence[bytes]) -> None:
        self.words[device] = tuple(messages)

    async def stop(self) -> None:
        for device in sorted(self.devices.lit):
            self.send(device, self.words.get(device, ()))
        self.devices = replace(self.devices, heard=frozenset(), lit=frozenset())

    # --- controls for tests ------------------------------------------------------------------------------------------

    def plug(self, device: str) -> None:
        """Connect a device that has an input and an output."""
        self.devices = replace(
            self.devices, inputs=(*self.devices.inputs, device), outputs=(*self.devices.outputs, device)
        )
        self._settle(notify=True)

    def unplug(self, device: str) -> None:
        """Disconnect a device."""
        kept = tuple(name for name in self.devices.inputs if name != device)
        self.devices = Devices(kept, kept, self.devices.heard - {device}, self.devices.lit - {device})
        self._settle(notify=True)

    def play(self, device: str, *messages: bytes) -> None:
        """Deliver messages from a device to the bridge."""
        for message in messages:
            if device in self.devices.heard:
                self.listener.heard(device, message)

    def _settle(self, *, notify: bool = False) -> None:
        now = replace(
            self.devices,
            heard=frozenset(self.devices.inputs) & self.wanted[0],
            lit=frozenset(self.devices.outputs) & self.wanted[1],
        )
        for device in self.devices.lit - now.lit:
            self.send(device, self.words.get(device, ()))
        changed, self.devices = now != self.devices, now
        if changed or notify:
            self.listener.changed(now)
