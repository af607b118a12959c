"""Files that are either whole or not there: write aside, flush to the disk, rename.

Used for every file that another process or the next start reads.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.errors import BridgeError, DiskFull, OutputUnwritable


def settle(partial: Path, final: Path) -> None:
    """Bring a complete file to its name: its bytes are on the disk before the name is.

    Raises:
        DiskFull, OutputUnwritable: as `explained` says.
    """
    with explained(final):
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(final)
        sync_folder(final.parent)


def holds(path: Path) -> bool:
    """Tell whether there is a file with anything in it; a power cut can leave one without a byte."""
    return path.is_file() and path.stat().st_size > 0


def write_bytes(path: Path, data: bytes, *, sync: bool = True, mode: int = 0o600) -> None:
    """Replace a file's content in one step.

    Args:
        path: the file.
        data: its new content.
        sync: whether it must outlive a power cut.
        mode: permissions of the new file.

    Raises:
        DiskFull, OutputUnwritable: as `explained` says.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with explained(path):
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            discard(partial)
            raise
        if sync:
            sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any], *, sync: bool = True) -> None:
    """Replace a JSON file in one step (see `write_bytes`); a path that is no UTF-8 stands in it escaped."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=1).encode()
    write_bytes(path, text, sync=sync)


def discard(partial: Path) -> None:
    """Remove a half-written file; what keeps it there is the trouble that is told of already."""
    with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)


def sweep(folder: Path, name: str = "*") -> None:
    """Take away what writers of a folder's files, or of one file, left when they were killed; nobody may write now."""
    pattern = f".{glob.escape(name) if name != '*' else name}.*.tmp"
    for left in folder.glob(pattern):
        discard(left)


def require_room(folder: Path, size: float, what: str) -> None:
    """Make sure that a folder's disk takes so many bytes.

    Raises:
        DiskFull: it does not; `what` says what is left undone.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DiskFull(
            f"The disk that holds {folder} has {free / 1e6:.0f} MB left, and {size / 1e6:.0f} are needed; {what}."
        )


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and some file systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def explained(path: Path) -> Any:
    """Turn the system's word about a file into one that a musician can act on."""
    try:
        yield
    except OSError as problem:
        raise explain(problem, path) from problem


def explain(problem: OSError, path: Path) -> BridgeError:
    """Return the error for a failed write to `path`."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There is no room left on the disk that holds {path.parent}.")
    return OutputUnwritable(f"{path} cannot be written: {problem.strerror or problem}.")
