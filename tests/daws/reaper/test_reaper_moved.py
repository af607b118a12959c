"""Tests that REAPER's messages name the command of this copy of the bridge, and what is shown after it was moved."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.client import START_PATIENCE
from tests.daws.reaper.rig import Rig

TERMINAL = r"'C:\Zoë''s %1 tools\ace-bridge.exe'"  # with characters that have a meaning in Lua's patterns
GONE = "/removed/.venv/bin/python"


def point(pointer: Path, **changes: Any) -> None:
    """Change values in a pointer file, as a daemon does that starts elsewhere."""
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), **changes}))


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def wait_in_vain(rig: Rig) -> str:
    """Request a remix that no daemon takes, and return the box that REAPER shows."""
    rig.item()
    rig.act("Remix with last settings")
    for _ in range(200):
        rig.host.clock += 1.0
        rig.host.tick(8)
        if rig.host.boxes:
            break
    (box,) = rig.host.boxes
    return box


def test_reaper_names_the_command_of_this_copy(rig: Rig) -> None:
    point(rig.scripts / "ace-bridge.json", terminal=TERMINAL)
    box = wait_in_vain(rig)
    assert "could not be started" in box
    assert f"Run `{TERMINAL} doctor` in a terminal" in box
    assert rig.host.executed


def test_reaper_gives_a_daemon_as_long_to_start_as_the_command_that_starts_it(rig: Rig) -> None:
    rig.item()
    rig.act("Remix with last settings")
    while not rig.host.executed:
        rig.host.clock += 1.0
        rig.host.tick(8)
    end = rig.host.clock + START_PATIENCE
    while rig.host.clock < end:
        rig.host.tick()
    assert rig.host.boxes == []


def test_reaper_says_that_the_bridge_was_moved_and_finds_it_again(rig: Rig) -> None:
    pointer = rig.scripts / "ace-bridge.json"
    point(pointer, command=[GONE, "-P", "-m", "bridge", "start"])
    box = wait_in_vain(rig)
    assert box.startswith(f"The bridge was moved or removed: {GONE} does not exist.")
    assert "The request is saved" in box
    rig.host.tick(8)
    assert len(rig.host.boxes) == 1
    assert rig.host.executed == []
    point(pointer, command=[sys.executable, "-P", "-m", "bridge", "start"])
    rig.act("Remix with last settings")
    rig.host.tick(60)
    (command,) = rig.host.executed
    assert command.startswith(f'"{sys.executable}"')


def test_a_pointer_of_an_older_version_names_the_plain_command(rig: Rig) -> None:
    assert "Run `ace-bridge doctor` in a terminal" in wait_in_vain(rig)


def test_a_program_outside_flatpaks_sandbox_does_not_count_as_missing(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path, name=".var/app/fm.reaper.Reaper/config/REAPER")
    rig.choose()
    point(rig.scripts / "ace-bridge.json", command=[GONE, "-P", "-m", "bridge", "start"])
    assert "could not be started" in wait_in_vain(rig)
    assert rig.host.executed
