"""Copies the database and removes old working files while the daemon runs.

daemon.py starts the housekeeping, which checks every ten minutes what is due and works in a low-priority thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bridge.config.settings import Store as Settings
from bridge.errors import BridgeError
from bridge.store import backup, retention
from bridge.store.async_store import Store
from bridge.store.database import Database

log = logging.getLogger(__name__)

LOOK = 600.0  # seconds between checks
GIGABYTE = 10**9
NICENESS = 10  # niceness of the low-priority thread

T = TypeVar("T")


class Housekeeping:
    """Regular maintenance of one home while its daemon runs."""

    def __init__(
        self,
        home: Path,
        store: Store,
        settings: Settings,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._home = home
        self._store = store
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="housekeeping", initializer=_lower_priority)

    def start(self) -> None:
        """Start the checks."""
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        """Stop the checks; unfinished work is repeated after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=False)

    async def look(self) -> None:
        """Do the work that is due; failures are logged and retried at the next check."""
        for duty in (self._copy, self._sweep):
            try:
                await duty()
            except (BridgeError, sqlite3.Error, OSError) as problem:
                log.warning("housekeeping: %s", problem)

    async def _run(self) -> None:
        while True:
            await self.look()
            await self._sleep(LOOK)

    async def _in_background(self, work: Callable[..., T], *args: object) -> T:
        """Run a function in the low-priority thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def _copy(self) -> None:
        now = self._clock()
        newest = await self._in_background(backup.newest_copy, self._home, now)
        if newest is not None and now - newest < self._settings.copy_hours * 3600:
            return
        if await self._store(Database.jobs, 1):  # a database without jobs needs no copy
            made = await self._in_background(backup.copy, self._home, now, self._settings.copies)
            log.info("copied the journal to %s", made)

    async def _sweep(self) -> None:
        gone = await retention.sweep(
            self._home / "jobs",
            lambda job_id: self._store(Database.variations_of, job_id),
            self._in_background,
            now=self._clock(),
            days=self._settings.keep_days,
            largest=round(self._settings.keep_gigabytes * GIGABYTE),
        )
        if gone:
            log.info("removed the working files of %d finished jobs; their results are kept", len(gone))


def _lower_priority() -> None:
    """Lower the current thread's priority, on Linux only: other systems have no niceness per thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
