"""Tests that the job folders show which messages were handled if the journal has lost messages."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from bridge.store import job_folder
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, remix_args
from tests.store.journals import reopen, restore, store


async def test_a_message_is_recovered_from_its_jobs_folder(home: Path, tone: Path) -> None:
    """Sending the message again returns the same job; without a stored digest, even if its content has changed."""
    engine = FakeEngine()
    reopen(home)
    older = store(home)
    args = remix_args(tone)
    async with Studio(home, engine) as studio:
        taken = await studio.send("remix", args, message_id="m-1")
        assert taken.job_id
        await studio.until(taken.job_id, "done")
    restore(home, older)
    reopen(home)
    async with Studio(home, engine) as studio:
        assert (await studio.send("remix", args, message_id="m-1")).job_id == taken.job_id
    restore(home, older)
    path = home / "jobs" / taken.job_id / job_folder.JOB
    path.write_text(json.dumps({name: one for name, one in json.loads(path.read_bytes()).items() if name != "digest"}))
    reopen(home)
    async with Studio(home, engine) as studio:
        for changes in ({}, {"confirmed": True}):
            assert (await studio.send("remix", {**args, **changes}, message_id="m-1")).job_id == taken.job_id
        assert [job.id for job in studio.registry.jobs()] == [taken.job_id]
    assert len(engine.calls["submit"]) == 1


async def test_a_message_not_applied_in_an_older_journal_makes_no_second_job(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        taken = await studio.send("remix", remix_args(tone), message_id="m-1")
        assert taken.job_id
        await studio.until(taken.job_id, "done")
        older = store(home)
    db = sqlite3.connect(older)
    body = json.dumps(
        {"protocol": 1, "message_id": "m-1", "command": "remix", "instance": "test", "args": remix_args(tone)}
    )
    with db:
        db.execute("UPDATE messages SET applied = 0, body = ?", (body.encode(),))
        for table in ("jobs", "variations", "stages", "ledger"):
            db.execute(f"DELETE FROM {table}")
    db.close()
    restore(home, older)
    reopen(home)
    async with Studio(home, engine) as studio:
        assert [job.id for job in studio.registry.jobs()] == [taken.job_id]
    assert len(engine.calls["submit"]) == 1
