"""Removes half-written files that a killed process left in the home. The daemon does this before it writes anything.

Temporary files of `bridge.util.atomic` are removed only in folders in which no other process can be writing. An
interrupted download is kept, because it can be resumed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from bridge.util import atomic

DRAFT = ".draft-"  # prefix of an early upload's folder in the home
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
        shutil.rmtree(draft, ignore_errors=True)
    ours = [home / "outbox"]
    for job_id in jobs:
        folder = home / "jobs" / job_id
        ours += [folder, *(path for path in folder.glob("**/") if path.is_dir())]
    for folder in ours:
        atomic.sweep(folder)
    for left in (home / "inbox").glob(".*.tmp"):  # DAWs and the command line may be writing in this folder
        with contextlib.suppress(OSError):
            if now - left.lstat().st_mtime > FOREIGN_AGE:
                left.unlink()
