"""Keeps what the tests download or build in the user's cache folder. A build that was interrupted is never used."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.progress import step

UNUSED = 14 * 86400.0  # age at which another version of an entry is deleted, s since its last use


def folder() -> Path:
    """Return the folder of all entries: `ace-bridge-tests` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    found = Path(base) / "ace-bridge-tests"
    found.mkdir(parents=True, exist_ok=True)
    return found


def key(*facts: object) -> str:
    """Return a short hash of everything that an entry is made from."""
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:12]


def cached(name: str, version: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of an entry. If there is none, make it first.

    Args:
        name: name of the entry. Only one process at a time makes an entry of this name.
        version: hash of what the entry is made from (`key`).
        make: function that fills a new, empty folder. The folder is renamed only after it returns.
    """
    entry = folder() / f"{name}-{version}"
    with locked(name):
        if not entry.is_dir():
            partial = folder() / f"partial-{name}"
            _remove(partial)
            partial.mkdir()
            make(partial)
            partial.rename(entry)
        os.utime(entry)
        _remove_unused(name, entry)
    return entry


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of an entry, which ends with the process. Wait while another process holds it."""
    with (folder() / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"Waiting for another process that prepares {name}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_unused(name: str, entry: Path) -> None:
    """Delete other versions of an entry that nobody has used for two weeks."""
    for other in folder().glob(f"{name}-" + "[0-9a-f]" * len(key())):
        if other != entry and time.time() - other.stat().st_mtime > UNUSED:
            _remove(other)


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)
