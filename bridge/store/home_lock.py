"""The lock on the bridge's home: only one process at a time may change the journal or remove the home."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bridge.errors import AlreadyRunning, HomeError

NAME = "daemon.lock"  # in the bridge's home
PATIENCE = 0.1  # s to wait for the lock; a command that checks the lock holds it only briefly


@contextlib.contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Lock a home, which must exist; the system releases the lock if this process crashes.

    Raises:
        AlreadyRunning: a daemon has locked the home.
        HomeError: the home cannot be locked.
    """
    lock = FileLock(home / NAME, mode=0o600)
    try:
        lock.acquire(timeout=PATIENCE, poll_interval=0.02)
    except Timeout:
        raise AlreadyRunning(f"A daemon is already running for {home}.") from None
    except OSError as problem:
        raise HomeError(f"{home} cannot be locked: {problem.strerror or problem}.") from problem
    try:
        yield
    finally:
        lock.release()
