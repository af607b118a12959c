"""Helpers for the tasks: open and write files, convert file errors to bridge errors, and validate arguments.

bridge.audio raises its own exceptions; the tables SOURCE and RESULT map them to bridge errors.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bridge.audio import files
from bridge.errors import (
    BridgeError,
    DiskFull,
    FormatNeedsFfmpeg,
    OutputUnwritable,
    RequestError,
    ResultError,
    ResultNotAudio,
    ResultTruncated,
    SourceChanged,
    SourceMissing,
    SourceTruncated,
    SourceUnreadable,
)
from bridge.util import busy_files

SOURCE: Mapping[type[files.FileError], type[BridgeError]] = {
    files.Missing: SourceMissing,
    files.Unreadable: SourceUnreadable,
    files.CutShort: SourceTruncated,
    files.Changed: SourceChanged,
    files.NeedsFfmpeg: FormatNeedsFfmpeg,
}
RESULT: Mapping[type[files.FileError], type[ResultError]] = {
    files.Missing: ResultNotAudio,
    files.Unreadable: ResultNotAudio,
    files.CutShort: ResultTruncated,
    files.Changed: ResultError,
    files.NeedsFfmpeg: ResultNotAudio,
}
LITTLE_ROOM = 2**20  # bytes; if a write fails with less free space than this, the disk counts as full


@contextmanager
def opened(
    path: Path, errors: Mapping[type[files.FileError], type[BridgeError]], scratch: Path | None = None
) -> Iterator[files.Reader]:
    """Open a sound file, and convert file errors to bridge errors while the file is open.

    Args:
        path: the file.
        errors: SOURCE or RESULT.
        scratch: folder for audio that ffmpeg decodes.

    Raises:
        BridgeError: the file cannot be used; `errors` gives the class of the error.
    """
    try:
        with files.Reader(path, scratch=scratch) as reader:
            yield reader
    except files.FileError as error:
        raise errors[type(error)](str(error)) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert errors to bridge errors while `path` is being written, and delete the unfinished file after any error.

    Raises:
        DiskFull: the disk is full.
        OutputUnwritable: the folder is not writable.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) or _is_full(path)
        _discard(path)
        folder = files.shown(path.parent, whole=True)
        if full:
            raise DiskFull(f"There is no room left on the disk that holds {folder}.") from error
        raise OutputUnwritable(f"Nothing can be written into {folder}: {error.strerror or error}.") from error
    except BaseException:
        _discard(path)
        raise


def _discard(path: Path) -> None:
    """Delete an unfinished file. A failure is ignored, because the original error is reported anyway."""
    with suppress(OSError):
        busy_files.remove(path, missing_ok=True)


def _is_full(path: Path) -> bool:
    try:
        return files.free_bytes(path) < LITTLE_ROOM
    except OSError:  # the folder does not exist
        return False


def number(values: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """Return a finite number from the arguments.

    Raises:
        RequestError: the value is missing, not a number, less than `low` or greater than `high`.
    """
    value = values.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RequestError(f"The clip's {name} is {value!r}; it must be a number.")
    if not low <= value <= high:
        raise RequestError(f"The clip's {name} is {value:g}; it must be between {low:g} and {high:g}.")
    return float(value)
