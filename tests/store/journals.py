"""Helpers for tests that open, copy, replace and read journals."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path

from bridge.protocol.job import Variation
from bridge.store import backup
from bridge.store.database import Database
from tests.fakes.studio import Studio


def reopen(home: Path, now: float | None = None) -> None:
    """Open the journal as a daemon does at start, then close the journal."""
    backup.open_database(home, lambda: time.time() if now is None else now, 3).close()


def store(home: Path) -> Path:
    """Write a complete copy of the journal; return the copy's path."""
    copied = home.parent / "older.db"
    copied.unlink(missing_ok=True)
    db = sqlite3.connect(home / "bridge.db")
    db.execute("VACUUM INTO ?", (str(copied),))
    db.close()
    return copied


def restore(home: Path, older: Path) -> None:
    """Replace the journal with an older copy."""
    for path in home.glob("bridge.db*"):
        path.unlink()
    shutil.copyfile(older, home / "bridge.db")


def dump(home: Path) -> list[str]:
    """Return the journal's content as lines of SQL, without the table of facts."""
    db = sqlite3.connect(home / "bridge.db")
    lines = [line for line in db.iterdump() if '"facts"' not in line]
    db.close()
    return lines


def variations(home: Path) -> list[Variation]:
    database = Database(home / "bridge.db")
    found = [one for _, listed in database.jobs() for one in listed]
    database.close()
    return found


async def placed(studio: Studio, job_id: str) -> None:
    """Wait until a job is done and its `place` stage is recorded in the folder and in the journal."""
    (one,) = await studio.until(job_id, "done")
    while (await studio.store(Database.stage, one.id, "place"))[1] is None:
        await asyncio.sleep(0.01)


async def submit_with_error(studio: Studio, tone: Path, error: Exception, state: str) -> str:
    """Submit a remix to which the engine answers with `error`; return the job's ID once the job is in `state`."""
    studio.engine.faults["submit"].append(error)
    job_id = await studio.remix(tone)
    await studio.until(job_id, state)
    return job_id


async def wait_for_budget(studio: Studio, tone: Path) -> str:
    """Request a remix that exceeds the budget; return the job's ID once the job waits."""
    studio.budget._cap = 0.0
    job_id = await studio.remix(tone)
    await studio.until(job_id, "waiting")
    return job_id
