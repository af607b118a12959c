"""`ace-bridge bench` on this machine, and what `remix DIR` takes for a folder's audio."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bridge.cli.commands.remix import find_files
from tests.fakes.studio import write_tone
from tests.system.test_whole_path import cli


def test_every_state_of_the_way_has_its_time(home: Path, tmp_path: Path) -> None:
    done = cli(home, "bench", "--rounds", "1", "--json", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["event"], told["engine"], told["rounds"]) == ("bench", "offline", 1)
    assert {"taking in", "rendering", "running", "fitting"} <= told["states"].keys()
    assert all(seconds > 0 for seconds in told["states"].values())
    assert sum(told["states"].values()) == pytest.approx(told["whole"], abs=0.01)
    (own,) = tmp_path.glob("ace-bridge-bench-*")
    assert not (own / "daemon.json").exists()  # its daemon is gone
    assert not (home / "bridge.db").exists()  # and the user's home was left alone


def test_a_folder_stands_for_its_audio_alone(tmp_path: Path) -> None:
    write_tone(tmp_path / "b.WAV")
    write_tone(tmp_path / "a.flac.wav")
    write_tone(tmp_path / "remixed.wav")
    for name in ("remixed.recipe.json", "notes.txt", "._b.WAV", "song.wv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.wav").mkdir()
    assert [os.fspath(path.relative_to(tmp_path)) for path in find_files([tmp_path])] == [
        "a.flac.wav",
        "b.WAV",
        "song.wv",
    ]
