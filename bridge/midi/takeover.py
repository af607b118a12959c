"""Soft takeover: a fader changes a value only after the fader has reached or crossed the value's position.

Pure. Without soft takeover, the first touch after a preset change would make the value jump to the fader's position.
"""

from __future__ import annotations

NEAR = 2.5 / 127  # distance that counts as reached, as a fraction of the full range; faster moves cross the value


class PickUp:
    """The takeover state of one absolute fader."""

    def __init__(self) -> None:
        self._last: float | None = None  # last position of the fader, 0..1
        self._held = False  # whether the value follows the fader

    def moved(self, position: float, current: float) -> bool:
        """Return whether the value now follows the fader to its new position.

        Args:
            position: the fader's new position, 0..1.
            current: position that corresponds to the current value, 0..1.
        """
        if not self._held:
            near = abs(position - current) <= NEAR
            crossed = self._last is not None and (self._last - current) * (position - current) <= 0.0
            self._held = near or crossed
        self._last = position
        return self._held

    def changed_elsewhere(self, current: float) -> None:
        """Stop following the fader if a change made elsewhere has moved the value away from it."""
        if self._last is None or abs(self._last - current) > NEAR:
            self._held = False
