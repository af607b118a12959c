"""Tests that a result that a DAW has confirmed is not offered again after the journal has lost the confirmation."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.protocol.job import State
from bridge.store import backup
from tests.fakes.studio import Studio, write_tone

REAPER = {"name": "reaper"}
PROJECT = {"path": str(Path("/songs/dub.rpp").absolute())}


def copy_journal(home: Path, into: Path) -> None:
    """Copy the journal with everything that is committed, while the bridge runs."""
    with closing(sqlite3.connect(home / "bridge.db")) as source, closing(sqlite3.connect(into)) as target:
        source.backup(target)


@pytest.mark.parametrize(
    ("confirmation", "placed"), [({"item": "item-1"}, True), ({"by_hand": True}, False)], ids=["placed", "by hand"]
)
async def test_a_confirmed_result_is_not_offered_to_another_process(
    home: Path, tmp_path: Path, confirmation: dict[str, Any], placed: bool
) -> None:
    older = tmp_path / "older.db"
    async with Studio(home) as studio:
        await studio.send("hello", {"daw": REAPER, "project": PROJECT})
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"), daw=REAPER, project=PROJECT)
        (one,) = await studio.until(job_id, "placing")
        copy_journal(home, older)
        await studio.send("placed", {"variation_id": one.id, **confirmation})
        await studio.until(job_id, "done")
    shutil.copyfile(older, home / "bridge.db")  # as after the loss of the WAL
    backup.open_database(home, time.time, 3).close()
    async with Studio(home) as studio:
        await studio.send("hello", {"daw": REAPER, "project": PROJECT}, instance="another")
        (after,) = await studio.until(job_id, "done", "ready", "placing")
        assert after.state is State.DONE
        assert after.result is not None
        assert after.result["placed"] is placed
        assert studio.document("another")["place"] == []


async def test_a_confirmation_is_recorded_without_the_job_folder(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        await studio.send("hello", {"daw": REAPER, "project": PROJECT})
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"), daw=REAPER, project=PROJECT)
        (one,) = await studio.until(job_id, "placing")
        shutil.rmtree(home / "jobs" / job_id)
        receipt = await studio.send("placed", {"variation_id": one.id})
        assert receipt.error is None
        await studio.until(job_id, "done")
        assert not (home / "jobs" / job_id).exists()
