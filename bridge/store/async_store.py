"""The database for the daemon's event loop: its calls run in order on one thread, so no slow disk stops the loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from bridge.errors import DiskFull, HomeError, StoreBusy
from bridge.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Runs a database's calls one after the other on a thread of their own: `await store(Database.save_job, job)`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def __call__(self, call: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        # Shielded: a caller that is cancelled must not leave the question open whether its words were written.
        return await asyncio.shield(loop.run_in_executor(self._thread, self._run, call, args, kwargs))

    def _run(self, call: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
        """Make a call; what the disk says against it comes out in words for people.

        Raises:
            DiskFull, StoreBusy, HomeError: it could not be written down, and nothing of it was.
        """
        try:
            return call(self._database, *args, **kwargs)
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise DiskFull("There is no room left on the disk that holds the bridge's journal.") from problem
            if problem.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StoreBusy from problem
            raise HomeError(f"The bridge's journal cannot be read or written: {problem}.") from problem

    def close(self) -> None:
        """Finish what was asked for, then close the file."""
        self._thread.shutdown(wait=True)
        self._database.close()
