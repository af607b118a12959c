"""How controllers spell more than 7 bits, and turns without an end.

Pure; times are passed in. 14 bits: control changes 0–31 carry the upper half, 32–63 the lower half of the same control
(MIDI 1.0). The three ways of relative encoders carry REAPER's numbers 1 to 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from bridge.midi.messages import PAIRED, Spot

Encoder = Literal["twos", "offset", "sign"]

PATIENCE = 0.005  # s until an upper half without its lower one counts alone


def turned(value: int, encoder: Encoder) -> int:
    """Return by how many steps an encoder was turned, clockwise above 0.

    Args:
        value: 0..127 as it came.
        encoder: "twos" (1 up, 127 down), "offset" (65 up, 63 down) or "sign" (1 up, 65 down).
    """
    match encoder:
        case "twos":
            return value if value < 64 else value - 128
        case "offset":
            return value - 64
        case "sign":
            return -(value & 63) if value & 64 else value


class Pairs:
    """Joins the two halves of 14-bit controls of one device; everything else passes through as it is."""

    def __init__(self, spots: Collection[Spot]) -> None:
        """Take the spots of kind "cc14" that there are."""
        self._wide = {(spot.channel, spot.number): spot for spot in spots}
        self._upper: dict[Spot, int] = {}  # the last upper half of each
        self._waiting: dict[Spot, float] = {}  # since when an upper half waits for its lower one

    def feed(self, spot: Spot, value: int, now: float) -> Iterator[tuple[Spot, int]]:
        """Yield what is complete with this message."""
        if spot.message != "cc":
            yield spot, value
        elif wide := self._wide.get((spot.channel, spot.number)):
            yield from self._alone(wide)
            self._upper[wide] = value
            self._waiting[wide] = now
        elif wide := self._wide.get((spot.channel, spot.number - PAIRED)):
            self._waiting.pop(wide, None)
            if wide in self._upper:  # a lower half alone is a fine movement
                yield wide, self._upper[wide] << 7 | value
        else:
            yield spot, value

    def due(self, now: float) -> Iterator[tuple[Spot, int]]:
        """Yield the upper halves whose lower ones did not come."""
        for wide in [wide for wide, since in self._waiting.items() if now - since >= PATIENCE]:
            yield from self._alone(wide)

    @property
    def waiting(self) -> bool:
        """Tell whether `due` has to be asked."""
        return bool(self._waiting)

    def _alone(self, wide: Spot) -> Iterator[tuple[Spot, int]]:
        """Yield a half as a whole value, its bits repeated, so that 0 and 127 become both ends."""
        if self._waiting.pop(wide, None) is not None:
            yield wide, self._upper[wide] << 7 | self._upper[wide]
