"""Flushes files to the disk, so that they survive a power cut.

On macOS, `os.fsync` leaves the data in the drive's own cache, and only F_FULLFSYNC empties that cache (fsync(2) of
macOS). Some file systems there, such as network drives, do not support it; they get `os.fsync`.
"""

from __future__ import annotations

import errno
import os
from types import ModuleType
from typing import BinaryIO

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

UNSUPPORTED = (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY)


def flush(file: BinaryIO) -> None:
    """Flush all that was written to a file to the disk."""
    file.flush()
    flush_handle(file.fileno())


def flush_handle(handle: int) -> None:
    """Flush an open file or folder to the disk."""
    full = getattr(fcntl, "F_FULLFSYNC", None)  # exists on macOS only
    if fcntl is None or full is None:
        os.fsync(handle)
        return
    try:
        fcntl.fcntl(handle, full)
    except OSError as problem:
        if problem.errno not in UNSUPPORTED:
            raise
        os.fsync(handle)
