"""A bridge, its fal engine and a fake fal on real sockets, for tests/system/test_fault_matrix.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.engines.fal.engine import FalEngine
from bridge.protocol.job import State, Variation
from bridge.store import backup
from tests.engines.fal_kit import KEY, PATIENT, Settings
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import outbox
from tests.fakes.studio import Studio
from tests.waiting import eventually

TIMED = {"submit": "submit", "put": "move", "file": "move"}  # call → name of its timeout; other calls use `ask`


class Bench:
    """A bridge home with a fake fal; `open` starts the bridge, and `close` stops the bridge."""

    def __init__(self, home: Path, tone: Path, fal: FalServer) -> None:
        self.home, self.tone, self.fal = home, tone, fal
        self.studio: Studio
        self.engine: FalEngine
        self.job_id = ""
        self.timeouts = PATIENT
        self.result_hosts = ("*.fal.media",)
        self._open = False

    def falls_silent(self, call: str) -> None:
        """Shorten a call's timeout to 2 s, because the fake will not answer the call; must be called before `open`."""
        self.timeouts = replace(self.timeouts, **{TIMED.get(call, "ask"): 2.0})

    async def open(self, workers: Any = None) -> None:
        """Check the journal and then start the bridge, as the daemon does."""
        backup.open_database(self.home, lambda: 1e9, 3).close()
        settings = Settings(
            self.fal.url, self.fal.url, result_hosts=self.result_hosts, poll_first=0.01, poll_longest=0.05
        )

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(min(seconds, 0.005))  # tests/engines tests the real pauses

        self.engine = FalEngine(settings, lambda: KEY, random=lambda: 0.5, sleep=sleep, timeouts=self.timeouts)
        self.studio = Studio(self.home, self.engine, workers)
        await self.studio.__aenter__()
        self._open = True

    async def close(self) -> None:
        """Stop the bridge; the fake fal keeps running."""
        if self._open:
            self._open = False
            await self.studio.__aexit__()
            await self.engine.aclose()
            await self.studio.workers.aclose()

    async def remix(self, **changes: Any) -> None:
        """Request a remix."""
        self.job_id = await self.studio.remix(self.tone, **changes)

    async def send(self, command: str, **args: Any) -> Any:
        """Send a message about the job."""
        return await self.studio.send(command, {"job_id": self.job_id, **args})

    @property
    def orders(self) -> int:
        """Return the number of submissions that the fake fal has accepted."""
        return len(self.fal.queue.jobs)

    def variation(self) -> Variation:
        """Return the only variation."""
        (one,) = self.studio.registry.variations(self.job_id)
        return one

    async def until(self, what: Callable[[], Any], message: str = "") -> Any:
        """Wait until a condition is true; the error after a timeout shows the variation."""
        try:
            return await eventually(what, message)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.variation() if self.job_id else 'no remix'}") from error

    async def comes_to(self, ends: str) -> None:
        """Wait until the remix reaches a state, named as in the table."""
        kind, _, reason = ends.partition(":")
        if kind == "waiting":
            await self.until(
                lambda: self.variation().state is State.WAITING and self.variation().reason == reason, ends
            )
        elif kind in ("done", "unknown", "cancelled"):
            await self.until(lambda: self.variation().state in (kind, State.FAILED), ends)
            assert self.variation().state == kind, self.variation()
        else:
            await self.until(lambda: self.variation().state in (State.FAILED, State.DONE), ends)
            found = self.variation()
            assert (found.state, (found.error or {}).get("code")) == (State.FAILED, kind), found

    async def running(self) -> None:
        """Request a remix whose model run does not end, and wait until the variation is running."""
        self.fal.hold("IN_PROGRESS")
        await self.remix()
        await self.until(lambda: self.variation().state is State.RUNNING)

    async def seen(self, call: str, count: int) -> None:
        """Wait until the fake fal has answered `count` more requests for a call."""
        before = len(self.fal.seen(call))
        await self.until(lambda: len(self.fal.seen(call)) >= before + count, f"{count} more of {call}")

    def document(self) -> dict[str, Any]:
        """Return the outbox document from disk."""
        return outbox(self.home)
