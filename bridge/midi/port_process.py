"""Real ports: the daemon's end of the process that holds them, started again when it ends.

surface.py → here ↔ port_host.py. What the process said before it died tells which device it died of.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from bridge.errors import BridgeError, MidiMissing, MidiUnavailable, from_wire
from bridge.midi.ports import NOBODY, Devices, Listener
from bridge.util.child_process import ChildProcess, shown

log = logging.getLogger(__name__)

AGAIN = (0.2, 1.0, 5.0)  # s until the process is started again; the last one repeats
_Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$")]
PATIENCE = 3.0  # s that it gets to turn the lights off


class HostMessage(msgspec.Struct):
    """One line from port_host.py; each line sets one field."""

    heard: tuple[tuple[str, _Hex], ...] = ()  # device and one MIDI message each
    devices: tuple[tuple[str, ...], tuple[str, ...], frozenset[str], frozenset[str]] | None = None
    closed: tuple[frozenset[str], frozenset[str]] | None = None  # inputs and outputs that are still open
    opening: str | None = None  # the device that is being opened, "" when that is over
    trouble: dict[str, str] | None = None  # an error as `to_wire` describes it


class ProcessPorts:
    """Implements `Ports`."""

    def __init__(self, system: str, environ: Mapping[str, str] | None = None) -> None:
        """Prepare; no process is started yet.

        Args:
            system: "auto" or "jack".
            environ: of the process, less the keys; None: the daemon's own.
        """
        self._environ = dict(os.environ if environ is None else environ)
        if sys.platform == "linux":  # rtmidi2's own ALSA does not find the system's plug-ins and gives up
            self._environ.setdefault("ALSA_CONFIG_PATH", str(Path(__file__).with_name("alsa.conf")))
        self._command = (sys.executable, "-m", "bridge.midi.port_host", system)
        self._child: ChildProcess | None = None
        self._listener = NOBODY
        self._keeping: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._wanted: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._last: dict[str, tuple[bytes, ...]] = {}
        self._opening = ""  # the device that is being opened
        self._shunned: set[str] = set()  # devices that the process died of
        self._devices = Devices()
        self._told = ""  # text of the trouble that was told last
        self._over = asyncio.Event()  # set: the process is not started again

    async def start(self, listener: Listener) -> None:
        """Start the process and wait until it has told what is plugged in, or that it cannot."""
        self._listener = listener
        self._keeping = asyncio.create_task(self._keep(), name="midi ports")
        await self._looked.wait()

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        self._wanted = (frozenset(inputs), frozenset(outputs))
        self._order({"want": [sorted(side - self._shunned) for side in self._wanted]})

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        self._order({"send": [device, [message.hex() for message in messages]]})

    def last_words(self, device: str, messages: Sequence[bytes]) -> None:
        self._last[device] = tuple(messages)
        self._order({"last": [device, [message.hex() for message in messages]]})

    async def stop(self) -> None:
        """End the process by ending its stdin, and wait until the lights are off."""
        if self._keeping is None:
            return
        self._over.set()
        keeping, child = self._keeping, self._child
        self._keeping = None
        if child is not None:
            await _end(child)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    # --- the process -------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Run the process for as long as this is not stopped."""
        attempt = 0
        while not self._over.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._run_once()
            except OSError as problem:
                self._trouble(MidiUnavailable(f"The process for MIDI cannot be started: {problem.strerror}."))
            except Exception:
                log.exception("reading from the MIDI process failed; it is restarted")
            self._ended()
            self._looked.set()
            if self._over.is_set():
                return
            if asyncio.get_running_loop().time() - began > AGAIN[-1]:
                attempt = 0
            await asyncio.sleep(AGAIN[min(attempt, len(AGAIN) - 1)])
            attempt += 1

    async def _run_once(self) -> None:
        self._child = child = await ChildProcess.start(*self._command, environ=self._environ)
        try:
            for device, messages in self._last.items():
                self.last_words(device, messages)
            self.want(*self._wanted)
            while (line := await child.read_valid()) is not None:
                try:
                    message = msgspec.convert(line, HostMessage)
                except msgspec.ValidationError as error:
                    log.warning("ignored a line of the MIDI process: %s: %s", error, shown(json.dumps(line).encode()))
                else:
                    self._take(message)
        finally:
            self._child = None
            await _end(child)

    def _take(self, message: HostMessage) -> None:
        for device, data in message.heard:
            self._listener.heard(device, bytes.fromhex(data))
        if message.devices is not None:
            inputs, outputs, heard, lit = message.devices
            self._told = ""
            self._shunned &= {*inputs, *outputs}
            self._devices = Devices(inputs, outputs, heard, lit)
            self._listener.changed(self._devices)
            self._looked.set()
        if message.closed is not None:
            heard, lit = message.closed
            self._devices = Devices(self._devices.inputs, self._devices.outputs, heard, lit)
            self._listener.changed(self._devices)
        if message.opening is not None:
            self._opening = message.opening
        if message.trouble is not None:
            self._trouble(from_wire(message.trouble))

    def _ended(self) -> None:
        """Note that no device is heard any more, and which one is to blame."""
        if self._opening:
            self._shunned.add(self._opening)
            self._trouble(
                MidiUnavailable(
                    f"{self._opening} cannot be opened; another program may hold it.",
                    hint="End that program, then pull the controller out and plug it in again.",
                )
            )
            self._opening = ""
        self._devices = Devices()
        self._listener.changed(self._devices)

    def _trouble(self, error: BridgeError) -> None:
        """Tell of a trouble once, however often it is met again."""
        if isinstance(error, MidiMissing):
            self._over.set()
        if error.text != self._told:
            self._told = error.text
            self._listener.trouble(error)

    def _order(self, order: Mapping[str, Any]) -> None:
        if self._child is not None:
            self._child.write(order)


async def _end(child: ChildProcess) -> None:
    """End a process, so that it turns the lights off; kill it if it does not."""
    if not await child.end(PATIENCE):
        log.warning("the process of the MIDI ports does not end; it is killed")
