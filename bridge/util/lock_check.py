"""Tells whether a process holds a file lock, with the standard library alone and without waiting.

filelock locks the whole file on Linux and macOS (flock), and byte 0 on Windows (LockFileEx). The system releases the
lock when the process ends, however it ends, so a locked file proves that a process is running.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from bridge.util import busy_files


def is_locked(path: Path, platform: str = sys.platform) -> bool:
    """Return whether another process has locked a file; a missing file is not locked.

    Args:
        path: the lock file.
        platform: the system's name, as in `sys.platform`.
    """
    try:
        file = busy_files.when_free(lambda: path.open("rb"))  # Windows: filelock removes the file when it is released
    except FileNotFoundError:
        return False
    with file:
        try:
            _lock_briefly(file, platform)
        except OSError:
            return True
    return False


def _lock_briefly(file: BinaryIO, platform: str) -> None:
    """Lock a file and release it at once (raises OSError if it is locked).

    On POSIX the lock is shared. On Windows it is exclusive, so of two commands that look at the same moment, one may
    see the other's lock. A starting daemon therefore tries for longer than such a look takes.
    """
    if platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
