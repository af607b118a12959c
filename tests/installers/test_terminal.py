"""Tests what a user types in a terminal to run this copy of ace-bridge, and that the shell understands it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config.home import home_folder
from bridge.installers.installer import start_command
from bridge.installers.terminal import terminal_text, with_commands

HERE = {"HOME": "/home/me", "USERPROFILE": r"C:\Users\me"}


def home_of(platform: str) -> Path:
    return home_folder(HERE, platform)


def test_the_program_beside_python_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë's tools" / "bin"
    folder.mkdir(parents=True)
    (folder / "ace-bridge").write_text('#!/bin/sh\nprintf "%s|" "$0" "$@"\n')
    (folder / "ace-bridge").chmod(0o755)
    text = terminal_text(start_command(home_of("linux"), str(folder / "python")), "linux", HERE)
    if os.name == "posix":
        done = subprocess.run(["sh", "-c", f"{text} doctor"], capture_output=True, text=True, check=True)
        assert done.stdout == f"{folder / 'ace-bridge'}|doctor|"


@pytest.mark.only_on("posix", because="a POSIX shell")
def test_without_such_a_program_the_module_runs_from_any_folder(tmp_path: Path) -> None:
    home = tmp_path / "my home"
    copy = tmp_path / "no program here"
    copy.symlink_to(sys.executable)
    text = terminal_text(start_command(home, str(copy)), "linux", HERE)
    assert text == f"'{copy}' -P -m bridge --home '{home}'"
    command = text.replace(str(copy), sys.executable)  # a link finds no packages
    done = subprocess.run(["sh", "-c", f"{command} --help"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.startswith("usage: ace-bridge")


@pytest.mark.only_on("posix", because="the paths are those of other systems")
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_home_is_named_only_if_it_is_not_the_usual_one(platform: str) -> None:
    usual = start_command(home_of(platform), "/x/python")
    other = start_command(Path("/other"), "/x/python")
    assert terminal_text(usual, platform, HERE) == "/x/python -P -m bridge"
    assert terminal_text(other, platform, HERE) == "/x/python -P -m bridge --home /other"
    chosen = HERE | {"ACE_BRIDGE_HOME": "/other"}  # a terminal opened later lacks this variable
    assert terminal_text(other, platform, chosen) == "/x/python -P -m bridge --home /other"


@pytest.mark.parametrize(
    ("python", "text"),
    [
        (r"C:\Python311\python.exe", r"C:\Python311\python.exe -P -m bridge"),
        (r"C:\Users\Zoë M\python.exe", r"& 'C:\Users\Zoë M\python.exe' -P -m bridge"),
        (r"C:\it's $new\python.exe", r"& 'C:\it''s $new\python.exe' -P -m bridge"),
    ],
)
def test_powershell_gets_a_quoted_path_after_an_ampersand(python: str, text: str) -> None:
    assert terminal_text(start_command(home_of("win32"), python), "win32", HERE) == text


def test_windows_programs_have_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "ace-bridge.exe").touch()
    text = terminal_text(start_command(home_of("win32"), str(tmp_path / "python.exe")), "win32", HERE)
    assert text.removeprefix("& ").strip("'") == str(tmp_path / "ace-bridge.exe")


def test_every_command_in_a_text_is_replaced() -> None:
    text = "Run `ace-bridge start`, then `ace-bridge remix FILE`. `ace-bridge` and ace-bridge_Install.lua; `bridge`."
    assert with_commands(text, r"C:\a\1") == (
        r"Run `C:\a\1 start`, then `C:\a\1 remix FILE`. `C:\a\1` and ace-bridge_Install.lua; `bridge`."
    )
