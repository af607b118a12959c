"""What a killed process left half-written in the home: taken away at the daemon's start, before anything is written.

Only temporary names of `bridge.util.atomic` go, and only where nobody else can be writing now. A download that broke
off is none of them: it goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from bridge.util import atomic

DRAFT = ".draft-"  # begins the name of an early upload's folder in the home
FOREIGN_AGE = 3600.0  # s after which a half-written message has no writer any more


def remove_partial_files(home: Path, jobs: Iterable[str], now: float) -> None:
    """Take away what an earlier daemon left.

    Args:
        home: the bridge's folder, held by this process.
        jobs: ids of the jobs that may have been in work.
        now: unix time, s.
    """
    atomic.sweep(home, "daemon.json")  # other files there are written by commands too
    for draft in home.glob(f"{DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)
    ours = [home / "outbox"]
    for job_id in jobs:
        folder = home / "jobs" / job_id
        ours += [folder, *(path for path in folder.glob("**/") if path.is_dir())]
    for folder in ours:
        atomic.sweep(folder)
    for left in (home / "inbox").glob(".*.tmp"):  # DAWs and the command line write there at any time
        with contextlib.suppress(OSError):
            if now - left.lstat().st_mtime > FOREIGN_AGE:
                left.unlink()
