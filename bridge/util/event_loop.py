"""An event loop whose clock does not count the time in which the process is stopped, so that no timeout ends then.

A process is stopped by SIGSTOP, by a laptop that sleeps, or by a busy machine. When it continues, every timeout would
expire before the loop had read what arrived meanwhile, such as fal's answer to a submission. With this clock, a
timeout has the same time left as before.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

LONGEST = 0.2  # longest pause that counts in full, s


class AwakeClock:
    """A clock for an event loop. A step longer than expected counts as LONGEST, because the process was stopped."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock  # returns the monotonic time, s
        self._last = clock()
        self._lost = 0.0  # seconds in which the process was stopped
        self._wait = 0.0  # planned length of the loop's current wait, s; outside a wait 0

    def time(self) -> float:
        """Return the monotonic time without the time in which the process was stopped, s."""
        self._step()
        return self._last - self._lost

    def watched(self, select: Callable[[float | None], list[Any]]) -> Callable[[float | None], list[Any]]:
        """Return a replacement for the loop's wait for events, whose planned length the clock takes into account."""

        def wait(timeout: float | None = None) -> list[Any]:
            self._step()
            self._wait = math.inf if timeout is None else timeout
            try:
                events = select(timeout)
                stopped = self._step()
            finally:
                self._wait = 0.0
            # if the process was stopped until the wait was over, epoll returns no events, although there may be some
            return select(0) if stopped and not events else events

        return wait

    def _step(self) -> bool:
        """Count the time since the previous call, and return whether the process was stopped meanwhile."""
        now = self._clock()
        step, self._last = now - self._last, now
        stopped = step > self._wait + LONGEST
        if stopped:
            self._lost += step - LONGEST
        return stopped


def new_event_loop(clock: Callable[[], float] = time.monotonic) -> asyncio.AbstractEventLoop:
    """Return a new event loop of the platform's usual kind with an `AwakeClock`.

    Args:
        clock: returns the monotonic time, s.
    """
    loop: Any = asyncio.new_event_loop()
    awake = AwakeClock(clock)
    loop._selector.select = awake.watched(loop._selector.select)  # selectors and Windows' proactor have this method
    loop.time = awake.time
    made: asyncio.AbstractEventLoop = loop
    return made
