"""Tests that files reach the disk: on macOS with F_FULLFSYNC, which this test fakes, and elsewhere with `os.fsync`."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.engines.fal import download
from bridge.store.database import Database
from bridge.util import atomic, flush

ROOT = Path(__file__).resolve().parents[2]
F_FULLFSYNC = 51  # its number on macOS


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every `os.fsync`."""
    calls: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append("fsync"))
    return calls


def macos(monkeypatch: pytest.MonkeyPatch, calls: list[str], refusal: int | None = None) -> None:
    """Offer F_FULLFSYNC as macOS does; with `refusal`, the file system refuses it with this error number."""

    def control(handle: int, command: int) -> int:
        os.fstat(handle)  # the handle is open
        assert command == F_FULLFSYNC
        calls.append("F_FULLFSYNC")
        if refusal is not None:
            raise OSError(refusal, "refused")
        return 0

    monkeypatch.setattr(flush, "fcntl", SimpleNamespace(F_FULLFSYNC=F_FULLFSYNC, fcntl=control))


def settles(folder: Path) -> None:
    (folder / "partial").write_bytes(b"new")
    atomic.settle(folder / "partial", folder / "file")


def writes(folder: Path) -> None:
    atomic.write_bytes(folder / "file", b"new")


def downloads(folder: Path) -> None:
    with (folder / "file").open("wb") as file:
        download._append(file, b"new", sync=True)


@pytest.mark.only_on("posix", because="Windows flushes no folders")
@pytest.mark.parametrize(("write", "count"), [(settles, 2), (writes, 2), (downloads, 1)])  # the file, and its folder
def test_on_macos_the_drives_cache_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str], write: Callable[[Path], None], count: int
) -> None:
    macos(monkeypatch, synced)
    write(tmp_path)
    assert synced == ["F_FULLFSYNC"] * count
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("refusal", [errno.ENOTSUP, errno.EINVAL, errno.ENOTTY])
def test_a_file_system_without_it_gets_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str], refusal: int
) -> None:
    macos(monkeypatch, synced, refusal)
    downloads(tmp_path)
    assert synced == ["F_FULLFSYNC", "fsync"]


def test_a_failed_flush_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str]) -> None:
    macos(monkeypatch, synced, errno.EIO)
    with pytest.raises(OSError, match="refused"):
        downloads(tmp_path)
    assert synced == ["F_FULLFSYNC"]


def test_other_systems_get_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str]) -> None:
    monkeypatch.setattr(flush, "fcntl", None)  # as on Windows
    downloads(tmp_path)
    assert synced == ["fsync"]


@pytest.mark.parametrize("name", ["fullfsync", "checkpoint_fullfsync"])
def test_the_journal_is_flushed_in_the_same_way(tmp_path: Path, name: str) -> None:
    database = Database(tmp_path / "bridge.db")
    try:
        assert database._db.execute(f"PRAGMA {name}").fetchone() == (1,)
    finally:
        database.close()


@pytest.mark.only_on("posix", because="the source text is the same on each system")
def test_no_other_module_calls_fsync() -> None:
    found = [
        path.name
        for path in sorted((ROOT / "bridge").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("fsync", "fdatasync")
    ]
    assert set(found) == {"flush.py"}
