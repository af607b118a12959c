"""Decodes 14-bit controls and relative encoders.

Pure: callers pass in the time. A 14-bit control (MIDI 1.0) sends the upper half of its value as a controller from 0 to
31, and the lower half as the controller whose number is 32 higher. The encoder modes are REAPER's relative modes 1
to 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from bridge.midi.messages import PAIRED, Spot

Encoder = Literal["twos", "offset", "sign"]

PATIENCE = 0.005  # time to wait for the lower half of a value before the upper half is used alone, s


def turned(value: int, encoder: Encoder) -> int:
    """Return the number of steps by which an encoder was turned; clockwise is positive.

    Args:
        value: the controller value, 0..127.
        encoder: "twos" (two's complement: 1 up, 127 down), "offset" (binary offset: 65 up, 63 down) or "sign"
            (sign-magnitude: 1 up, 65 down).
    """
    match encoder:
        case "twos":
            return value if value < 64 else value - 128
        case "offset":
            return value - 64
        case "sign":
            return -(value & 63) if value & 64 else value


class Pairs:
    """A filter that joins the two halves of 14-bit values and lets the values of other controls through unchanged."""

    def __init__(self, spots: Collection[Spot]) -> None:
        """Create the filter for the 14-bit controls at these spots."""
        self._wide = {(spot.channel, spot.number): spot for spot in spots}
        self._upper: dict[Spot, int] = {}  # last upper half of each control
        self._waiting: dict[Spot, float] = {}  # arrival time of each upper half whose lower half is still missing, s

    def feed(self, spot: Spot, value: int, now: float) -> Iterator[tuple[Spot, int]]:
        """Handle a message, and yield the values that are now complete."""
        if spot.message != "cc":
            yield spot, value
        elif wide := self._wide.get((spot.channel, spot.number)):
            yield from self._alone(wide)
            self._upper[wide] = value
            self._waiting[wide] = now
        elif wide := self._wide.get((spot.channel, spot.number - PAIRED)):
            self._waiting.pop(wide, None)
            if wide in self._upper:  # a device may send only the lower half for a fine change
                yield wide, self._upper[wide] << 7 | value
        else:
            yield spot, value

    def due(self, now: float) -> Iterator[tuple[Spot, int]]:
        """Yield a value for each upper half whose lower half has not arrived in time."""
        for wide in [wide for wide, since in self._waiting.items() if now - since >= PATIENCE]:
            yield from self._alone(wide)

    @property
    def waiting(self) -> bool:
        """Return whether `due` must be called later, because an upper half is still waiting."""
        return bool(self._waiting)

    def _alone(self, wide: Spot) -> Iterator[tuple[Spot, int]]:
        """Yield an upper half as a 14-bit value by repeating its bits, so that 127 becomes the maximum."""
        if self._waiting.pop(wide, None) is not None:
            yield wide, self._upper[wide] << 7 | self._upper[wide]
