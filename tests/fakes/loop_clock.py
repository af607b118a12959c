"""An event loop clock that tests can move forward, so that the tests do not depend on real time."""

from __future__ import annotations

import asyncio


class LoopClock:
    """A replacement for the running loop's clock, both for timers and for `loop.time()`."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        real = loop.time
        self._ahead = 0.0  # s
        loop.time = lambda: real() + self._ahead  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        """Move the clock forward; due timers run in the loop's next iteration."""
        self._ahead += seconds
