"""The MIDI surface, which turns controller input into commands, and shows jobs, presets and values on lights.

ports.py → here → control/table.py → `BridgeApi`; event bus → here → device.py → ports.py. requests.py implements the
commands for learning and monitoring.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bridge.config.settings import Midi as Settings
from bridge.control.api import BridgeApi, Outcome, Value
from bridge.control.table import read
from bridge.errors import BridgeError, HoldToSpend, Unexpected
from bridge.events import Alert, AuditionChanged, Event, EventBus, JobChanged, JobProgress, ParamSet, PresetSelected
from bridge.midi.controls import TWICE, Timer
from bridge.midi.device import MidiDevice
from bridge.midi.lights import Picture, off
from bridge.midi.mapping import MAPPABLE, Binding, Look
from bridge.midi.mapping_files import MappingFiles, fits
from bridge.midi.messages import Spot
from bridge.midi.messages import read as read_message
from bridge.midi.ports import Devices, Listener, Ports

log = logging.getLogger(__name__)

FILES = 1.0  # time between two checks of the mapping files, s
ERROR = 1.5  # time for which a light shows an error, s
_RUNNING = 16  # maximum number of commands that run at the same time; further presses are ignored

Monitor = Callable[[str, Spot, int], None]


class MidiSurface:
    """All connected controllers; also the `Deck` for their controls."""

    def __init__(
        self,
        bridge: BridgeApi,
        bus: EventBus,
        settings: Settings,
        home: Path,
        presets: Callable[[], Sequence[str]],
        ports: Ports,
    ) -> None:
        """Prepare the surface without opening a port.

        Args:
            bridge: the API that executes the commands.
            bus: the event bus, which also receives alerts.
            settings: the section [midi] of the configuration.
            home: folder whose subfolder `midi` contains the mappings.
            presets: function that returns the preset names, in the order of the program changes that select them.
            ports: the MIDI ports.
        """
        self.mapping_files = MappingFiles(home)
        self.devices = Devices()
        self.trouble: BridgeError | None = None  # reason why there are no devices, if known
        self.hold = settings.hold
        self.debounce = settings.debounce
        self._bridge = bridge
        self._bus = bus
        self._ports = ports
        self._presets = presets
        self._devices: dict[str, MidiDevice] = {}  # by input name
        self._outputs: dict[str, str] = {}  # input → output
        self._monitor: Monitor | None = None
        self._picture = Picture()
        self._newest = ""  # id of the newest job
        self._jobs: set[str] = set()
        self._origin: Binding | None = None  # control whose command is being started
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._unlisten: Callable[[], None] | None = None

    # --- start and stop ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the mappings, open the devices that have one, and set their lights."""
        snapshot = self._bridge.snapshot()
        newest = snapshot.jobs[-1] if snapshot.jobs else None
        self._jobs = {job.id for job in snapshot.jobs}
        self._newest = newest.id if newest else ""
        self._picture = Picture(
            newest.state if newest else "",
            newest.fraction if newest else 0.0,
            snapshot.preset,
            dict(snapshot.params),
            snapshot.heard,
        )
        self._unlisten = self._bus.subscribe(
            self._hear, JobChanged, JobProgress, PresetSelected, ParamSet, AuditionChanged
        )
        self.refresh()
        await self._ports.start(Listener(self._heard, self._changed, self._troubled))
        self._watching = asyncio.create_task(self._watch(), name="midi mappings")

    async def stop(self) -> None:
        """Turn the lights off and close all ports."""
        if self._unlisten is not None:
            self._unlisten()
        for task in (*self._tasks, *([self._watching] if self._watching else [])):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for controller in self._devices.values():
            controller.close()
        await self._ports.stop()

    def refresh(self) -> None:
        """Reload the mappings if a file has changed."""
        problems = self.mapping_files.refresh()
        if problems is None:
            return
        for problem in problems:
            self._alert(problem)
        self.arrange()

    def listen(self, monitor: Monitor | None) -> None:
        """Send the input from every device to `monitor` instead of the controls; None: to the controls again."""
        self._monitor = monitor
        self.arrange()

    def arrange(self) -> None:
        """Adapt the `MidiDevice`s and the open ports to the mappings and the connected devices."""
        mapped = {name: kept for name in self.devices.inputs if (kept := self.mapping_files.of(name)) is not None}
        for name, controller in tuple(self._devices.items()):
            if mapped.get(name) != controller.kept:
                self._dismiss(name, controller)
        for name, kept in mapped.items():
            if name not in self._devices:
                self._devices[name] = MidiDevice(name, kept, self, partial(self._send, name))
            self._link(name, self._devices[name])
        wanted = set(self._devices) if self._monitor is None else set(self.devices.inputs)
        self._ports.want(wanted, set(self._outputs.values()))

    def _link(self, name: str, controller: MidiDevice) -> None:
        """Find a device's output, which may be connected and disconnected independently of the input."""
        pattern = controller.kept.mapping.output
        found = next((one for one in self.devices.outputs if (fits(pattern, one) if pattern else one == name)), None)
        if found == self._outputs.get(name):
            return
        self._outputs.pop(name, None)
        if found is not None:
            self._outputs[name] = found
            self._ports.set_farewell(found, off(controller.kept.mapping))
            if found in self.devices.lit:
                controller.lit_up(self._picture)

    def _dismiss(self, name: str, controller: MidiDevice) -> None:
        controller.close()
        self._send(name, off(controller.kept.mapping))
        self._outputs.pop(name, None)
        del self._devices[name]

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(FILES)
            try:
                self.refresh()
            except OSError as problem:
                log.warning("cannot read the mappings in %s: %s", self.mapping_files.folder, problem)

    # --- from the ports ----------------------------------------------------------------------------------------------

    def _heard(self, device: str, data: bytes) -> None:
        found = read_message(data)
        if found is None:
            return
        if self._monitor is not None:
            self._monitor(device, *found)
        elif (controller := self._devices.get(device)) is not None:
            controller.heard(*found)

    def _changed(self, devices: Devices) -> None:
        opened = devices.lit - self.devices.lit
        before = dict(self._outputs)
        self.devices = devices
        if devices != Devices():
            self.trouble = None
        self.arrange()
        for name, controller in self._devices.items():
            output = self._outputs.get(name)
            if output in opened and output == before.get(name):
                controller.lit_up(self._picture)

    def _troubled(self, error: BridgeError) -> None:
        if self.devices == Devices():
            self.trouble = error
        self._alert(error)

    def _send(self, name: str, messages: Sequence[bytes]) -> None:
        output = self._outputs.get(name)
        if output is not None and messages:
            self._ports.send(output, messages)

    def _alert(self, error: BridgeError) -> None:
        log.warning("%s", error.text)
        self._bus.publish(Alert(error.code, error.text))

    # --- for the controls (`Deck`) -----------------------------------------------------------------------------------

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)

    def param(self, name: str) -> Value | None:
        return self._picture.params.get(name)

    def presets(self) -> Sequence[str]:
        return self._presets()

    def look(self, control: Binding, look: Look | None) -> None:
        for controller in self._devices.values():
            if controller.owns(control):
                controller.look(control, look, self._picture)

    def tapped(self, control: Binding) -> None:
        how = "hold it until its light changes" if control.kind == "button" else f"press it twice within {TWICE:g} s"
        self._alert(HoldToSpend(f"{control.does} may cost money, so a tap does nothing: {how}."))

    def run(self, control: Binding, command: str, given: Sequence[Value]) -> None:
        before, self._origin = self._origin, control
        try:
            values = read(MAPPABLE[command], given)
            run = MAPPABLE[command].run
            if values is None or run is None or len(self._tasks) >= _RUNNING:
                return
            outcome = run(self._bridge, values)
            if inspect.isawaitable(outcome):
                task = asyncio.get_running_loop().create_task(self._finish(control, outcome))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except Exception as error:
            self._failed(control, error)
        finally:
            self._origin = before

    async def _finish(self, control: Binding, outcome: Awaitable[Outcome]) -> None:
        try:
            await outcome
        except Exception as error:
            self._failed(control, error)

    def _failed(self, control: Binding, error: Exception) -> None:
        """Report an error and show it on the control's light. An unexpected error is also logged."""
        if not isinstance(error, BridgeError):
            log.error("a command failed", exc_info=error)
            error = Unexpected()
        self._alert(error)
        self.look(control, "error")
        self.later(ERROR, lambda: self.look(control, None))

    # --- from the bus ------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        match event:
            case JobChanged():
                self._job(event)
            case JobProgress():
                self._progress(event)
            case PresetSelected():
                self._picture = replace(self._picture, preset=event.name)
                self._set(event.params)
            case ParamSet():
                self._set({event.name: event.value})
            case AuditionChanged():
                self._show(replace(self._picture, heard=event.heard))

    def _job(self, event: JobChanged) -> None:
        if event.job_id not in self._jobs:
            self._jobs.add(event.job_id)
            self._newest = event.job_id
            self._show(replace(self._picture, state=event.state, fraction=0.0))
        elif event.job_id == self._newest:
            self._show(replace(self._picture, state=event.state))

    def _progress(self, event: JobProgress) -> None:
        if event.job_id == self._newest:
            self._show(replace(self._picture, fraction=event.fraction))

    def _set(self, params: Mapping[str, Value]) -> None:
        """Update controls and lights after parameters have been set."""
        self._picture = replace(self._picture, params={**self._picture.params, **params})
        for controller in self._devices.values():
            for name in params:
                controller.param(name, self._origin)
        self._show(self._picture)

    def _show(self, picture: Picture) -> None:
        self._picture = picture
        for controller in self._devices.values():
            controller.show(picture)
