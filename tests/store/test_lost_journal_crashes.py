"""Tests crashes just before or after a submission: the comparison at the next start changes no valid entry."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import RateLimited, SubmitUnknown
from bridge.protocol.job import State
from bridge.store import backup, job_folder
from bridge.store.database import Database
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio
from tests.store.journals import dump, placed, reopen, restore, store, submit_with_error, variations, wait_for_budget


async def test_a_start_with_a_complete_journal_changes_nothing(home: Path, tone: Path) -> None:
    """Done, failed, cancelled, unknown and unfinished variations stay unchanged."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine, ACE_BRIDGE_SCHEDULER_SLOTS="2") as studio:
        await studio.until(await studio.remix(tone, remix={"variations": 2}), "done")
        engine.faults["submit"].append(RateLimited())
        await studio.until(await studio.remix(tone, remix={"seed": 1000}), "failed")
        engine.faults["submit"].append(SubmitUnknown())
        await studio.until(await studio.remix(tone, remix={"seed": 2000}), "unknown")
        engine.finish.clear()
        job_id = await studio.remix(tone, remix={"seed": 3000, "variations": 4})
        await studio.until(job_id, "running")
        last = studio.registry.variations(job_id)[3]
        await studio.send("cancel", {"variation_id": last.id})  # not submitted yet
        assert studio.registry.variation(last.id).state is State.CANCELLED  # type: ignore[union-attr]
    before = dump(home)
    reopen(home)
    reopen(home, time.time() + 90 * 86_400)
    assert dump(home) == before


async def test_a_crash_before_the_journal_entry_allows_the_submission(home: Path, tone: Path) -> None:
    """`intent.json` alone proves neither a submission nor a lost journal entry."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await wait_for_budget(studio, tone)
    (one,) = variations(home)
    folder = home / "jobs" / job_id / "clip-1" / "variation-1"
    folder.mkdir(parents=True, exist_ok=True)
    job_folder.prepare(folder, {"sent": True, "at": 1.0, "id": "x"})
    reopen(home)
    assert variations(home) == [one]
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 1


async def test_a_crash_after_a_refusal_allows_another_submission(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal shows the submission as voided, but the bridge crashes before removing `submit.json`."""
    engine = FakeEngine()
    reopen(home)
    with monkeypatch.context() as patch:
        patch.setattr(job_folder, "remove_order", lambda _folder: None)
        async with Studio(home, engine) as studio:
            job_id = await submit_with_error(studio, tone, RateLimited(), "failed")
    assert len(list((home / "jobs").rglob("submit.json"))) == 1
    before = dump(home)
    reopen(home)
    assert dump(home) == before
    async with Studio(home, engine) as studio:
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "done")


async def test_a_confirmed_retry_survives_a_crash(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await submit_with_error(studio, tone, SubmitUnknown(), "unknown")
        studio.scheduler._stopping = True  # as if the bridge crashed before submitting again
        await studio.send("retry", {"job_id": job_id, "again": True})
    reopen(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 2


async def test_a_crash_before_a_second_submission_changes_nothing(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal contains the second submission; the folder still contains the first one, whose answer was lost."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await submit_with_error(studio, tone, SubmitUnknown(), "unknown")
    for after in (SubmitUnknown, RateLimited):  # a crash, and an error that proves that nothing was sent
        with monkeypatch.context() as patch:
            patch.setattr(job_folder, "remove_order", lambda _folder: None)
            patch.setattr(job_folder, "commit", lambda _folder, after=after: raised(after()))
            async with Studio(home, engine) as studio:
                await studio.send("retry", {"job_id": job_id, "again": True})
                await studio.until(job_id, "unknown" if after is SubmitUnknown else "failed")
        before = dump(home)
        reopen(home)
        assert dump(home) == before
    assert len(engine.calls["submit"]) == 1


def raised(error: Exception) -> None:
    raise error


async def test_a_free_engine_is_asked_again_without_lost_entries(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    engine.capabilities = replace(engine.capabilities, submit_once=False)
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await submit_with_error(studio, tone, SubmitUnknown(), "unknown")
    with sqlite3.connect(home / "bridge.db") as db:  # as if the bridge had crashed
        value = {**json.loads(db.execute("SELECT value FROM variations").fetchone()[0]), "state": "submitting"}
        db.execute("UPDATE variations SET state = 'submitting', open = 1, value = ?", (json.dumps(value),))
    db.close()
    with monkeypatch.context() as patch:
        patch.setattr(job_folder, "commit", lambda _folder: raised(SubmitUnknown()))
        async with Studio(home, engine) as studio:
            await studio.until(job_id, "unknown")
    before = dump(home)
    reopen(home)
    assert dump(home) == before


async def test_a_crash_during_the_recovery_recovers_nothing(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    reopen(home)
    older = store(home)
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await placed(studio, job_id)
    restore(home, older)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "spend", None)
        with pytest.raises(TypeError):
            reopen(home)
    assert variations(home) == []
    reopen(home)
    assert [one.state for one in variations(home)] == [State.DONE]


def test_a_crash_between_the_two_stamps_is_no_loss(home: Path) -> None:
    reopen(home)
    stamp = (home / backup.STAMP).read_bytes()
    for _ in range(3):  # each time, the new stamp is written to the journal, but a crash prevents the write to the file
        (home / backup.STAMP).write_bytes(stamp)
        database = Database(home / "bridge.db")
        known = json.loads(database.fact(backup.STAMPS) or "")
        assert json.loads(stamp)["stamp"] in known
        database.close()
        reopen(home)
