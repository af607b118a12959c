"""Tests which half-written files of killed daemons and of other programs are removed when the daemon starts."""

from __future__ import annotations

import os
from pathlib import Path

from bridge.store.partial_files import FOREIGN_AGE, remove_partial_files

NOW = 1_800_000_000.0


def test_half_written_audio_of_a_stage_that_never_runs_again_is_removed(home: Path) -> None:
    """A recovered journal may already have the result of the interrupted stage, so no stage replaces the file."""
    clip = home / "jobs" / "job-1" / "clip-1"
    part = clip / "variation-1" / "leg-2"
    part.mkdir(parents=True)
    (home / "jobs" / "job-1" / "job.json").write_text("{}")
    removed = [clip / "source.part.flac", clip / "source-2.part.flac", clip / "variation-1" / "joined.part.wav"]
    kept = [clip / "source.flac", part / "raw.part", part / "raw.audio"]  # a download can be resumed
    for path in (*removed, *kept):
        path.write_bytes(b"sound")
    remove_partial_files(home, ["job-1"], 0.0)
    assert [path for path in (*removed, *kept) if path.exists()] == kept


def test_old_half_written_and_emptied_files_are_removed(tmp_path: Path) -> None:
    def write(name: str, content: str, age: float) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, (NOW - age, NOW - age))
        return path

    old, new = FOREIGN_AGE + 1, FOREIGN_AGE - 1
    removed = [
        write("inbox/.a.json.tmp", "{", old),
        write("reaper/requests/.b.json.tmp", "{", old),
        write("reaper/requests/b.json", "", old),
        write("reaper/rendered/b-clip-1.wav", "", old),
    ]
    kept = [
        write("inbox/.c.json.tmp", "{", new),
        write("inbox/d.json", "{}", old),
        write("reaper/requests/e.json", "", new),
        write("reaper/requests/f.json", "{}", old),
        write("reaper/logs/reaper.log", "text", old),
    ]
    remove_partial_files(tmp_path, [], NOW)
    assert not [path for path in removed if path.exists()]
    assert all(path.exists() for path in kept)
