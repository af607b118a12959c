"""Lists the open files of this process, for tests that check that none is left open."""

from __future__ import annotations

import contextlib
import os


def open_files() -> set[tuple[int, int, int]]:
    """Return the descriptor, device and inode of each open file, pipe and socket.

    A test compares the files and not their number, because a file that an earlier test left to the garbage collector
    may be closed at any time.
    """
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the descriptor with which the folder was listed
            about = os.fstat(int(name))
            found.add((int(name), about.st_dev, about.st_ino))
    return found
