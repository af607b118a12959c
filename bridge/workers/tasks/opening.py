"""What the tasks share: sound files opened with errors that people understand, and checked arguments.

bridge.audio knows no errors of the bridge; here its exceptions become them, for sources and for results.
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
LITTLE_ROOM = 2**20  # bytes: a write that fails with less than this left failed for want of room


@contextmanager
def opened(
    path: Path, errors: Mapping[type[files.FileError], type[BridgeError]], scratch: Path | None = None
) -> Iterator[files.Reader]:
    """Open a sound file; what goes wrong while it is open comes out as errors of the bridge.

    Args:
        path: the file.
        errors: SOURCE or RESULT.
        scratch: folder for what has to be decoded first.

    Raises:
        BridgeError: as the table says.
    """
    try:
        with files.Reader(path, scratch=scratch) as reader:
            yield reader
    except files.FileError as error:
        raise errors[type(error)](str(error)) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong while `path` is written into errors of the bridge, and leave no half-written file.

    Raises:
        DiskFull: there is no room left.
        OutputUnwritable: the folder takes no file.
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
    """Remove a half-written file; what keeps it there is the trouble that is told of already."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _is_full(path: Path) -> bool:
    try:
        return files.free_bytes(path) < LITTLE_ROOM
    except OSError:  # the folder itself is gone, which is another trouble
        return False


def number(values: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """Return a finite number from the arguments.

    Raises:
        RequestError: it is missing, no number, or outside low … high.
    """
    value = values.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RequestError(f"The clip's {name} is {value!r}, and it has to be a number.")
    if not low <= value <= high:
        raise RequestError(f"The clip's {name} is {value:g}, and it has to lie between {low:g} and {high:g}.")
    return float(value)
