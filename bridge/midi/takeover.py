"""Soft take-over: a fader that stands elsewhere than its value acts only once it has come by it.

Pure. Without it the first touch after a change of preset would throw the value to where the fader happens to stand.
"""

from __future__ import annotations

NEAR = 2.5 / 127  # of the way; the steps of a fader that is moved fast are larger, which crossing sees to


class PickUp:
    """One absolute fader."""

    def __init__(self) -> None:
        self._last: float | None = None  # where the fader stood, 0..1
        self._held = False  # whether the value follows it

    def moved(self, position: float, current: float) -> bool:
        """Tell whether the value takes the fader's new position.

        Args:
            position: where the fader stands now, 0..1.
            current: where the value stands, 0..1.
        """
        if not self._held:
            near = abs(position - current) <= NEAR
            crossed = self._last is not None and (self._last - current) * (position - current) <= 0.0
            self._held = near or crossed
        self._last = position
        return self._held

    def changed_elsewhere(self, current: float) -> None:
        """Let go: something else moved the value away from the fader."""
        if self._last is None or abs(self._last - current) > NEAR:
            self._held = False
