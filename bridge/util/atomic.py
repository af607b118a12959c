"""Writes files atomically, by writing a temporary file, flushing it to the disk and renaming it.

Every file that is read by another process, or by a daemon that starts later, is written this way.
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
from bridge.util import busy_files
from bridge.util.flush import flush, flush_handle
from bridge.util.long_paths import extended, plain


def settle(partial: Path, final: Path) -> None:
    """Flush a complete file to the disk, then give it its final name.

    Raises:
        DiskFull, OutputUnwritable: see `explain`.
    """
    with explained(final):
        with partial.open("rb+") as file:
            flush(file)
        busy_files.replace(partial, final)
        sync_folder(final.parent)


def holds(path: Path) -> bool:
    """Return whether a file exists and is not empty; a power cut can leave an empty file."""
    path = extended(path)
    return path.is_file() and path.stat().st_size > 0


def make_folder(folder: Path) -> None:
    """Create a folder to which only this user has access, whatever the umask; its parent must exist.

    Raises:
        OSError: the folder cannot be created, or a file is in the way.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(0o700)  # mkdir applies the umask


def make_folders(folder: Path, top: Path) -> None:
    """Create a folder and its parents below `top`, to which only this user has access; `top` must exist.

    Raises:
        OSError: a folder cannot be created, or a file is in the way.
    """
    for inner in reversed(folder.relative_to(top).parents):
        if inner != Path():
            make_folder(top / inner)
    make_folder(folder)


def write_bytes(path: Path, data: bytes, *, sync: bool = True, mode: int = 0o600) -> None:
    """Replace a file's content atomically.

    Args:
        path: the file.
        data: new content of the file.
        sync: whether the new content must survive a power cut.
        mode: permissions of the new file.

    Raises:
        DiskFull, OutputUnwritable: see `explain`.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with explained(path):
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                if os.name == "posix" and not mode & 0o077:
                    os.fchmod(file.fileno(), mode)  # a private file is private and writable whatever the umask
                file.write(data)
                if sync:
                    flush(file)
            busy_files.replace(partial, path)
        except OSError:
            discard(partial)
            raise
        if sync:
            sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any], *, sync: bool = True) -> None:
    """Replace a JSON file atomically (see `write_bytes`); characters that are not valid UTF-8 are escaped."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=1).encode()
    write_bytes(path, text, sync=sync)


def discard(partial: Path) -> None:
    """Remove a partial file. A failure is ignored, because the error that left the file behind is reported anyway."""
    with contextlib.suppress(OSError):
        busy_files.remove(partial, missing_ok=True)


def sweep(folder: Path, name: str = "*") -> None:
    """Remove the temporary files that killed writers left in a folder; no writer may be running.

    Args:
        folder: folder to clean.
        name: final name of the file whose temporary files are removed; "*": those of every file are removed.
    """
    pattern = f".{glob.escape(name) if name != '*' else name}.*.tmp"
    for leftover in folder.glob(pattern):
        discard(leftover)


def require_room(folder: Path, size: float, what: str) -> None:
    """Check that a folder's disk has enough free space.

    Args:
        folder: a folder on the disk to check.
        size: space needed, bytes.
        what: what was not done, as a clause for the error text.

    Raises:
        DiskFull: the disk has less free space than `size`.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DiskFull(
            f"The disk that holds {folder} has {free / 1e6:.0f} MB free, but {size / 1e6:.0f} MB are needed; {what}."
        )


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, if the system supports this."""
    with contextlib.suppress(OSError):  # Windows cannot open folders, and some file systems cannot sync them
        handle = os.open(folder, os.O_RDONLY)
        try:
            flush_handle(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def explained(path: Path) -> Any:
    """Turn an OSError about `path` into a BridgeError (see `explain`)."""
    try:
        yield
    except OSError as problem:
        raise explain(problem, path) from problem


def explain(problem: OSError, path: Path) -> BridgeError:
    """Return the error for a failed write to `path`."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There is no room left on the disk that holds {plain(path.parent)}.")
    return OutputUnwritable(f"{plain(path)} cannot be written: {problem.strerror or problem}.")
