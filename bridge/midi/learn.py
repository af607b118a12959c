"""Finds out for MIDI learn which control was moved first, and what kind of control it is.

Pure: requests.py passes in every message and then calls `Catcher.catch`. A key or pad is caught by its first press. Any
other control is caught only when its value changes, so a jittering fader is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bridge.midi.encodings import Encoder
from bridge.midi.messages import PAIRED, Spot

GATHER = 0.6  # time during which further values are collected to detect the encoder mode, s
REPEATS = 3  # number of values after which a control counts as moved, even if all values are equal (an encoder)

_LOW, _HIGH = range(1, 16), range(113, 128)  # values for a few steps up and down in two's complement
_ABOVE, _BELOW = range(65, 80), range(49, 64)  # the same in binary offset; in sign-magnitude, _ABOVE means down


@dataclass(frozen=True, slots=True)
class Caught:
    """The control that was moved."""

    device: str
    spot: Spot
    values: tuple[int, ...]  # values that the control has sent, in order
    encoder: Encoder | None  # mode of an endless encoder; None: the control is a fader or a button

    @property
    def is_button(self) -> bool:
        """Return whether the control sends only the values for “pressed” and “released”."""
        return self.spot.message == "note" or set(self.values) <= {0, self.spot.top}


class Catcher:
    """A detector of the first control that is moved."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, Spot], list[int]] = {}
        self._first: tuple[str, Spot] | None = None
        self._until = 0.0  # time at which enough values of the first control have been collected, s

    def feed(self, device: str, spot: Spot, value: int, now: float) -> None:
        """Handle one value from a control."""
        key = (device, spot)
        values = self._heard.setdefault(key, [])
        values.append(value)
        if self._first is None and _changed(spot, values):
            self._first = key
            self._until = now if spot.message in ("note", "program") else now + GATHER

    @property
    def until(self) -> float | None:
        """The time from which `catch` returns a control, s; None: no control has been moved yet."""
        return None if self._first is None else self._until

    def catch(self, now: float) -> Caught | None:
        """Return the first control that was moved, or None until enough of its values have been collected."""
        if self._first is None or now < self._until:
            return None
        device, spot = self._first
        wide = self._wide(device, spot)
        if wide is not None:
            return Caught(device, wide, tuple(self._heard[device, Spot("cc", wide.channel, wide.number)]), None)
        values = tuple(self._heard[self._first])
        return Caught(device, spot, values, counting(values) if spot.message == "cc" else None)

    def _wide(self, device: str, spot: Spot) -> Spot | None:
        """Return the 14-bit control to which `spot` belongs, or None unless both of its halves were received."""
        if spot.message != "cc" or spot.number >= 2 * PAIRED:
            return None
        upper = Spot("cc", spot.channel, spot.number % PAIRED)
        lower = Spot("cc", spot.channel, upper.number + PAIRED)
        both = (device, upper) in self._heard and len(self._heard.get((device, lower), ())) > 1
        return Spot("cc14", spot.channel, upper.number) if both else None


def counting(values: Sequence[int]) -> Encoder | None:
    """Return the likely encoder mode for the values of a control, or None for a fader or a button.

    A fader never sends the same value twice in a row; a steadily turned encoder does. If an encoder was turned only
    clockwise, the modes "twos" and "sign" cannot be distinguished. The result is then "twos", which is far more common.
    """
    if not any(one == next_ for one, next_ in pairwise(values)):
        return None
    zones: tuple[tuple[Encoder, tuple[range, range]], ...] = (
        ("twos", (_LOW, _HIGH)),
        ("offset", (_ABOVE, _BELOW)),
        ("sign", (_LOW, _ABOVE)),
    )
    for encoder, (up, down) in zones:
        if all(value in up or value in down for value in values):
            return encoder
    return None


def _changed(spot: Spot, values: Sequence[int]) -> bool:
    if spot.message == "note":
        return values[-1] > 0
    if spot.message == "program":
        return True
    steady = len(values) >= REPEATS and counting(values[-REPEATS:]) is not None
    return values[-1] != values[0] or steady
