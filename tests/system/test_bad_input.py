"""Sends every bad input to real daemons: each causes one clear sentence and a code, and nothing is lost.

The tests cover every row of the table in scripts/bad_inputs.py, which docs/errors.md shows. After each bad input, they
check that the sources are unchanged, that nothing was submitted by mistake, and that a good clip can be remixed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.home import prepare_home
from tests.fakes.bad_input_bench import OPEN, Bench, clear
from tests.fakes.fal_server import FalServer
from tests.fakes.faults import MAKE, MEND, PAID
from tests.fakes.processes import KEY, fal_environment, running
from tests.fakes.studio import write_tone
from tests.system.test_whole_path import cli

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from bad_inputs import BAD_INPUTS, BadInput


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("bench") / "home"
    prepare_home(home)
    folder = tmp_path_factory.mktemp("sources")
    environ = {"PATH": str(folder), "ACE_BRIDGE_INBOX_SAFETY_INTERVAL": "60"}  # this folder has no ffmpeg
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **environ)) as daemon:
        about = daemon.wait_until_up()
        yield Bench(home, fal, about["osc_port"], folder, write_tone(folder / "tone.wav"))


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Remove the test disks and stop the threads that rewrite files, even after a failed test."""
    yield
    for name in ("removed", "rewritten", "read_only", "full"):
        clear(name)
    OPEN.clear()


NEEDS = {"aac": "codecs", "removed": "disks", "read_only": "disks", "full": "disks"}  # input → `needs` marker


def marks(bad: BadInput) -> list[pytest.MarkDecorator]:
    return [pytest.mark.needs(NEEDS[bad.name])] if bad.name in NEEDS else []


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name, marks=marks(bad)) for bad in BAD_INPUTS])
def test_a_bad_input_gives_one_clear_error(bench: Bench, bad: BadInput, tmp_path: Path) -> None:
    orders = bench.orders
    before = hashed(bench.folder)
    error = MAKE[bad.name](bench, tmp_path)
    if not bad.code:
        assert error is None
        assert bench.orders == orders + 1
        return
    assert error is not None
    assert error["code"] == bad.code
    assert matches(bad.says, error["text"]), error["text"]
    assert error["hint"]
    assert "\n" not in error["text"]
    assert hashed(bench.folder) == before
    assert bench.orders == orders + (bad.name in PAID)
    if bad.name in MEND:  # the remix resumes once the cause is fixed
        MEND[bad.name](bench, tmp_path)
        assert bench.orders == orders + 1
    assert bench.remix(bench.tone, remix={"seed": len(bench.sent)}) is None  # the next job still runs


@pytest.mark.parametrize("end", [[], ["--json"]], ids=["people", "scripts"])
def test_the_command_line_shows_the_same_error(bench: Bench, tmp_path: Path, end: list[str]) -> None:
    """The command prints one sentence, the remedy and the code (JSON with --json), and exits with status 1."""
    done = cli(bench.home, "remix", str(bench.tone), "--set", "number_of_steps=61", *end)
    assert done.returncode == 1
    if end:
        assert json.loads(done.stdout.splitlines()[-1])["code"] == "param_invalid"
        return
    said = done.stderr.splitlines()
    assert len(said) == 3
    assert said[0].startswith("ace-bridge: number_of_steps")
    assert said[2].strip() == "[param_invalid]"
    assert "Traceback" not in done.stderr


def matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".+".join(re.escape(part) for part in pattern.split("…")), text) is not None


def hashed(folder: Path) -> dict[str, str]:
    """Return the SHA-256 hash of every source, by file name."""
    files = (path for path in folder.iterdir() if path.is_file() and path.name != "rewritten.wav")
    return {os.fsdecode(path.name): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
