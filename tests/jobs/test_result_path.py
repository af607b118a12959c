"""Tests that a result keeps its path if the fit stage was interrupted and the journal has lost its latest entries."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import OutputUnwritable
from bridge.jobs.stages import fit
from tests.fakes.studio import Studio, write_tone


async def test_an_interrupted_fit_is_repeated_under_the_same_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json = fit.write_json

    def interrupted(path: Path, value: Any) -> None:
        if path.name.endswith(".recipe.json"):
            path.with_name(f".{path.name}.12345678.tmp").write_text("{")
            raise OutputUnwritable("interrupted")
        write_json(path, value)

    monkeypatch.setattr(fit, "write_json", interrupted)
    async with Studio(home) as studio:
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"))
        await studio.until(job_id, "failed", "waiting")
    monkeypatch.undo()
    before = [path.name for path in (home / "results").glob("*.wav")]
    with closing(sqlite3.connect(home / "bridge.db")) as journal, journal:
        journal.execute("DELETE FROM stages WHERE stage = 'fit'")  # as after the loss of the WAL
    async with Studio(home) as studio:
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "done")
    names = sorted(path.name for path in (home / "results").iterdir())
    assert len(before) == 1
    assert names == sorted([before[0], before[0].replace(".wav", ".recipe.json")])
