"""The event loop's clock, put forward by tests: nobody waits for time to pass, or fears that too much of it has."""

from __future__ import annotations

import asyncio


class LoopClock:
    """Takes over the running loop's clock; timers and all rules about time that ask the loop follow it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        real = loop.time
        self._ahead = 0.0  # s
        loop.time = lambda: real() + self._ahead  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        """Let this much time be over; what was due in it happens when the loop gets a turn."""
        self._ahead += seconds
