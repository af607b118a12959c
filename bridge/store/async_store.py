"""Calls the database from the event loop. A single thread runs the calls, so a slow disk does not block the loop."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from bridge.errors import DiskFull, HomeError, StoreBusy, StoreDamaged
from bridge.store.database import Database

DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)  # SQLITE_ERROR: no such table or column

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """A single thread that runs database calls one after another: `await store(Database.save_job, job)`."""

    def __init__(self, database: Database, require: Callable[[], None] = lambda: None) -> None:
        """Start the thread.

        Args:
            database: the journal.
            require: called before each call; raises an error if the journal must not be used any more.
        """
        self._database = database
        self._require = require
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def __call__(self, call: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        # The call is shielded, so it is completed even if its caller is cancelled.
        return await asyncio.shield(loop.run_in_executor(self._thread, self._run, call, args, kwargs))

    async def even_if_lost(
        self, call: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Make a call, if possible, although the home may have been moved: the open journal moved with it."""
        step = partial(call, self._database, *args, **kwargs)
        with contextlib.suppress(sqlite3.Error):
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, step))

    def _run(self, call: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
        """Call a method of the database, and translate SQLite errors.

        Raises:
            DiskFull, HomeLost, StoreBusy, StoreDamaged, HomeError: the call failed and changed nothing.
        """
        self._require()
        try:
            return call(self._database, *args, **kwargs)
        except ValueError as problem:
            raise StoreDamaged(f"A row of the bridge's journal cannot be read: {problem}.") from problem
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):  # defects of the bridge
            raise
        except sqlite3.DatabaseError as problem:
            if problem.sqlite_errorcode & 0xFF in DAMAGE:
                raise StoreDamaged(f"The bridge's journal is damaged: {problem}.") from problem
            if problem.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise DiskFull("The disk with the bridge's journal is full.") from problem
            if problem.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StoreBusy from problem
            raise HomeError(f"The bridge's journal cannot be read or written: {problem}.") from problem

    def close(self) -> None:
        """Finish pending calls, then close the database."""
        self._thread.shutdown(wait=True)
        self._database.close()
