"""The commands for MIDI administration: list devices and controls, learn, unlearn, monitor.

Each answer is sent as soon as it is ready.

control/table.py → service.py → here → surface.py, mapping_files.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from bridge.control.api import Answer
from bridge.control.arguments import from_surface
from bridge.errors import MappingInvalid, MidiConflict, MidiNotHeard
from bridge.midi import scale
from bridge.midi.learn import Catcher, Caught
from bridge.midi.mapping import ENCODED, ENCODERS, MAPPABLE, PLAIN, Binding, Kind
from bridge.midi.mapping_files import Kept, fits, templates
from bridge.midi.messages import PAIRED, Spot
from bridge.midi.surface import MidiSurface
from bridge.util.suggest import did_you_mean

Heard = tuple[str, Spot, int]


def parsed(command: str, argument: str) -> Binding:
    """Return the binding to learn or unlearn, with a placeholder for the control.

    Args:
        command: name of a command or of a parameter.
        argument: a preset, a side, a parameter, or a parameter and a value.

    Raises:
        MappingInvalid: there is no such command or parameter.
        ParamInvalid: the value is not valid for the parameter.
    """
    if command in scale.names():
        command, argument = "param", f"{command} {argument}".strip()
    if command not in MAPPABLE:
        known = (*MAPPABLE, *scale.names())
        raise MappingInvalid(
            f"There is no command “{command[:60]}” for controls.{did_you_mean(command, known)}",
            hint=f"The commands are {', '.join(known)}.",
        )
    if command != "param":
        return Binding(command=command, message="note", argument=argument)
    name, _, text = argument.partition(" ")
    if name not in scale.names():
        raise MappingInvalid(f"There is no parameter “{name[:60]}”.{did_you_mean(name, scale.names())}")
    return Binding(command=command, message="note", argument=name, value=_value(name, text) if text else None)


def _value(name: str, text: str) -> str | float:
    with contextlib.suppress(ValueError):
        number = from_surface(name, float(text))
        return number if isinstance(number, str) else float(number)
    return text


class MidiAdmin:
    """An implementation of the Protocol `Midi` (control/api.py) for a running surface."""

    def __init__(self, surface: MidiSurface) -> None:
        self._surface = surface
        self._queue: asyncio.Queue[Heard | None] | None = None  # received values for the current listener

    # --- devices and controls ----------------------------------------------------------------------------------------

    async def devices(self) -> AsyncIterator[Answer]:
        self._surface.refresh()
        connected, kept = self._surface.devices, self._surface.mapping_files.kept
        for name in dict.fromkeys((*connected.inputs, *connected.outputs)):
            ports = " and ".join(
                word for word, side in (("in", connected.inputs), ("out", connected.outputs)) if name in side
            )
            mapping = self._surface.mapping_files.of(name)
            made_for = next((one.path.stem for one in templates() if fits(one.mapping.device, name)), "")
            file = str(mapping.path) if mapping else ""
            yield Answer("/bridge/midi/device", (name, ports, file, "" if mapping else made_for))
        for one in kept:
            if not any(fits(one.mapping.device, name) for name in connected.inputs):
                yield Answer("/bridge/midi/device", (one.mapping.device, "away", str(one.path), ""))
        yield Answer("/bridge/midi/end", ("",))

    async def controls(self) -> AsyncIterator[Answer]:
        self._surface.refresh()
        for kept in self._surface.mapping_files.kept:
            for control in kept.mapping.control:
                yield _control_answer(kept, control)
        yield Answer("/bridge/midi/end", ("",))

    async def adopt(self, template: str) -> AsyncIterator[Answer]:
        kept = self._surface.mapping_files.adopt(template)
        self._surface.refresh()
        for control in kept.mapping.control:
            yield _control_answer(kept, control)
        yield Answer("/bridge/midi/end", (str(kept.path),))

    async def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        wanted = parsed(command, argument)
        self._surface.refresh()
        found = [
            (kept, index)
            for kept in self._surface.mapping_files.kept
            for index, control in enumerate(kept.mapping.control)
            if (control.command, control.argument, control.value) == (wanted.command, wanted.argument, wanted.value)
        ]
        if not found:
            raise MappingInvalid(
                f"No control does {wanted.does}.", hint="`ace-bridge midi list` shows what each control does."
            )
        for kept, index in reversed(found):  # in reverse order, so that the other indexes stay valid
            self._surface.mapping_files.remove(kept.path, index)
            yield _control_answer(kept, kept.mapping.control[index])
        self._surface.refresh()
        yield Answer("/bridge/midi/end", ("",))

    # --- listening ---------------------------------------------------------------------------------------------------

    async def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        with self._listening() as queue:
            yield self._ready()
            try:
                async with asyncio.timeout(seconds):
                    while (heard := await queue.get()) is not None:
                        device, spot, value = heard
                        yield Answer("/bridge/midi/heard", (device, str(spot), value))
            except TimeoutError:
                pass
        yield Answer("/bridge/midi/end", ("",))

    async def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        wanted = parsed(command, argument)
        self._surface.refresh()
        with self._listening() as queue:
            yield self._ready()
            caught = await self._catch(queue, seconds)
            if caught is None:
                yield Answer("/bridge/midi/end", ("Nothing was changed.",))
                return
            yield Answer("/bridge/midi/heard", (caught.device, str(caught.spot), caught.values[-1]))
            kept = self._surface.mapping_files.of(caught.device)
            control = _learned(wanted, caught, encoder, _light(kept, caught, light))
            self._make_room(kept, control, replace)
            path = self._surface.mapping_files.add(caught.device, control)
            self._surface.refresh()
            kept = self._surface.mapping_files.of(caught.device)
            if kept is not None:
                yield _control_answer(kept, control)
        yield Answer("/bridge/midi/end", (_summary(control, str(path)),))

    def stop_listening(self) -> None:
        if self._queue is not None:
            self._queue.put_nowait(None)

    async def _catch(self, queue: asyncio.Queue[Heard | None], seconds: float) -> Caught | None:
        """Return the first control that is moved, or None if `stop_listening` is called first.

        Raises:
            MidiNotHeard: no control was moved within `seconds`.
        """
        catcher, loop = Catcher(), asyncio.get_running_loop()
        end = loop.time() + seconds
        while (caught := catcher.catch(loop.time())) is None:
            left = (catcher.until or end) - loop.time()
            if left <= 0 and catcher.until is None:
                raise MidiNotHeard(f"No control was moved within {seconds:g} s, so nothing was changed.")
            with contextlib.suppress(TimeoutError):
                heard = await asyncio.wait_for(queue.get(), max(left, 0.001))
                if heard is None:
                    return None
                catcher.feed(*heard, loop.time())
        return caught

    @contextlib.contextmanager
    def _listening(self) -> Iterator[asyncio.Queue[Heard | None]]:
        """Redirect all received values to a new queue, and end the previous listener."""
        self.stop_listening()
        queue: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._queue = queue
        self._surface.listen(lambda device, spot, value: queue.put_nowait((device, spot, value)))
        try:
            yield queue
        finally:
            if self._queue is queue:
                self._queue = None
                self._surface.listen(None)

    def _ready(self) -> Answer:
        return Answer("/bridge/midi/ready", (", ".join(self._surface.devices.inputs),))

    def _make_room(self, kept: Kept | None, control: Binding, replace: bool) -> None:
        """Remove every binding that reacts to the same messages as the new one.

        Raises:
            MidiConflict: such a binding exists, and `replace` is not set.
        """
        if kept is None:
            return
        conflicts = [index for index, other in enumerate(kept.mapping.control) if _collide(control, other)]
        if conflicts and not replace:
            taken = kept.mapping.control[conflicts[0]]
            raise MidiConflict(
                f"{control.spot} of {kept.mapping.device} already does {taken.does}; nothing was changed."
            )
        for index in reversed(conflicts):
            self._surface.mapping_files.remove(kept.path, index)


def _control_answer(kept: Kept, control: Binding) -> Answer:
    kind = "encoder" if control.kind in ENCODERS else control.kind
    return Answer("/bridge/midi/control", (kept.mapping.device, str(control.spot), kind, control.does, str(kept.path)))


def _learned(wanted: Binding, caught: Caught, encoder: str, light: str) -> Binding:
    """Return a binding that assigns the wanted command to the control that was moved.

    Raises:
        MappingInvalid: the control does not suit the command.
    """
    spot, endless = caught.spot, encoder or caught.encoder
    kind: Kind = "button"
    if spot.message == "program":
        kind = "program"
    elif wanted.command in ENCODED and wanted.value is None and spot.message == "cc" and endless:
        kind = endless  # type: ignore[assignment]  # the table of commands allows only these values
    elif wanted.command == "param" and wanted.value is None:
        if caught.is_button:
            raise MappingInvalid(
                f"{spot} is a button, but {wanted.argument} needs a fader or an encoder.",
                hint=f"To let a button set one value: `ace-bridge midi learn {wanted.argument} VALUE`.",
            )
        kind = "fader"
    any_number = kind == "program" and wanted.command == "preset.select" and not wanted.argument
    return Binding(
        command=wanted.command,
        message=spot.message,
        argument=wanted.argument,
        value=wanted.value,
        channel=spot.channel,
        number=caught.values[-1] if kind == "program" and not any_number else spot.number,
        any_number=any_number,
        kind=kind,
        light=light if kind == "button" else "",
        ring=bool(light) and kind in ("fader", *ENCODERS),
    )


def _light(kept: Kept | None, caught: Caught, wanted: bool) -> str:
    """Return the name of a similar control's colours or, if there is none, `PLAIN` if `wanted`, else ""."""
    others = kept.mapping.control if kept else ()
    same = (one.light for one in others if one.light and one.message == caught.spot.message)
    return next(same, PLAIN if wanted else "")


def _collide(one: Binding, other: Binding) -> bool:
    """Return whether two bindings react to the same message."""
    if one.message == other.message == "program" and one.channel == other.channel:
        return one.any_number or other.any_number or one.number == other.number
    return bool(_messages(one.spot) & _messages(other.spot))


def _messages(spot: Spot) -> set[Spot]:
    if spot.message != "cc14":
        return {spot}
    return {Spot("cc", spot.channel, spot.number), Spot("cc", spot.channel, spot.number + PAIRED)}


def _summary(control: Binding, path: str) -> str:
    """Return a message that names the mapping file and, if the command may cost money, says how to use the control."""
    if MAPPABLE[control.command].spends:
        how = "held" if control.kind == "button" else "pressed twice"
        return f"Saved in {path}. It may cost money, so it must be {how}."
    return f"Saved in {path}."
