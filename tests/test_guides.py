"""Tests the commands in the README and in the guides: that they exist, and that those of the README work as written."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.cli.parser import build_parser
from tests.fakes.studio import write_tone
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ("README.md", "docs/windows.md", "docs/macos.md")
INSTALLERS = re.compile(r"(pipx|uv tool) (install (\.|\"\.\[[a-z]+\]\")|ensurepath|update-shell)")
NEEDS_ANSWERS = ("config set-key", "setup", "install", "uninstall")


def commands(text: str) -> list[str]:
    """Return the commands in a page: lines of code blocks, and code in tables and sentences that is a command."""
    blocks = re.findall(r"```(?:sh|powershell)\n(.*?)```", text, re.DOTALL)
    lines = [re.sub(r"\s{2,}#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    begins = ("ace-bridge ", "scripts/", "py ", "pipx ", "uv ")
    return [one for one in [*lines, *inline] if one.startswith(begins)]


def problem(command: str) -> str | None:
    """Return what is wrong with a command: its program, option or file does not exist."""
    words = shlex.split(command, posix="\\" not in command)
    if words[0] == "ace-bridge":
        return unparsable(words[1:])
    if words[0] in ("pipx", "uv"):
        return None if INSTALLERS.fullmatch(command) else "is not a known way to install"
    if words[0] == "py":
        words = words[1:]
    return None if (ROOT / words[0].replace("\\", "/")).is_file() else "does not exist"


def unparsable(words: list[str]) -> str | None:
    """Return the error of the command line's parser; None if it accepts the words."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            build_parser().parse_args([word.replace("FILE", "x.wav").replace("NAME", "x") for word in words])
    except SystemExit:
        return said.getvalue()
    return None


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_in_a_guide_exists(guide: str) -> None:
    found = commands((ROOT / guide).read_text("utf-8"))
    assert len(found) > 5
    assert [(one, problem(one)) for one in found if problem(one)] == []


def test_unknown_commands_are_found() -> None:
    text = "Run `scripts/dmeo` or `pipx instal .`.\n```sh\nace-bridge remiks x.wav   # a comment\n```\n"
    assert [one for one in commands(text) if problem(one)] == [
        "ace-bridge remiks x.wav",
        "scripts/dmeo",
        "pipx instal .",
    ]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_named_by_a_guide_exists(guide: str) -> None:
    text = (ROOT / guide).read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    paths = [name.replace("\\", "/") for name in re.findall(r"`(install[\\/][\w.-]+)`", text)]
    found = [(ROOT / guide).parent / link for link in links] + [ROOT / name for name in paths]
    assert found
    assert [str(path) for path in found if not path.exists()] == []


def test_windows_and_other_systems_have_the_same_commands_side_by_side() -> None:
    rows = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("|")]
    pairs = [
        cells for cells in (re.findall(r"`([^`]+)`", row) for row in rows) if commands(f"`{cells[0]}`" if cells else "")
    ]
    sides = [pair for pair in pairs if len(pair) == 2]
    assert {unix for unix, _ in sides} >= {"scripts/demo", "pipx install .", "uv tool install ."}
    for unix, windows in sides:
        assert windows in (unix, f"py scripts\\run.py {unix.removeprefix('scripts/')}")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="runs the commands in a POSIX shell")
def test_the_commands_of_the_readme_work_as_written(tmp_path: Path, home: Path) -> None:
    """Runs the blocks of the section “In the terminal”, without a key and with a token from daemon.json."""
    section = (ROOT / "README.md").read_text("utf-8").split("## In the terminal")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    runnable = [line for line in lines if not any(f"ace-bridge {word}" in line for word in NEEDS_ANSWERS)]
    assert len(runnable) >= 5
    for name in ("loop.wav", "take.wav"):
        write_tone(tmp_path / name, 9.0)
    program = tmp_path / "bin" / "ace-bridge"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m bridge "$@"\n')
    program.chmod(0o755)
    environ = {**os.environ, "ACE_BRIDGE_HOME": str(home), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    token = f"import json; print(json.load(open({str(home / 'daemon.json')!r}))['token'])"
    script = "set -e\n" + "\n".join(runnable).replace(" token ", f' "$({sys.executable} -c "{token}")" ')
    try:
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results = [Path(line) for line in done.stdout.splitlines() if line.endswith(".wav")]
        assert len(results) >= 5
        assert all(path.is_file() for path in results[:5])
    finally:
        stop = [str(program), "stop"]
        subprocess.run(stop, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=PATIENCE)
