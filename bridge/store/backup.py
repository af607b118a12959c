"""Checks the database file (the journal) at start, rebuilds a damaged file, and makes backup copies.

Every start also compares the journal with the job folders, because SQLite's checks do not detect lost entries.

The daemon opens the journal through this module; bridge.store.housekeeping calls `copy` while the daemon runs.
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
from bridge.store import job_folder, rows
from bridge.store.database import Database
from bridge.store.migrations import VERSION, version_of
from bridge.store.recovery import Recovered, recover
from bridge.util import busy_files
from bridge.util.atomic import explained, settle, write_json

log = logging.getLogger(__name__)

FILE = "bridge.db"
COPIES, DAMAGED = "backups", "damaged"  # folders in the home
STAMP, STAMPS = (
    "journal.stamp",
    "stamps",
)  # file in the home, and key in the journal's facts; both contain stamps of recent starts
BESIDE = ("-wal", "-shm", "-journal")  # suffixes of the files that SQLite keeps beside a database
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_database(home: Path, clock: Callable[[], float], keep: int) -> Database:
    """Open the journal in the home, and recover lost entries from the job folders.

    A damaged or missing journal is first rebuilt from its readable rows, its last good copy and the job folders.

    Args:
        home: the bridge's folder, locked by this process.
        clock: returns the unix time, s.
        keep: number of copies to keep (see `copy`).

    Raises:
        StoreNewer: a newer bridge wrote the journal.
        HomeError: the journal cannot be opened for a reason other than damage.
    """
    path = home / FILE
    try:
        _make_private(path)
        trouble = ailment(path) or _missed(home)
        if trouble is not None:
            log.error("the journal %s %s; it is moved away and rebuilt", path, trouble)
            _replace(home, clock())
        elif 0 < _version(path) < VERSION:
            copy(home, clock(), keep)
        database = _opened(path)
        try:
            _compare(database, home, clock())
        except BaseException:
            database.close()
            raise
        return database
    except (sqlite3.Error, OSError) as problem:
        raise HomeError(f"The bridge's journal {path} cannot be opened: {problem}.") from problem


def ailment(path: Path) -> str | None:
    """Return what is wrong with a database, as the end of a sentence; None if the database is intact, empty or missing.

    Raises:
        sqlite3.Error: the database cannot be checked for a reason other than damage.
    """
    if not os.path.lexists(path):
        return None
    if not path.is_file():
        return "is a link to nowhere" if path.is_symlink() and not path.exists() else "is not a file"
    if path.stat().st_size == 0:
        return None
    with path.open("rb"):  # SQLite's error would not say that only the permission is missing
        pass
    with contextlib.closing(sqlite3.connect(path)) as db:
        try:
            found = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
            if found == ["ok"]:
                return rows.trouble(db)
        except sqlite3.DatabaseError as problem:
            if getattr(problem, "sqlite_errorcode", 0) & 0xFF not in BROKEN:
                raise
            return f"is damaged ({problem})"
    return f"is damaged ({'; '.join(found)})"


def copy(home: Path, now: float, keep: int) -> Path:
    """Write a checked copy of the database, which may be in use, and remove all but the newest `keep` copies.

    Args:
        home: the bridge's folder.
        now: unix time, s; used in the copy's name.
        keep: number of copies to keep, at least 1.

    Raises:
        DiskFull, OutputUnwritable: the folder cannot be written.
        sqlite3.Error: the database cannot be read.
    """
    folder = home / COPIES
    with explained(folder / FILE):
        folder.mkdir(mode=0o700, exist_ok=True)
        final = folder / f"bridge-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}.db"
        partial = folder / f".{final.name}.part"
        for left in folder.glob(".*.part*"):
            busy_files.remove(left, missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # private before it has content
    with contextlib.closing(sqlite3.connect(home / FILE)) as db:
        db.execute("VACUUM INTO ?", (str(partial),))
    trouble = ailment(partial)
    if trouble is not None:
        busy_files.remove(partial)
        raise HomeError(f"The new copy of the journal {trouble}; the older copies are kept.")
    os.utime(partial, (now, now))
    settle(partial, final)
    past = [one for one in copies(home) if one.name <= final.name]
    ahead = [one for one in copies(home) if one.name > final.name]  # the clock was ahead, so they are older
    for old in [*past, *ahead][max(1, keep) :]:
        busy_files.remove(old, missing_ok=True)
    return final


def copies(home: Path) -> list[Path]:
    """Return the database's copies, newest first."""
    return sorted((home / COPIES).glob("bridge-*.db"), reverse=True)


