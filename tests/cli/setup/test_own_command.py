"""Tests what the setup tells the user to type: `ace-bridge` only if that runs this copy."""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.cli.setup.own_command import own_command


def test_the_name_alone_is_enough_if_it_runs_this_copy(tmp_path: Path) -> None:
    own = Path(sys.executable).with_name("ace-bridge")
    assert own.exists()
    linked = tmp_path / "ace-bridge"
    linked.symlink_to(own)
    assert own_command(lambda name: str(linked), tmp_path) == "ace-bridge"


def test_another_copy_or_none_on_path_gives_the_absolute_command(tmp_path: Path) -> None:
    other = tmp_path / "ace-bridge"
    other.write_text("#!/usr/bin/python3\n")
    for found in (None, str(other)):
        words = own_command(lambda name, found=found: found, tmp_path)
        assert words.startswith(str(Path(sys.executable).parent)), words
        assert "--home" in words
    windows = own_command(lambda name: None, tmp_path, r"C:\Program Files\ace\python.exe", "win32")
    assert windows.startswith(("& '", '& "'))  # PowerShell runs a quoted path only after "&"
