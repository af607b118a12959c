"""Tests that Live's script waits a moment for a file that another program has open, as Windows requires."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from bridge.config import resources
from tests.fakes.windows_files import WindowsFiles, sharing_violation


@pytest.fixture
def files(windows_files: WindowsFiles) -> ModuleType:
    path = resources.file("live_script", "AceBridge/files.py")
    spec = importlib.util.spec_from_file_location("ace_bridge_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.time = SimpleNamespace(sleep=windows_files.pause)  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("name", ["replace", "remove"])
def test_it_acts_once_the_reader_has_closed_the_file(
    files: ModuleType, windows_files: WindowsFiles, tmp_path: Path, name: str
) -> None:
    (tmp_path / "held").touch()
    arguments = [str(tmp_path / "held"), str(tmp_path / "elsewhere")][: 2 if name == "replace" else 1]
    with (tmp_path / "held").open("rb") as reader:
        windows_files.on_pause = lambda count: reader.close() if count == 2 else None
        getattr(files, name)(*arguments)
    assert not (tmp_path / "held").exists()
    assert windows_files.pauses == list(files.PAUSES[:2])


def test_it_reads_once_the_writer_has_replaced_the_file(
    files: ModuleType, windows_files: WindowsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outbox.json").write_bytes(b"{}")
    refusals, read = iter([sharing_violation(tmp_path, None), sharing_violation(tmp_path)]), files._content

    def content(path: str) -> bytes:
        for refusal in refusals:
            raise refusal
        return bytes(read(path))

    monkeypatch.setattr(files, "_content", content)
    assert files.read(str(tmp_path / "outbox.json")) == b"{}"
    assert windows_files.pauses == list(files.PAUSES[:2])


def test_it_gives_up_before_live_seems_to_hang(files: ModuleType, windows_files: WindowsFiles, tmp_path: Path) -> None:
    (tmp_path / "held").touch()
    with (tmp_path / "held").open("rb"), pytest.raises(PermissionError):
        files.remove(str(tmp_path / "held"))
    assert windows_files.pauses == list(files.PAUSES)
    assert sum(files.PAUSES) < 0.1


def test_another_error_is_raised_at_once(files: ModuleType, windows_files: WindowsFiles, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read(str(tmp_path / "missing"))
    assert windows_files.pauses == []
