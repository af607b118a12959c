"""Removes half-written files that a killed process left in the home. The daemon does this before it writes anything.

Temporary files of `bridge.util.atomic` are removed only in folders in which no other process can be writing. An
interrupted download is kept, because it can be resumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from bridge.store.job_folder import JOB
from bridge.util import atomic, busy_files

DRAFT = ".draft-"  # prefix of an early upload's folder in the home
REAPER = "reaper"  # folder in the home in which REAPER's scripts keep their files
FOREIGN_AGE = 3600.0  # age in seconds at which a half-written message counts as abandoned


def remove_partial_files(home: Path, jobs: Iterable[str], now: float) -> None:
    """Remove the half-written files of an earlier daemon.

    Args:
        home: the bridge's folder, locked by this process.
        jobs: IDs of the jobs that may have been running.
        now: unix time, s.
    """
    atomic.sweep(home, "daemon.json")  # commands may be writing the other files in this folder
    for draft in home.glob(f"{DRAFT}*"):
        if draft.is_dir():  # rmtree would wait at a pipe
            busy_files.remove_tree(draft, ignore_errors=True)
    ours = [home / "outbox"]
    for job_id in jobs:
        folder = home / "jobs" / job_id
        ours += [folder, *(path for path in folder.glob("**/") if path.is_dir())]
        for left in folder.glob("**/*.part.*"):  # audio that a stage was writing
            atomic.discard(left)
    for folder in ours:
        atomic.sweep(folder)
    _remove_begun(home / "jobs")
    for left in _left_by_others(home):
        with contextlib.suppress(OSError):
            if now - left.lstat().st_mtime > FOREIGN_AGE:
                busy_files.remove(left)


def _remove_begun(jobs: Path) -> None:
    """Remove the folders of jobs whose first file was not finished and whose journal entry is lost too."""
    for folder in jobs.iterdir() if jobs.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir() or (folder / JOB).exists():
            continue
        if all(path.name.startswith(f".{JOB}.") for path in folder.iterdir()):
            atomic.sweep(folder)
            busy_files.remove_empty(folder)


def _left_by_others(home: Path) -> Iterator[Path]:
    """Yield what DAWs and the command line left behind; they may still be writing some of these files.

    REAPER's scripts empty a file that Windows does not let them remove (reaper_scripts/lib/files.lua).
    """
    yield from (home / "inbox").glob(".*.tmp")
    yield from (home / REAPER).glob("*/.*.tmp")
    yield from (path for path in (home / REAPER).glob("*/*") if path.is_file() and path.stat().st_size == 0)
