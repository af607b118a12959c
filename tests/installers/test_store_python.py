"""Tests that a Python from the Microsoft Store writes nothing for other programs, and says why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import StorePython
from bridge.installers.autostart import autostart_of
from bridge.installers.base import Installation, Own
from bridge.installers.installer import Installer, Pointer, refresh
from bridge.util.store_python import is_from_store, refuse_store_python
from tests.fakes.processes import environment

ROOT = Path(__file__).resolve().parents[2]
STORE = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.2800.0_x64__qbz5n2kfra8p0"


@pytest.mark.parametrize(
    ("base_prefix", "expected"),
    [
        (STORE, True),
        (r"c:\program files\windowsapps\pythonsoftwarefoundation.python.3.14_3.14.0.0_arm64__qbz5n2kfra8p0", True),
        (r"C:\Users\me\AppData\Local\Programs\Python\Python312", False),
        (r"C:\Users\me\AppData\Local\Python\pythoncore-3.14-64", False),  # by the Python install manager
        (r"C:\Users\WindowsApps fan\Python", False),
        ("/usr", False),
    ],
)
def test_a_python_from_the_store_is_known_by_its_folder(base_prefix: str, expected: bool) -> None:
    assert is_from_store(base_prefix) is expected


def test_this_python_is_not_from_the_store() -> None:
    refuse_store_python()


def plan(folder: Path) -> Installation:
    return Installation("reaper", "REAPER", (Own(folder / "a.lua", b"--"),), folder / "ace-bridge.json")


@pytest.mark.parametrize("dry", [False, True])
def test_no_script_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry: bool) -> None:
    monkeypatch.setattr(sys, "base_prefix", STORE)
    with pytest.raises(StorePython, match="Microsoft Store"):
        Installer(Pointer(tmp_path / "home", ("python", "start"), "1")).install(plan(tmp_path / "daw"), dry=dry)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_another_python_stay_but_can_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "daw").mkdir()
    Installer(Pointer(tmp_path / "home", ("python", "start"), "1")).install(plan(tmp_path / "daw"))
    pointer = (tmp_path / "daw" / "ace-bridge.json").read_bytes()
    monkeypatch.setattr(sys, "base_prefix", STORE)
    newer = Pointer(tmp_path / "home", ("moved", "start"), "2")
    assert refresh(newer) == []
    assert (tmp_path / "daw" / "ace-bridge.json").read_bytes() == pointer
    Installer(newer).uninstall(plan(tmp_path / "daw"))
    assert list((tmp_path / "daw").iterdir()) == []


def test_no_autostart_entry_is_written_or_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}
    home = tmp_path / "home"
    home.mkdir()
    autostart_of(home, environ, "linux", "/old/python").on(now=False)
    monkeypatch.setattr(sys, "base_prefix", STORE)
    entry = autostart_of(home, environ, "linux", "/store/python")
    with pytest.raises(StorePython):
        entry.on(now=False)
    assert entry.refresh() is False
    assert entry.status().command[0] == "/old/python"


def run(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the bridge in a Python that takes itself for one from the Store."""
    code = "import sys; sys.base_prefix = sys.argv.pop(1); from bridge.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", code, STORE, *words]
    environ = {**environment(tmp_path / "home"), "HOME": str(tmp_path)}
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ["install", "reaper", "--folder", "REAPER"],
        ["install", "live", "--folder", "Live", "--yes"],
        ["autostart", "on"],
    ],
    ids=" ".join,
)
def test_commands_are_refused_with_the_next_step(tmp_path: Path, words: list[str]) -> None:
    folders = [str(tmp_path) if word in ("REAPER", "Live") else word for word in words]
    done = run(tmp_path, *folders)
    assert done.returncode == 1
    assert "Microsoft Store" in done.stderr
    assert "https://www.python.org/downloads/" in done.stderr
    assert "[store_python]" in done.stderr
    assert not list(tmp_path.rglob("*ace-bridge*"))


def test_help_works_and_the_doctor_reports_it(tmp_path: Path) -> None:
    assert run(tmp_path, "--help").stdout.startswith("usage: ace-bridge")
    done = run(tmp_path, "doctor", "--json")
    found = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert found["python"]["level"] == "trouble"
    assert "python.org" in found["python"]["fix"]
    assert done.returncode == 1
