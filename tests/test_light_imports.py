"""Tests which modules a process loads: short commands start fast, and the daemon loads no signal processing library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NUMERIC = ("numpy", "python_stretch", "scipy", "sounddevice", "soundfile", "soxr")


def loaded(code: str, *names: str) -> set[str]:
    """Run code in a new Python process, and return which of the named modules were loaded."""
    lines = ["import sys", "try:", f"    {code}", "except SystemExit:", "    pass"]
    lines.append(f"print('\\nloaded:', *[name for name in {names!r} if name in sys.modules])")
    program = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


HEAVY = ("numpy", "soundfile", "soxr", "httpx", "asyncio", "msgspec", "rich", "watchfiles", "sqlite3")
SLOW = (*HEAVY, "pythonosc", "logging", "subprocess", "dataclasses")  # too slow for `send`, which foot switches run


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["remix", "--help"]], ids=" ".join)
def test_help_is_light(words: list[str]) -> None:
    assert loaded(f"import bridge.cli.main; bridge.cli.main.main({words!r})", *HEAVY) == set()


def test_the_help_command_is_light() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bridge", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bridge.cli.main" in names
    assert names.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["bridge.cli.commands.send", "bridge.client", "bridge.cli.commands.daemon"])
def test_short_commands_are_light(module: str) -> None:
    assert loaded(f"import {module}", *SLOW) == set()


def test_the_name_of_a_style_family_needs_no_signal_library() -> None:
    choose = "from bridge.audio.offline.words import choose_name; assert choose_name('dub') == ('dub', True)"
    assert loaded(choose, *NUMERIC) == set()
    assert loaded("import bridge.cli.commands.remix, bridge.cli.commands.settings", *NUMERIC) == set()


def test_the_daemon_loads_midi_libraries_on_demand() -> None:
    assert loaded("import bridge.daemon", "mido", "rtmidi2", "jack", "bridge.midi.surface") == set()
    assert loaded("import bridge.midi.requests", "mido") == {"mido"}
    assert loaded("import bridge.midi.requests, bridge.midi.port_process", "rtmidi2", "jack") == set()


@pytest.mark.parametrize(
    "module", ["bridge.daemon", "bridge.jobs.pipeline", "bridge.osc.server", "bridge.audition.player"]
)
def test_the_daemon_loads_no_signal_processing_library(module: str) -> None:
    assert loaded(f"import {module}", *NUMERIC) == set()
