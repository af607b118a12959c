"""Runs `ace-bridge.cmd` on Windows, or under Wine, up to the point where PowerShell would start."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.only_on("windows", because="cmd.exe")


def runs(folder: Path, **environ: str) -> tuple[int, str]:
    """Double-click the installer in a folder with a space; return its exit status and what it prints."""
    done = subprocess.run(
        ["cmd.exe", "/c", "ace-bridge.cmd"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environ},
        cwd=folder,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout.decode("ascii", "replace")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "install", tmp_path / "my installer (1)"))


def test_a_file_that_was_not_unpacked_is_explained(folder: Path) -> None:
    (folder / "ace-bridge.ps1").unlink()
    status, said = runs(folder)
    assert status == 1
    assert "ace-bridge.ps1 is missing. Unpack the whole zip file first" in said
    assert "Press any key" in said


def test_a_missing_powershell_is_explained(folder: Path) -> None:
    system = str(Path(os.environ["SYSTEMROOT"]) / "system32")  # without the folder of PowerShell
    status, said = runs(folder, PATH=system)
    assert status == 1
    assert "Windows PowerShell is missing or blocked." in said
    assert "Press any key" in said
