"""Replaces and removes files that another program may have open at the moment.

Windows refuses to replace or remove an open file: one that a DAW script reads, or that a virus scanner or the search
index looks through. Such programs close the file soon, so these functions try again for about a second before they
raise the error. Other systems do not refuse, so there every error is raised at once. The functions can block; on the
event loop, call them with `asyncio.to_thread`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import sleep
from typing import TypeVar

Result = TypeVar("Result")

PAUSES = (0.001, 0.002, 0.004, 0.008, *(0.01,) * 98)  # seconds before each further attempt; 1 s in total
NO_WAIT: tuple[float, ...] = ()  # pauses for a caller that must not block
# Windows' error codes (learn.microsoft.com/windows/win32/debug/system-error-codes). ERROR_ACCESS_DENIED can also mean
# that the user has no permission, and ERROR_DIR_NOT_EMPTY that somebody adds files.
OPENING = -1  # stands for the codes that Python hides when it cannot open a file
IN_USE = frozenset({32, 33, 303, 1224, OPENING})  # SHARING_VIOLATION, LOCK_VIOLATION, DELETE_PENDING, USER_MAPPED_FILE
MAYBE_IN_USE = frozenset({5, 145})  # ACCESS_DENIED, DIR_NOT_EMPTY


def replace(path: Path, target: Path, *, pauses: Iterable[float] = PAUSES) -> None:
    """Rename a file or folder; a file with the new name is replaced."""
    when_free(lambda: path.replace(target), pauses)


def remove(path: Path, *, missing_ok: bool = False) -> None:
    """Remove a file."""
    try:
        when_free(path.unlink)
    except FileNotFoundError:
        if not missing_ok:
            raise


def remove_empty(folder: Path) -> None:
    """Remove an empty folder; one that is not empty stays, as does one that the system does not let go."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def remove_tree(folder: Path, *, ignore_errors: bool = False) -> None:
    """Remove a folder with everything in it.

    Args:
        folder: the folder.
        ignore_errors: whether to leave what cannot be removed, instead of raising the first error.
    """
    import shutil  # imported here to keep the client for the command line quick to import

    try:
        when_free(lambda: shutil.rmtree(folder))
    except OSError:
        if ignore_errors:
            shutil.rmtree(folder, ignore_errors=True)
        elif os.path.lexists(folder):  # otherwise, another program has finished the removal
            raise


def read(path: Path) -> bytes:
    """Return a file's content; a file that is being replaced cannot be opened for a moment."""
    return when_free(path.read_bytes)


def when_free(action: Callable[[], Result], pauses: Iterable[float] = PAUSES) -> Result:
    """Return the result of an action; while it fails because another program has the file open, try again.

    Args:
        action: function that opens, renames or removes a file, and can be called again after an error.
        pauses: seconds to wait before each further attempt.

    Raises:
        OSError: the error of the last attempt, or at once any error with another cause.
    """
    for pause in pauses:
        try:
            return action()
        except OSError as problem:
            if _windows_code(problem) not in IN_USE | MAYBE_IN_USE:
                raise
        sleep(pause)
    return action()


def is_in_use(problem: OSError) -> bool:
    """Return whether an operation failed because another program has the file open.

    An open that Windows refused counts too, because missing permission is much rarer there.
    """
    return _windows_code(problem) in IN_USE


def _windows_code(problem: OSError) -> int:
    """Return Windows' error code; 0 on other systems, where an OSError has no such attribute.

    `open` and `os.open` use the C library, which turns ACCESS_DENIED, SHARING_VIOLATION and LOCK_VIOLATION into EACCES.
    """
    code: int | None = getattr(problem, "winerror", 0)
    return code or (OPENING if code is None and isinstance(problem, PermissionError) else 0)
