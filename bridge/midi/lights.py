"""What the lights of a device show: the newest job, what is chosen, where values stand.

surface.py → `Picture` → here → messages.py → ports. Only what has changed is sent, at most 30 times a second a light.
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

INTERVAL = 1 / 30  # s between two rounds of messages to a device

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
Lit = dict[Spot, tuple[Spot, int]]  # a light → the spot, which may have another channel, and the value sent there


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that lights can show."""

    state: str = ""  # of the newest job; "": there is none
    fraction: float = 0.0  # 0..1 of it
    preset: str = ""  # name of the selected one
    params: Mapping[str, Value] = field(default_factory=dict)
    heard: str = ""  # the side that is played, "" when none is

    @property
    def look(self) -> Look:
        """The newest job in a word."""
        return _LOOKS.get(self.state, "running")

    @property
    def over(self) -> bool:
        """Tell whether nothing goes on."""
        return self.state in (*ENDED, State.PARTIAL, "")


def lit(wiring: Wiring, picture: Picture, own: Mapping[Spot, Look]) -> Lit:
    """Return what every light of a mapping should show.

    Args:
        wiring: the mapping.
        picture: the state of everything.
        own: looks that controls have for a moment, while they are held for example.
    """
    wanted: Lit = {}
    for control in wiring.control:
        if control.light:
            look = own.get(control.spot) or _look(control, picture)
            wanted[control.spot] = wiring.colours(control.light).at(control.spot, look)
        elif control.ring and control.argument in picture.params:
            place = scale.to_place(control.argument, picture.params[control.argument])
            wanted[control.spot] = (control.spot, round(place * control.spot.top))
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
        for place, spot in enumerate(show.spots):
            yield spot, colours.at(spot, picture.look if place < full else "off")


class Lights:
    """The lights of one device that is plugged in."""

    def __init__(self, send: Callable[[Sequence[bytes]], None], later: Later) -> None:
        self._send = send
        self._later = later
        self._wanted: Lit = {}
        self._sent: Lit = {}
        self._timer: Timer | None = None

    def show(self, wanted: Lit) -> None:
        """Show this from now on; at once if nothing was sent just now."""
        self._wanted = wanted
        if self._timer is None:
            self._flush()

    def forget(self) -> None:
        """Send everything at the next `show`: the device has just been plugged in."""
        self._sent = {}
        self.close()

    def known(self, light: Spot, value: int) -> None:
        """Note what a control sent itself, so that it is not sent back to the hand that moves it."""
        if light in self._sent:
            self._sent[light] = (light, value)

    def close(self) -> None:
        """Send nothing more."""
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
    """Return what turns every light of a mapping off."""
    spots = {control.spot for control in wiring.control if control.light or control.ring}
    spots |= {spot for show in wiring.show for spot in show.spots}
    dark = [data for spot in sorted(spots) if spot.message not in ("program", "pitch") for data in write(spot, 0)]
    return dark + [bytes.fromhex(text) for text in wiring.farewell]
