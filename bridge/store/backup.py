"""The database's file: checked at start and replaced when it is damaged, copied every night, old copies removed.

At every start it is compared with the jobs' folders, since a journal that has lost entries looks as sound as any other.

The daemon opens the journal through here; bridge.store.housekeeping calls `copy` while it runs.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from bridge.errors import HomeError
from bridge.store import job_folder
from bridge.store.database import Database
from bridge.store.migrations import VERSION, version_of
from bridge.store.recovery import Recovered, recover
from bridge.util.atomic import explained, settle, write_json

log = logging.getLogger(__name__)

FILE = "bridge.db"
COPIES, DAMAGED = "backups", "damaged"  # folders in the home
STAMP, STAMPS = "journal.stamp", "stamps"  # in the home, and the journal's fact: of the last start
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a journal
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_database(home: Path, clock: Callable[[], float], keep: int) -> Database:
    """Open the home's journal; what it does not know is taken from the jobs' folders.

    A damaged or missing one is replaced by the last good copy first.

    Args:
        home: the bridge's folder, held by this process.
        clock: unix time, s.
        keep: copies that stay; see `copy`.

    Raises:
        StoreNewer: a newer bridge wrote it.
        HomeError: it cannot be opened, for a reason that is no damage.
    """
    path = home / FILE
    try:
        trouble = ailment(path) or _missed(home)
        if trouble is not None:
            log.error("the journal %s %s; it is set aside and put together anew", path, trouble)
            _replace(home, clock())
        elif 0 < _version(path) < VERSION:
            copy(home, clock(), keep)
        database = Database(path)
        try:
            _compare(database, home, clock())
        except BaseException:
            database.close()
            raise
        return database
    except (sqlite3.Error, OSError) as problem:
        raise HomeError(f"The bridge's journal {path} cannot be opened: {problem}.") from problem


def ailment(path: Path) -> str | None:
    """Return what is wrong with a database, as what follows its name; None when it is sound or not there.

    Raises:
        sqlite3.Error: it cannot be looked at, for a reason that is no damage.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    with contextlib.closing(sqlite3.connect(path)) as db:
        try:
            found = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
        except sqlite3.DatabaseError as problem:
            if getattr(problem, "sqlite_errorcode", 0) & 0xFF not in BROKEN:
                raise
            return f"is damaged ({problem})"
    return None if found == ["ok"] else f"is damaged ({'; '.join(found)})"


def copy(home: Path, now: float, keep: int) -> Path:
    """Write a whole, checked copy of the database while it is in use; older ones than the newest `keep` go.

    Args:
        home: the bridge's folder.
        now: unix time, s; it names the copy.
        keep: copies that stay, at least 1.

    Raises:
        DiskFull, OutputUnwritable: there is no room, or the folder takes no file.
        sqlite3.Error: the database cannot be read.
    """
    folder = home / COPIES
    with explained(folder / FILE):
        folder.mkdir(mode=0o700, exist_ok=True)
        final = folder / f"bridge-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}.db"
        partial = folder / f".{final.name}.part"
        for left in folder.glob(".*.part*"):
            left.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # private before anything is in it
    with contextlib.closing(sqlite3.connect(home / FILE)) as db:
        db.execute("VACUUM INTO ?", (str(partial),))
    trouble = ailment(partial)
    if trouble is not None:
        partial.unlink()
        raise HomeError(f"The nightly copy of the journal {trouble}; the older copies are kept.")
    os.utime(partial, (now, now))
    settle(partial, final)
    for old in copies(home)[max(1, keep) :]:
        old.unlink(missing_ok=True)
    return final


def copies(home: Path) -> list[Path]:
    """Return the database's copies, newest first."""
    return sorted((home / COPIES).glob("bridge-*.db"), reverse=True)


def newest_copy(home: Path) -> float | None:
    """Return when the newest copy was made, unix time in s; None if there is none."""
    found = copies(home)
    return found[0].stat().st_mtime if found else None


def _missed(home: Path) -> str | None:
    """Tell whether there must have been a database, where there is none or an empty file."""
    path = home / FILE
    if path.exists() and path.stat().st_size:
        return None
    lost = bool(copies(home)) or any((home / "jobs").glob("*/job.json"))
    return "is gone, and there were jobs" if lost else None


def _compare(database: Database, home: Path, now: float) -> None:
    """Take from the jobs' folders what the journal has lost, and stamp both anew.

    The journal knows the stamp in `STAMP` unless it is older than that file: an older one was put in its place.
    """
    seen = (job_folder.read(home / STAMP) or {}).get("stamp")
    known = json.loads(database.fact(STAMPS) or "[]")
    found = recover(database, home / "jobs", now, lost=seen is not None and seen not in known)
    if found != Recovered():
        log.error(
            "the journal had lost entries; taken from the jobs' folders: %d jobs, %d variations; "
            "not submitted by themselves any more: %d",
            found.jobs,
            found.variations,
            found.stopped,
        )
    fresh = uuid.uuid4().hex
    database.remember(STAMPS, json.dumps([one for one in (seen, fresh) if one is not None]))
    write_json(home / STAMP, {"stamp": fresh})


def _replace(home: Path, now: float) -> None:
    """Put a database together aside and rename it: a crash on the way leaves none, and then all of it is done again."""
    path, made = home / FILE, home / f".{FILE}.rescue"
    _set_aside(home, now)
    for beside in ("", *BESIDE):
        made.with_name(made.name + beside).unlink(missing_ok=True)
    good = next((one for one in copies(home) if ailment(one) is None and _version(one)), None)
    if good is not None:
        shutil.copyfile(good, made)
    database = Database(made)
    made.chmod(0o600)
    try:
        found = recover(database, home / "jobs", now, lost=True)
    finally:
        database.close()
    settle(made, path)
    log.warning(
        "the journal is restored from %s; taken from the jobs' folders: %d jobs, %d variations",
        good.name if good else "nothing",
        found.jobs,
        found.variations,
    )


def _set_aside(home: Path, now: float) -> None:
    """Move a damaged database away; it is never deleted, since somebody may read more out of it."""
    damaged = [path for beside in ("", *BESIDE) if (path := home / f"{FILE}{beside}").exists()]
    if damaged:
        base = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        names = (base, *(f"{base}-{count}" for count in range(2, 1000)))
        folder = next(home / DAMAGED / name for name in names if not (home / DAMAGED / name).exists())
        folder.mkdir(parents=True, mode=0o700)
        for path in damaged:
            path.replace(folder / path.name)


def _version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return version_of(db)
