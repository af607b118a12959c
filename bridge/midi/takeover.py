"""Soft takeover: a fader changes a value only after it has reached or crossed it.

Pure. Without it, the first touch after a preset change would make the value jump to the fader's position.
"""

from __future__ import annotations

NEAR = 2.5 / 127  # of the full range; a fast fader takes larger steps, which the crossing test catches


class PickUp:
    """One absolute fader."""

    def __init__(self) -> None:
        self._last: float | None = None  # last position, 0..1
        self._held = False  # whether the value follows the fader

    def moved(self, position: float, current: float) -> bool:
        """Return whether the value takes the fader's new position.

        Args:
            position: of the fader, 0..1.
            current: position of the value, 0..1.
        """
        if not self._held:
            near = abs(position - current) <= NEAR
            crossed = self._last is not None and (self._last - current) * (position - current) <= 0.0
            self._held = near or crossed
        self._last = position
        return self._held

    def changed_elsewhere(self, current: float) -> None:
        """Release the value if something else moved it away from the fader."""
        if self._last is None or abs(self._last - current) > NEAR:
            self._held = False