def newest_copy(home: Path, now: float = float("inf")) -> float | None:
    """Return the unix time of the newest copy in seconds, or None if there are no copies.

    Args:
        home: the bridge's folder.
        now: unix time, s; copies with a later date were made while the clock was ahead, and do not count.
    """
    times = [one.stat().st_mtime for one in copies(home)]
    return max((time for time in times if time <= now), default=None)


def _missed(home: Path) -> str | None:
    """Return why a missing or empty database counts as lost; None if it has tables or there were never any jobs."""
    path = home / FILE
    there = path.exists() and path.stat().st_size > 0
    if there and not rows.is_empty(path):
        return None
    lost = bool(copies(home)) or any((home / "jobs").glob("*/job.json"))
    return f"is {'empty' if there else 'missing'}, but there were jobs" if lost else None


def _compare(database: Database, home: Path, now: float) -> None:
    """Recover lost entries from the job folders, and write a new stamp.

    If the journal does not contain the stamp from the file `STAMP`, the journal has been replaced with an older copy.
    """
    seen = (job_folder.read(home / STAMP) or {}).get("stamp")
    known = _stamps(database.fact(STAMPS))
    found = recover(database, home / "jobs", now, lost=seen is not None and seen not in known)
    if found != Recovered():
        log.error(
            "the journal had lost entries; recovered from the job folders: %d jobs, %d variations; "
            "no longer submitted automatically: %d",
            found.jobs,
            found.variations,
            found.stopped,
        )
    fresh = uuid.uuid4().hex
    database.remember(STAMPS, json.dumps([one for one in (seen, fresh) if one is not None]))
    write_json(home / STAMP, {"stamp": fresh})


def _stamps(fact: str | None) -> list[object]:
    """Return the stamps in the journal; the list is empty if they cannot be read."""
    with contextlib.suppress(ValueError):
        found = json.loads(fact or "[]")
        return found if isinstance(found, list) else []
    return []


def _replace(home: Path, now: float) -> None:
    """Rebuild the database under a temporary name, then rename it; after a crash, the next start rebuilds it again.

    The damaged file is moved away last, so that the next start finds the file's rows again.
    """
    path, made, source = home / FILE, home / f".{FILE}.rescue", home / f".{FILE}.damaged"
    for one in (made, source):
        _remove(one)
    good = next((one for one in copies(home) if ailment(one) is None and _version(one)), None)
    if good is not None:
        shutil.copyfile(good, made)
    database = _opened(made)
    try:
        broken = database.overlay(source) if _copied(path, source) else 0
        found = recover(database, home / "jobs", now, lost=True)
    finally:
        database.close()
    _remove(source)
    _set_aside(home, now)
    settle(made, path)
    log.warning(
        "the journal was rebuilt from its readable rows, %s and the job folders; unreadable rows: %d; "
        "recovered from the job folders: %d jobs, %d variations",
        good.name if good else "no copy",
        broken,
        found.jobs,
        found.variations,
    )


def _copied(path: Path, source: Path) -> bool:
    """Copy a damaged database with the files beside it, because reading changes them; return whether there is one."""
    if not path.is_file():
        return False
    for beside in ("", *BESIDE):
        if (one := path.with_name(path.name + beside)).is_file():
            shutil.copyfile(one, source.with_name(source.name + beside))
    return True


def _remove(path: Path) -> None:
    """Remove a temporary database and the files beside it."""
    for beside in ("", *BESIDE):
        busy_files.remove(path.with_name(path.name + beside), missing_ok=True)


def _opened(path: Path) -> Database:
    """Open a database; a new one is private before it has content."""
    if not os.path.lexists(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _make_private(path)
    return Database(path)


def _make_private(path: Path) -> None:
    """Give only this user access to a database; SQLite gives the files beside it the same permissions."""
    for beside in ("", *BESIDE):
        one = path.with_name(path.name + beside)
        if os.name == "posix" and one.is_file():
            with contextlib.suppress(OSError):  # another user's file; the next step reports what does not work
                one.chmod(0o600)


def _set_aside(home: Path, now: float) -> None:
    """Move a damaged database away; it is not deleted, because more may be recovered manually."""
    damaged = [path for beside in ("", *BESIDE) if os.path.lexists(path := home / f"{FILE}{beside}")]
    if damaged:
        base = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        names = (base, *(f"{base}-{count}" for count in range(2, 1000)))
        folder = next(home / DAMAGED / name for name in names if not (home / DAMAGED / name).exists())
        folder.mkdir(parents=True, mode=0o700)
        for path in damaged:
            busy_files.replace(path, folder / path.name)


def _version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return version_of(db)
