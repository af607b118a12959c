"""The daemon's side of the MIDI process, which is restarted whenever it ends unexpectedly.

surface.py → here ↔ port_host.py. The process reports which device it is about to open, so a crash can be attributed
to that device.
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
from bridge.midi.ports import NO_LISTENER, Devices, Listener
from bridge.util.child_process import ChildProcess, shown

log = logging.getLogger(__name__)

AGAIN = (0.2, 1.0, 5.0)  # s before each restart of the process; the last delay repeats
_Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$")]
PATIENCE = 3.0  # time within which the process must turn the lights off and end, s


class HostMessage(msgspec.Struct):
    """One line from port_host.py, in which exactly one field is set."""

    heard: tuple[tuple[str, _Hex], ...] = ()  # received MIDI messages, each with its device
    devices: tuple[tuple[str, ...], tuple[str, ...], frozenset[str], frozenset[str]] | None = None
    closed: tuple[frozenset[str], frozenset[str]] | None = None  # inputs and outputs that are still open
    opening: str | None = None  # the device that is being opened; "": opening has finished
    trouble: dict[str, str] | None = None  # error in the format of `BridgeError.to_wire`


def port_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which port_host.py runs."""
    changed = dict(environ)
    if sys.platform == "linux":  # the ALSA library in rtmidi2 fails if it cannot load the system's plug-ins
        changed.setdefault("ALSA_CONFIG_PATH", str(Path(__file__).with_name("alsa.conf")))
    return changed


class ProcessPorts:
    """An implementation of `Ports` that uses a separate process."""

    def __init__(self, system: str, environ: Mapping[str, str] | None = None) -> None:
        """Prepare the environment and the command line without starting the process.

        Args:
            system: "auto" or "jack".
            environ: environment of the process, from which API keys are removed; None: the daemon's environment.
        """
        self._environ = port_environment(os.environ if environ is None else environ)
        self._command = (sys.executable, "-m", "bridge.midi.port_host", system)
        self._child: ChildProcess | None = None
        self._listener = NO_LISTENER
        self._supervising: asyncio.Task[None] | None = None
        self._scanned = asyncio.Event()
        self._wanted: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._farewell: dict[str, tuple[bytes, ...]] = {}
        self._opening = ""  # the device that is being opened
        self._blocked: set[str] = set()  # devices that ended the process when they were opened
        self._devices = Devices()
        self._reported = ""  # text of the error that was reported last
        self._over = asyncio.Event()  # once set, the process is not restarted

    async def start(self, listener: Listener) -> None:
        """Start the process and wait until it has listed the devices or has failed."""
        self._listener = listener
        self._supervising = asyncio.create_task(self._supervise(), name="midi ports")
        await self._scanned.wait()

    def want(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        self._wanted = (frozenset(inputs), frozenset(outputs))
        self._send_line({"want": [sorted(side - self._blocked) for side in self._wanted]})

    def send(self, device: str, messages: Sequence[bytes]) -> None:
        self._send_line({"send": [device, [message.hex() for message in messages]]})

    def set_farewell(self, device: str, messages: Sequence[bytes]) -> None:
        self._farewell[device] = tuple(messages)
        self._send_line({"last": [device, [message.hex() for message in messages]]})

    async def stop(self) -> None:
        """End the process by closing its stdin, and wait until the lights are off."""
        if self._supervising is None:
            return
        self._over.set()
        supervising, child = self._supervising, self._child
        self._supervising = None
        if child is not None:
            await _end(child)
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)

    # --- the process -------------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        """Run the process, and restart it whenever it ends, until `stop` is called."""
        attempt = 0
        while not self._over.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._run_once()
            except OSError as problem:
                self._trouble(MidiUnavailable(f"The MIDI process cannot be started: {problem.strerror}."))
            except Exception:
                log.exception("reading from the MIDI process failed; it is restarted")
            self._ended()
            self._scanned.set()
            if self._over.is_set():
                return
            if asyncio.get_running_loop().time() - began > AGAIN[-1]:
                attempt = 0
            await asyncio.sleep(AGAIN[min(attempt, len(AGAIN) - 1)])
            attempt += 1

    async def _run_once(self) -> None:
        self._child = child = await ChildProcess.start(*self._command, environ=self._environ)
        try:
            for device, messages in self._farewell.items():
                self.set_farewell(device, messages)
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
            self._reported = ""
            self._blocked &= {*inputs, *outputs}
            self._devices = Devices(inputs, outputs, heard, lit)
            self._listener.changed(self._devices)
            self._scanned.set()
        if message.closed is not None:
            heard, lit = message.closed
            self._devices = Devices(self._devices.inputs, self._devices.outputs, heard, lit)
            self._listener.changed(self._devices)
        if message.opening is not None:
            self._opening = message.opening
        if message.trouble is not None:
            self._trouble(from_wire(message.trouble))

    def _ended(self) -> None:
        """Report that all ports are closed. If opening a device ended the process, block that device."""
        if self._opening:
            self._blocked.add(self._opening)
            self._trouble(
                MidiUnavailable(
                    f"{self._opening} cannot be opened; another program may hold it.",
                    hint="Quit that program, then unplug the controller and plug it in again.",
                )
            )
            self._opening = ""
        self._devices = Devices()
        self._listener.changed(self._devices)

    def _trouble(self, error: BridgeError) -> None:
        """Report an error, unless the same error was reported last."""
        if isinstance(error, MidiMissing):
            self._over.set()
        if error.text != self._reported:
            self._reported = error.text
            self._listener.trouble(error)

    def _send_line(self, line: Mapping[str, Any]) -> None:
        if self._child is not None:
            self._child.write(line)


async def _end(child: ChildProcess) -> None:
    """Ask the process to turn the lights off and end; kill the process after `PATIENCE` seconds."""
    if not await child.end(PATIENCE):
        log.warning("the MIDI process did not end and was killed")
