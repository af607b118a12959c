"""Tests `ace-bridge bench`, and which files `remix DIR` finds in a folder."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest

from bridge.cli.commands import bench
from bridge.cli.commands.remix import find_files
from tests.fakes.studio import write_tone
from tests.system.test_whole_path import cli


def test_every_state_has_its_time(home: Path, tmp_path: Path) -> None:
    done = cli(home, "bench", "--rounds", "1", "--json", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["event"], report["engine"], report["rounds"]) == ("bench", "offline", 1)
    assert {"accepting", "rendering", "running", "fitting"} <= report["states"].keys()
    assert all(seconds > 0 for seconds in report["states"].values())
    assert sum(report["states"].values()) == pytest.approx(report["whole"], abs=0.01)
    (own,) = tmp_path.glob("ace-bridge-bench-*")
    assert not (own / "daemon.json").exists()  # the benchmark's daemon has stopped
    assert not (home / "bridge.db").exists()  # the user's home was not touched


def test_the_states_add_up_to_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    durations = {"accepting": 0.1, "waiting": 0.2, "running": 0.3, "placing": 0.4}
    bench._print(argparse.Namespace(json=True), 1.0, durations, [durations])
    report = json.loads(capsys.readouterr().out)
    assert report["states"] == {"accepting": 0.1, "running": 0.3, "placing": 0.4, "waiting": 0.2}
    assert report["whole"] == 1.0
    bench._print(argparse.Namespace(json=False), 1.0, durations, [durations])
    assert "waiting       200 ms" in capsys.readouterr().out


def test_only_the_audio_files_of_a_folder_are_remixed(tmp_path: Path) -> None:
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
