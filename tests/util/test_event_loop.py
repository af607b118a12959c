"""Tests that the event loop's clock does not count the time in which the process was stopped."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from bridge.util.event_loop import LONGEST, AwakeClock, new_event_loop

HOUR = 3600.0  # s


class Clock:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("planned", "took", "counted"),
    [
        (1.0, 1.0, 1.0),
        (1.0, 0.3, 0.3),  # something arrived
        (1.0, 1.0 + LONGEST / 2, 1.0 + LONGEST / 2),  # a busy machine
        (1.0, HOUR, LONGEST),  # stopped
        (120.0, HOUR, LONGEST),
        (0.0, HOUR, LONGEST),
        (None, HOUR, HOUR),  # there is no timer that could be due
    ],
)
def test_a_wait_counts_unless_the_process_was_stopped(planned: float | None, took: float, counted: float) -> None:
    clock, took_each = Clock(), iter([took, 0.0])  # after a stop, the loop looks again
    awake = AwakeClock(clock)

    def select(_timeout: float | None) -> list[Any]:
        clock.now += next(took_each)
        return []

    awake.watched(select)(planned)
    assert awake.time() == pytest.approx(100.0 + counted)


def test_a_stop_between_two_waits_does_not_count() -> None:
    clock = Clock()
    awake = AwakeClock(clock)
    clock.now += HOUR
    assert awake.time() == pytest.approx(100.0 + LONGEST)
    clock.now += LONGEST / 2
    assert awake.time() == pytest.approx(100.0 + 1.5 * LONGEST)


def test_after_a_stop_the_loop_looks_again_for_what_arrived() -> None:
    """epoll_wait ends without events if the process continues after the end of the wait."""
    clock, waits, events = Clock(), [], [[], ["data"]]

    def select(timeout: float | None) -> list[Any]:
        waits.append(timeout)
        clock.now += HOUR if timeout else 0.0
        return events[len(waits) - 1]

    assert AwakeClock(clock).watched(select)(5.0) == ["data"]
    assert waits == [5.0, 0]


def test_data_that_arrived_is_read_although_the_clock_jumped() -> None:
    clock = Clock()
    loop = new_event_loop(clock)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    async def read() -> bytes:
        async with asyncio.timeout(120.0):
            loop.call_soon(jump)
            return await loop.sock_recv(ours, 100)

    def jump() -> None:
        theirs.send(b"the ticket")
        clock.now += HOUR

    with ours, theirs:
        try:
            assert loop.run_until_complete(read()) == b"the ticket"
        finally:
            loop.close()


def test_a_timeout_still_ends_while_the_process_runs() -> None:
    loop = new_event_loop()

    async def wait() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    try:
        with pytest.raises(TimeoutError):
            loop.run_until_complete(wait())
    finally:
        loop.close()
