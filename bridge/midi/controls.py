"""Turns the values that a control sends into commands: buttons, faders, encoders, program changes.

device.py passes values to the handlers, which run commands, set lights and start timers through `Deck`.
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

INTERVAL = 1 / 60  # minimum time between two changes of one parameter, s; the last value is always applied
TWICE = 2.0  # time for the second press of a control that may cost money but cannot be held, s
MOST_STEPS = 4  # maximum number of presets that one fast turn of an encoder steps through

_BACK = {"preset.next": "preset.previous", "preset.previous": "preset.next"}  # command of a right turn → of a left turn


class Timer(Protocol):
    """A scheduled call that can be cancelled."""

    def cancel(self) -> None: ...


class Deck(Protocol):
    """The interface through which handlers run commands, set lights and start timers."""

    hold: float  # how long to hold a control that may cost money, s
    debounce: float  # time after a press during which another press counts as contact bounce, s

    def now(self) -> float: ...
    def later(self, seconds: float, call: Callable[[], None]) -> Timer: ...
    def run(self, control: Binding, command: str, given: Sequence[Value]) -> None:
        """Run a command that a control has triggered."""
        ...

    def tapped(self, control: Binding) -> None:
        """Tell the user that this control must be held or pressed twice."""
        ...

    def look(self, control: Binding, look: Look | None) -> None:
        """Set the look of a control's light; None restores the look that matches the bridge's state."""
        ...

    def param(self, name: str) -> Value | None:
        """Return the value of a parameter, or None if it is not set."""
        ...

    def presets(self) -> Sequence[str]: ...


class Handler(Protocol):
    """An object that handles the values of one control."""

    control: Binding

    def feed(self, value: int) -> None:
        """Handle the next value that the control has sent."""
        ...

    def changed_elsewhere(self) -> None:
        """React to a change of the control's parameter that was made elsewhere."""
        ...


def handler_of(control: Binding, deck: Deck) -> Handler:
    """Return the handler for a control."""
    if control.kind in ENCODERS:
        return Encoder(control, deck)
    if control.kind == "fader":
        return Fader(control, deck)
    if control.kind == "program":
        return Program(control, deck)
    return Toggle(control, deck) if control.kind == "toggle" else Button(control, deck)


class _Pressed:
    """The base class of the button handlers, which ignores contact bounce and accidental taps."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        self.control = control
        self._deck = deck
        self._spends = MAPPABLE[control.command].spends
        self._last_press = -math.inf
        self._armed: Timer | None = None  # timer that runs while a second press is expected

    def changed_elsewhere(self) -> None:
        """Do nothing: a button has no position."""

    def _bounces(self) -> bool:
        """Return whether this press follows the previous press so closely that it must be contact bounce."""
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
        """Run the command. If the command may cost money, run it only on the second press."""
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
    """A pad, key or momentary button. It acts when pressed or, if its command may cost money, after being held."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._level = 1 if control.message == "note" else control.spot.top // 2 + 1  # minimum value when pressed
        self._holding: Timer | None = None
        self._releasing: Timer | None = None

    def feed(self, value: int) -> None:
        if value >= self._level:
            self._down()
        else:
            self._up()

    def _down(self) -> None:
        if self._releasing is not None:  # the release was contact bounce: the button is still pressed
            self._releasing.cancel()
            self._releasing = None
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
        if self._releasing is None:
            self._deck.look(self.control, None)
            self._act()

    def _up(self) -> None:
        if not self._spends:
            self._deck.look(self.control, None)
        elif self._holding is not None and self._releasing is None:
            self._releasing = self._deck.later(self._deck.debounce, self._released)

    def _released(self) -> None:
        self._releasing = None
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        self._deck.look(self.control, None)
        self._deck.tapped(self.control)


class Toggle(_Pressed):
    """A toggle button: the device sends one message for each press."""

    def feed(self, value: int) -> None:
        if not self._bounces():
            self._act_if_meant()


class Program(_Pressed):
    """A program change: either one program runs the command, or each program number selects a preset by index."""

    def feed(self, value: int) -> None:
        if self.control.any_number:
            names = self._deck.presets()
            if value < len(names):
                self._deck.run(self.control, self.control.command, (names[value],))
        elif value == self.control.number and not self._bounces():
            self._act_if_meant()


class _Paced:
    """The base class of rate-limited handlers.

    The first value is applied at once, and further values at most 60 times a second. The last value is always applied.
    """

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
    """An absolute control that sets a parameter, by default with soft takeover."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._pick_up = PickUp() if control.take_over == "pick-up" else None
        self._position: float | None = None  # position that has not been applied yet, 0..1

    def feed(self, value: int) -> None:
        position = value / self.control.spot.top
        current = self._current()
        if self._pick_up is not None and not self._pick_up.moved(position, position if current is None else current):
            return
        self._position = position
        self._pace()

    def changed_elsewhere(self) -> None:
        current = self._current()
        if self._pick_up is not None and current is not None:
            self._position = None
            self._pick_up.changed_elsewhere(current)

    def _current(self) -> float | None:
        """Return the pending position or, if there is none, that of the parameter's value, 0..1; None: unset."""
        if self._position is not None:
            return self._position
        value = self._deck.param(self.control.argument)
        return None if value is None else scale.to_position(self.control.argument, value)

    def _due(self) -> bool:
        return self._position is not None

    def _apply(self) -> None:
        position, self._position = self._position, None
        if position is not None:
            self._set(scale.to_value(self.control.argument, position))


class Encoder(_Paced):
    """An endless encoder, which steps through the values of a parameter or through the presets."""

    def __init__(self, control: Binding, deck: Deck) -> None:
        super().__init__(control, deck)
        self._steps = 0

    def feed(self, value: int) -> None:
        if self.control.kind in ("twos", "offset", "sign"):
            self._steps += turned(value, self.control.kind)
        self._pace()

    def changed_elsewhere(self) -> None:
        """Do nothing: an encoder has no position, so the next step starts from the current value."""

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
