"""MIDI in the daemon. The MIDI packages are loaded only if a mapping exists or a client runs a `midi` command.

daemon.py → here → surface.py, requests.py. This module implements the Protocol `Midi` in control/api.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.config.settings import Midi as Settings
from bridge.control.api import Answer, BridgeApi
from bridge.errors import BridgeError, MidiOff
from bridge.events import Alert, EventBus
from bridge.midi.missing import package_missing

if TYPE_CHECKING:
    from bridge.midi.ports import Ports
    from bridge.midi.requests import MidiAdmin
    from bridge.midi.surface import MidiSurface

log = logging.getLogger(__name__)


class MidiService:
    """A service that starts the MIDI surface on demand."""

    def __init__(
        self,
        bus: EventBus,
        settings: Settings,
        home: Path,
        presets: Callable[[], Sequence[str]],
        ports: Callable[[], Ports] | None = None,
    ) -> None:
        """Prepare the service without loading any MIDI package.

        Args:
            bus: the event bus, which also receives alerts.
            settings: the section [midi] of the configuration.
            home: folder that contains the mappings.
            presets: function that returns the preset names.
            ports: function that creates the MIDI ports; None: use the real ports.
        """
        self._bus = bus
        self._settings = settings
        self._home = home
        self._presets = presets
        self._ports = ports
        self._bridge: BridgeApi | None = None
        self._surface: MidiSurface | None = None
        self._admin: MidiAdmin | None = None
        self._lock = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None

    def start(self, bridge: BridgeApi) -> None:
        """Start MIDI in the background if there is a mapping."""
        self._bridge = bridge
        if self._settings.use == "auto" and next((self._home / "midi").glob("*.toml"), None) is not None:
            self._starting = asyncio.create_task(self._begin(), name="midi start")

    async def stop(self) -> None:
        """Turn the lights off and close all ports."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._surface is not None:
            await self._surface.stop()

    async def _begin(self) -> None:
        try:
            await self._ready()
        except BridgeError as error:
            log.warning("%s", error.text)
            self._bus.publish(Alert(error.code, error.text))

    async def _ready(self) -> MidiAdmin:
        """Return the `MidiAdmin`. The first call loads the MIDI packages and starts the surface.

        Raises:
            MidiOff: `use` under [midi] is "off".
            MidiMissing: a MIDI package is not installed.
        """
        if self._settings.use == "off" or self._bridge is None:
            raise MidiOff
        async with self._lock:
            if self._admin is not None:
                return self._admin
            try:
                await asyncio.to_thread(import_module, "bridge.midi.requests")
            except ImportError as problem:
                raise package_missing(problem) from problem
            from bridge.midi.port_process import ProcessPorts
            from bridge.midi.requests import MidiAdmin
            from bridge.midi.surface import MidiSurface

            ports = self._ports() if self._ports else ProcessPorts(self._settings.system)
            self._surface = MidiSurface(self._bridge, self._bus, self._settings, self._home, self._presets, ports)
            await self._surface.start()
            self._admin = MidiAdmin(self._surface)
            return self._admin

    # --- the Protocol `Midi` of control/api.py -----------------------------------------------------------------------

    def devices(self) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.devices())

    def controls(self) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.controls())

    def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.learn(command, argument, seconds, encoder, light, replace))

    def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.unlearn(command, argument))

    def adopt(self, template: str) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.adopt(template))

    def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        return self._ask(lambda admin: admin.monitor(seconds))

    def stop_listening(self) -> None:
        if self._admin is not None:
            self._admin.stop_listening()

    async def _ask(self, ask: Callable[[MidiAdmin], AsyncIterator[Answer]]) -> AsyncIterator[Answer]:
        admin = await self._ready()
        if self._surface is not None and self._surface.trouble is not None:
            raise self._surface.trouble
        async for answer in ask(admin):
            yield answer
