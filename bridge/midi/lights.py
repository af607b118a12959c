"""The lights of a device, which show the newest job, the selected preset and the values of parameters.

surface.py → `Picture` → here → messages.py → ports. Only lights that change are sent, at most 30 times a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.control.api import Value
from bridge.midi import scale
from bridge.midi.controls import Timer
from bridge.midi.mapping import Binding, Colours, Look, Show
from bridge.midi.mapping import Mapping as Wiring
from bridge.midi.messages import Spot, write
from bridge.presets.preset import slug
from bridge.protocol.job import ENDED, State

INTERVAL = 1 / 30  # minimum time between two updates of a device, s

_JOB = ("remix", "rerun")  # commands whose lights show the newest job
_LOOKS: Mapping[str, Look] = {
    State.READY: "ready",
    State.PLACING: "ready",
    State.DONE: "done",
    State.CANCELLED: "idle",
    State.FAILED: "error",
    State.UNKNOWN: "error",
    State.PARTIAL: "error",
    "": "idle",
}

Later = Callable[[float, Callable[[], None]], Timer]
Lit = dict[Spot, tuple[Spot, int]]  # light → spot to send to (possibly on another channel), and value


@dataclass(frozen=True, slots=True)
class Picture:
    """The state of the bridge that lights show."""

    state: str = ""  # state of the newest job; "": no job
    fraction: float = 0.0  # progress of the newest job, 0..1
    preset: str = ""  # name of the selected preset
    params: Mapping[str, Value] = field(default_factory=dict)
    heard: str = ""  # side of the audition that is playing, "source" or "result"; "": nothing is playing

    @property
    def look(self) -> Look:
        """The look of the newest job."""
        return _LOOKS.get(self.state, "running")

    @property
    def over(self) -> bool:
        """Return whether the newest job has ended."""
        return self.state in (*ENDED, State.PARTIAL, "")


def lit(wiring: Wiring, picture: Picture, own: Mapping[Spot, Look]) -> Lit:
    """Return, for each light of a mapping, the value that it should have.

    Args:
        wiring: the mapping.
        picture: the current state of the bridge.
        own: temporary looks of controls, for example of controls that are held.
    """
    wanted: Lit = {}
    for control in wiring.control:
        if control.light:
            look = own.get(control.spot) or _look(control, picture)
            wanted[control.spot] = wiring.colours(control.light).at(control.spot, look)
        elif control.ring and control.argument in picture.params:
            position = scale.to_position(control.argument, picture.params[control.argument])
            wanted[control.spot] = (control.spot, round(position * control.spot.top))
    for show in wiring.show:
        wanted |= _shown(show, wiring.colours(show.light), picture)
    return wanted


def _look(control: Binding, picture: Picture) -> Look:
    if control.command in _JOB:
        return picture.look
    if control.command == "cancel":
        return "off" if picture.over else "on"
    if control.command == "audition":
        return "on" if picture.heard and control.argument in ("", picture.heard) else "off"
    if control.command == "preset.select":
        return "on" if slug(control.argument) == picture.preset else "off"
    if control.command == "param":
        return "on" if picture.params.get(control.argument) == control.value else "off"
    return "off"


def _shown(show: Show, colours: Colours, picture: Picture) -> Iterator[tuple[Spot, tuple[Spot, int]]]:
    if show.shows == "state":
        yield from ((spot, colours.at(spot, picture.look)) for spot in show.spots)
    elif len(show.spots) == 1:
        (spot,) = show.spots
        yield spot, (spot, round(picture.fraction * spot.top) if not picture.over else 0)
    else:
        full = 0 if picture.look == "idle" else round(picture.fraction * len(show.spots))
        for index, spot in enumerate(show.spots):
            yield spot, colours.at(spot, picture.look if index < full else "off")


class Lights:
    """The lights of one connected device."""

    def __init__(self, send: Callable[[Sequence[bytes]], None], later: Later) -> None:
        self._send = send
        self._later = later
        self._wanted: Lit = {}
        self._sent: Lit = {}
        self._timer: Timer | None = None

    def show(self, wanted: Lit) -> None:
        """Set the values of all lights. Changes are sent at once or with the next update."""
        self._wanted = wanted
        if self._timer is None:
            self._flush()

    def forget(self) -> None:
        """Forget the values sent so far, so that the next `show` sends every light, as to a newly connected device."""
        self._sent = {}
        self.close()

    def known(self, light: Spot, value: int) -> None:
        """Record a value received from a control, so that it is not sent back while the user moves the control."""
        if light in self._sent:
            self._sent[light] = (light, value)

    def close(self) -> None:
        """Cancel the pending update."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._timer = None
        changed = {light: what for light, what in self._wanted.items() if self._sent.get(light) != what}
        gone = [light for light in self._sent if light not in self._wanted]
        messages = [data for spot, value in changed.values() for data in write(spot, value)]
        messages += [data for light in gone for data in write(light, 0)]
        self._sent = dict(self._wanted)
        if messages:
            self._send(messages)
            self._timer = self._later(INTERVAL, self._flush)


def off(wiring: Wiring) -> list[bytes]:
    """Return the messages that turn every light of a mapping off."""
    spots = {control.spot for control in wiring.control if control.light or control.ring}
    spots |= {spot for show in wiring.show for spot in show.spots}
    dark = [data for spot in sorted(spots) if spot.message not in ("program", "pitch") for data in write(spot, 0)]
    return dark + [bytes.fromhex(text) for text in wiring.farewell]
