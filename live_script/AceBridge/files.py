"""Reads, replaces and removes files that the bridge or a virus scanner may have open at the moment.

Windows refuses to replace or remove an open file, and to open a file that is being replaced. The functions then try
again, but only for a short time, because Live does not respond while a script waits.
"""

from __future__ import annotations

import os
import time

PAUSES = (0.005, 0.01, 0.02, 0.04)  # seconds before each further attempt
IN_USE = (5, 32, 33)  # Windows' ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION
ELSEWHERE = 0  # an OSError has no Windows code on other systems; on Windows, `open` leaves the code empty


def read(path):
    """Return a file's content as bytes."""
    return _when_free(lambda: _content(path))


def replace(partial, path):
    """Rename a file; a file with the new name is replaced."""
    _when_free(lambda: os.replace(partial, path))


def remove(path):
    """Remove a file."""
    _when_free(lambda: os.remove(path))


def _when_free(action):
    for pause in PAUSES:
        try:
            return action()
        except OSError as problem:
            code = getattr(problem, "winerror", ELSEWHERE)
            if code not in IN_USE and not (code is None and isinstance(problem, PermissionError)):
                raise
        time.sleep(pause)
    return action()


def _content(path):
    with open(path, "rb") as file:
        return file.read()
