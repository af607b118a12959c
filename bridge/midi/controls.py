"""What a control does with the values that it sends: buttons, faders, encoders, program changes.

device.py feeds messages in; commands and looks go out over `Deck`. Nothing here waits: timers belong to the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from bridge.control.api import Value
from bridge.midi import scale
from bridge.midi.encodings import turned
from bridge.midi.mapping import ENCODERS, MAPPABLE, Binding, Look, arguments
from bridge.midi.takeover import PickUp

INTERVAL = 1 / 60  # s between two settings of one parameter; the last one is never lost
TWICE = 2.0  # s within which what cannot be held has to be pressed again where it may cost money
MOST_STEPS = 4  # presets that one fast turn steps over

_BACK = {"preset.next": "preset.previous", "preset.previous": "preset.next"}  # an encoder's other direction


class Timer(Protocol):
    """Something that happens later unless it is cancelled."""

    def cancel(self) -> None: ...


class Deck(Protocol):
    """What controls need around them."""

    hold: float  # s that a control is held where it may cost money
    debounce: float  # s in which a second press of one control is its contacts bouncing

    def now(self) -> float: ...
    def later(self, seconds: float, call: Callable[[], None]) -> Timer: ...
    def run(self, control: Binding, command: str, given: Sequence[Value]) -> None:
        """Do a command for a control."""
        ...

    def tapped(self, control: Binding) -> None:
        """Tell the user that this control has to be held, or pressed twice."""
        ...

    def look(self, control: Binding, look: Look | None) -> None:
        """Let the control's own light look like this for now; None: as the state wants it."""
        ...

    def param(self, name: str) -> Value | None:
        """Return what a parameter is set to."""
        ...

    def presets(self) -> Sequence[str]: ...


class Feeds(Protocol):
    """Any control."""

    control: Binding

    def feed(self, value: int) -> None:
        """Take the next value."""
        ...

    def changed_elsewhere(self) -> None:
        """Note that its parameter was set by something else."""
        ...


def built(control: Binding, deck: Deck) -> Feeds:
    """Return what makes a control do what its mapping says."""
    if control.kind in ENCODERS:
        return Encoder(control, deck)
    if control.kind == "fader":
        return Fader(control, deck)
    if control.kind == "program":
        return Program(control, deck)
    return Toggle(control, deck) if control.kind == "toggle" else Button(control, deck)


class _Pressed:
    """What all presses share: what is done, and how it is made sure that it is meant."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        self.control = control
        self._deck = deck
        self._spends = MAPPABLE[control.command].spends
        self._last_press = -math.inf
        self._armed: Timer | None = None  # a first press that waits for its second

    def changed_elsewhere(self) -> None:
        """A button has no value of its own."""

    def _bounces(self) -> bool:
        """Tell whether this press comes so soon after the last one that nobody meant it."""
        now = self._deck.now()
        bounced = now - self._last_press < self._deck.debounce
        if not bounced:
            self._last_press = now
        return bounced

    def _act(self) -> None:
        control = self.control
        given: Sequence[Value] = arguments(control)
        if control.value is not None:
            given = (*given, control.value)
        self._deck.run(control, control.command, given)

    def _act_if_meant(self) -> None:
        """Act, or where it may cost money and cannot be held, wait for a second press."""
        if not self._spends:
            self._act()
        elif self._armed is None:
            self._armed = self._deck.later(TWICE, self._disarm)
            self._deck.look(self.control, "holding")
        else:
            self._armed.cancel()
            self._armed = None
            self._deck.look(self.control, None)
            self._act()

    def _disarm(self) -> None:
        self._armed = None
        self._deck.look(self.control, None)
        self._deck.tapped(self.control)


class Button(_Pressed):
    """A pad, key or momentary button: acts when it is pressed, or when it was held where it may cost money."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._level = 1 if control.message == "note" else control.spot.top // 2 + 1  # from which it is pressed
        self._holding: Timer | None = None
        self._letting_go: Timer | None = None

    def feed(self, value: int) -> None:
        if value >= self._level:
            self._down()
        else:
            self._up()

    def _down(self) -> None:
        if self._letting_go is not None:  # its contacts bounced, the finger is still there
            self._letting_go.cancel()
            self._letting_go = None
        elif not self._bounces():
            self._press()

    def _press(self) -> None:
        if not self._spends:
            self._act()
            self._deck.look(self.control, "on")
            return
        if self._holding is not None:
            self._holding.cancel()
        self._holding = self._deck.later(self.control.hold or self._deck.hold, self._held)
        self._deck.look(self.control, "holding")

    def _held(self) -> None:
        self._holding = None
        if self._letting_go is None:
            self._deck.look(self.control, None)
            self._act()

    def _up(self) -> None:
        if not self._spends:
            self._deck.look(self.control, None)
        elif self._holding is not None and self._letting_go is None:
            self._letting_go = self._deck.later(self._deck.debounce, self._let_go)

    def _let_go(self) -> None:
        self._letting_go = None
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        self._deck.look(self.control, None)
        self._deck.tapped(self.control)


