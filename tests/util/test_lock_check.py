"""Tests whether a held lock is recognised, on POSIX with real processes and on Windows with a fake `msvcrt`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.util.lock_check import is_locked

HOLD = """
import sys, filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


class Msvcrt(SimpleNamespace):
    """The functions of Windows' `msvcrt` for locks: `locking` refuses a byte that another process has locked."""

    LK_UNLCK, LK_NBLCK = 0, 2

    def __init__(self, foreign: bool) -> None:
        super().__init__(foreign=foreign, calls=[])

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert descriptor > 2
        self.calls.append((mode, count))
        if self.foreign:
            raise PermissionError(13, "Permission denied")


@pytest.mark.only_on("posix", because="uses flock")
def test_the_lock_of_a_process_ends_with_the_process(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    assert not is_locked(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(path)
        holder.kill()
        holder.wait()
    assert path.exists()
    assert not is_locked(path)


@pytest.mark.parametrize("foreign", [True, False])
def test_windows_looks_at_the_byte_that_filelock_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: bool
) -> None:
    fake = Msvcrt(foreign)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    path = tmp_path / "daemon.lock"
    assert not is_locked(path, "win32")
    assert fake.calls == []
    path.touch()
    assert is_locked(path, "win32") is foreign
    assert fake.calls == ([(Msvcrt.LK_NBLCK, 1)] if foreign else [(Msvcrt.LK_NBLCK, 1), (Msvcrt.LK_UNLCK, 1)])
