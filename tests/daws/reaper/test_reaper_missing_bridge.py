"""Tests the action “Install” if ace-bridge itself is not installed: it offers to start ace-bridge's installer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.daws.reaper.rig import SCRIPTS, Rig


def rig_in_copy(home: Path, tmp_path: Path, system: str) -> Rig:
    """Return a REAPER that runs the scripts in a copy of the project, without a pointer file."""
    rig = Rig(home, tmp_path, system=system)
    (rig.scripts / "ace-bridge.json").unlink()
    copy = rig.resources / "my copy"  # where the mock translates paths
    shutil.copytree(SCRIPTS, copy / "reaper_scripts")
    shutil.copytree(SCRIPTS.parent / "install", copy / "install")
    rig.scripts = copy / "reaper_scripts"
    return rig


@pytest.mark.parametrize(
    ("system", "starts", "suffix"),
    [
        ("Win64", 'cmd.exe /c start "ACE Bridge" "', "cmd"),
        ("macOS-arm64", '/usr/bin/open "', "command"),
        ("OSX64", '/usr/bin/open "', "command"),
        ("Other", 'x-terminal-emulator -e "', "command"),
    ],
)
def test_the_installer_is_started_with_consent(
    home: Path, tmp_path: Path, system: str, starts: str, suffix: str
) -> None:
    rig = rig_in_copy(home, tmp_path, system)
    rig.host.answers = [True]
    rig.act("Install")
    assert rig.host.boxes[0].startswith("ace-bridge itself is not installed for this REAPER yet. Start its installer?")
    (command,) = rig.host.executed
    assert command.startswith(starts)
    named = command.removeprefix(starts).removesuffix('"')
    assert Path(rig.host.paths.real(named)).resolve() == rig.resources / "my copy" / "install" / f"ace-bridge.{suffix}"
    rig.host.verify()


def test_nothing_is_started_without_consent(home: Path, tmp_path: Path) -> None:
    rig = rig_in_copy(home, tmp_path, "macOS-arm64")
    rig.host.answers = [False]
    rig.act("Install")
    assert len(rig.host.boxes) == 1
    assert rig.host.executed == []


def test_without_the_installer_the_box_says_where_it_is(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path)
    (rig.scripts / "ace-bridge.json").unlink()
    rig.act("Install")
    (box,) = rig.host.boxes
    assert "Run `ace-bridge install reaper` in a terminal." in box
    assert "double-click the installer in its folder" in box
    assert rig.host.executed == []