class Toggle(_Pressed):
    """A button that the device itself switches on and off: every message is a press."""

    def feed(self, value: int) -> None:
        if not self._bounces():
            self._act_if_meant()


class Program(_Pressed):
    """A program change: its own program, or any of them for the presets in their order."""

    def feed(self, value: int) -> None:
        if self.control.any_number:
            names = self._deck.presets()
            if value < len(names):
                self._deck.run(self.control, self.control.command, (names[value],))
        elif value == self.control.number and not self._bounces():
            self._act_if_meant()


class _Paced:
    """Sets a parameter at once, then at most 60 times a second, and the last of a flood for certain."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        self.control = control
        self._deck = deck
        self._pacing: Timer | None = None

    def _due(self) -> bool:
        raise NotImplementedError

    def _apply(self) -> None:
        raise NotImplementedError

    def _pace(self) -> None:
        if self._pacing is None:
            self._tick()

    def _tick(self) -> None:
        self._pacing = None
        if self._due():
            self._pacing = self._deck.later(INTERVAL, self._tick)
            self._apply()

    def _set(self, value: Value) -> None:
        self._deck.run(self.control, "param", (self.control.argument, value))


class Fader(_Paced):
    """An absolute control that sets a parameter, with soft take-over."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._pick_up = PickUp() if control.take_over == "pick-up" else None
        self._place: float | None = None  # where it stands, if that is still to be set

    def feed(self, value: int) -> None:
        place = value / self.control.spot.top
        current = self._current()
        if self._pick_up is not None and not self._pick_up.moved(place, place if current is None else current):
            return
        self._place = place
        self._pace()

    def changed_elsewhere(self) -> None:
        current = self._current()
        if self._pick_up is not None and current is not None:
            self._place = None
            self._pick_up.changed_elsewhere(current)

    def _current(self) -> float | None:
        """Return where the parameter stands, or will stand in a moment; None: nowhere yet."""
        if self._place is not None:
            return self._place
        value = self._deck.param(self.control.argument)
        return None if value is None else scale.to_place(self.control.argument, value)

    def _due(self) -> bool:
        return self._place is not None

    def _apply(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            self._set(scale.to_value(self.control.argument, place))


class Encoder(_Paced):
    """A control that turns without an end: steps a parameter, or the presets."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._steps = 0

    def feed(self, value: int) -> None:
        if self.control.kind in ("twos", "offset", "sign"):
            self._steps += turned(value, self.control.kind)
        self._pace()

    def changed_elsewhere(self) -> None:
        """It has no place of its own: the next step starts from wherever the value is."""

    def _due(self) -> bool:
        return self._steps != 0

    def _apply(self) -> None:
        steps, self._steps = self._steps, 0
        command, name = self.control.command, self.control.argument
        if command == "param":
            now = self._deck.param(name)
            self._set(scale.stepped(name, scale.to_value(name, 0.5) if now is None else now, steps))
            return
        for _ in range(min(abs(steps), MOST_STEPS)):
            self._deck.run(self.control, command if steps > 0 else _BACK[command], ())
