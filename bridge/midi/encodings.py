"""Decodes 14-bit controls and relative encoders.

Pure: callers pass the time in. In a 14-bit control (MIDI 1.0), a controller from 0 to 31 carries the upper half of the
value, and the controller 32 above it carries the lower half. The encoder modes are REAPER's relative modes 1 to 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from bridge.midi.messages import PAIRED, Spot

Encoder = Literal["twos", "offset", "sign"]

PATIENCE = 0.005  # s to wait for a lower half before the upper half is used alone


def turned(value: int, encoder: Encoder) -> int:
    """Return the number of steps that an encoder was turned; clockwise is positive.

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
    """Joins the two halves of a device's 14-bit controls; other values pass through unchanged."""

    def __init__(self, spots: Collection[Spot]) -> None:
        """Start with the spots of the 14-bit controls."""
        self._wide = {(spot.channel, spot.number): spot for spot in spots}
        self._upper: dict[Spot, int] = {}  # last upper half of each control
        self._waiting: dict[Spot, float] = {}  # arrival times of upper halves without their lower half, s

    def feed(self, spot: Spot, value: int, now: float) -> Iterator[tuple[Spot, int]]:
        """Yield each value that this message completes."""
        if spot.message != "cc":
            yield spot, value
        elif wide := self._wide.get((spot.channel, spot.number)):
            yield from self._alone(wide)
            self._upper[wide] = value
            self._waiting[wide] = now
        elif wide := self._wide.get((spot.channel, spot.number - PAIRED)):
            self._waiting.pop(wide, None)
            if wide in self._upper:  # a lower half alone is a fine change
                yield wide, self._upper[wide] << 7 | value
        else:
            yield spot, value

    def due(self, now: float) -> Iterator[tuple[Spot, int]]:
        """Yield a value for each upper half whose lower half did not arrive in time."""
        for wide in [wide for wide, since in self._waiting.items() if now - since >= PATIENCE]:
            yield from self._alone(wide)

    @property
    def waiting(self) -> bool:
        """Return whether `due` must be called later."""
        return bool(self._waiting)

    def _alone(self, wide: Spot) -> Iterator[tuple[Spot, int]]:
        """Yield an upper half as a 14-bit value, its bits repeated: 0 and 127 become the minimum and maximum."""
        if self._waiting.pop(wide, None) is not None:
            yield wide, self._upper[wide] << 7 | self._upper[wide]
