"""What the daemon does for its home by itself: copies of the database, and old working files removed.

daemon.py starts it; it looks every few minutes and does nothing that somebody waits for, so its thread gives way.
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

LOOK = 600.0  # s between two looks whether something is due
GIGABYTE = 10**9
GIVE_WAY = 10  # niceness of the thread

T = TypeVar("T")


class Housekeeping:
    """Looks after one home while its daemon runs."""

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
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="housekeeping", initializer=_give_way)

    def start(self) -> None:
        """Begin to look after the home."""
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        """Stop; what is half done is done again another time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=False)

    async def look(self) -> None:
        """Do what is due; what cannot be done is logged, and tried again at the next look."""
        for duty in (self._copy, self._sweep):
            try:
                await duty()
            except (BridgeError, sqlite3.Error, OSError) as problem:
                log.warning("not done this time: %s", problem)

    async def _run(self) -> None:
        while True:
            await self.look()
            await self._sleep(LOOK)

    async def _gently(self, work: Callable[..., T], *args: object) -> T:
        """Do something in the thread that gives way."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def _copy(self) -> None:
        newest = await self._gently(backup.newest_copy, self._home)
        now = self._clock()
        if newest is not None and 0 <= now - newest < self._settings.copy_hours * 3600:
            return
        if await self._store(Database.jobs, 1):  # a database without jobs is not worth a copy
            made = await self._gently(backup.copy, self._home, now, self._settings.copies)
            log.info("the journal was copied to %s", made)

    async def _sweep(self) -> None:
        gone = await retention.sweep(
            self._home / "jobs",
            lambda job_id: self._store(Database.variations_of, job_id),
            self._gently,
            now=self._clock(),
            days=self._settings.keep_days,
            largest=round(self._settings.keep_gigabytes * GIGABYTE),
        )
        if gone:
            log.info("the working files of %d finished jobs were removed; their results are kept", len(gone))


def _give_way() -> None:
    """Let this thread wait for the others: Linux has a niceness for each, elsewhere it is the process's alone."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVE_WAY)
