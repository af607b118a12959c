"""Tests that lost entries are recovered and nothing is submitted twice if an older copy replaces the journal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bridge.errors import RateLimited, SubmitUnknown
from bridge.protocol.job import State
from bridge.store import retention
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio
from tests.store.journals import placed, reopen, restore, store, submit_with_error, variations, wait_for_budget


async def test_a_submission_unknown_to_an_older_journal_is_recovered(home: Path, tone: Path) -> None:
    """The journal's state is `waiting`, but the folder contains a ticket."""
    engine = FakeEngine()
    engine.finish.clear()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await wait_for_budget(studio, tone)
        older = store(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "running")
    restore(home, older)
    reopen(home)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
        assert await studio.spent() == pytest.approx(studio.registry.job(job_id).estimated)
    assert len(engine.calls["submit"]) == 1


async def test_an_end_unknown_to_an_older_journal_is_recovered(home: Path, tone: Path) -> None:
    """The journal's state is `queued`, but the folder has all results, so nothing is fetched or placed again."""
    engine = FakeEngine()
    engine.finish.clear()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
        older = store(home)
        engine.finish.set()
        await placed(studio, job_id)
    calls = {name: len(made) for name, made in engine.calls.items()}
    restore(home, older)
    reopen(home)
    (one,) = variations(home)
    assert one.state is State.DONE
    assert one.result is not None
    assert one.result["placed"]
    async with Studio(home, engine) as studio:
        assert await studio.registry.load() == []
    assert {name: len(made) for name, made in engine.calls.items()} == calls


async def test_a_result_kept_but_not_placed_is_done(home: Path, tone: Path) -> None:
    """The result was finished before a cancel arrived, so the user has the result, and it is not offered."""
    reopen(home)
    older = store(home)
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await placed(studio, job_id)
    (home / "jobs" / job_id / "clip-1" / "variation-1" / "place.json").write_text('{"placed": false}')
    restore(home, older)
    reopen(home)
    assert [(one.state, one.handed_over) for one in variations(home)] == [(State.DONE, True)]


async def test_a_submission_after_a_failed_one_is_recovered(home: Path, tone: Path) -> None:
    """The journal's state is `failed`; only the folder shows the paid retry, which must not be submitted again."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await submit_with_error(studio, tone, RateLimited(), "failed")
        older = store(home)
        engine.finish.clear()
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "running")
    restore(home, older)
    reopen(home)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 2  # one refused, one accepted


async def test_a_lost_answer_is_unknown_with_an_older_journal_too(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    older = store(home)
    async with Studio(home, engine) as studio:
        job_id = await submit_with_error(studio, tone, SubmitUnknown(), "unknown")
    restore(home, older)
    reopen(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "unknown")
    assert len(engine.calls["submit"]) == 1


async def test_unfinished_work_without_a_folder_is_not_submitted(home: Path, tone: Path) -> None:
    """The job may have ended and its folder may have been removed, so only a retry by the user may submit the job."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        job_id = await wait_for_budget(studio, tone)
        older = store(home)
    reopen(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    retention.remove(home / "jobs" / job_id)
    reopen(home)
    restore(home, older)
    reopen(home)
    async with Studio(home, engine) as studio:
        (one,) = (await studio.registry.find(job_id))[1]
        assert one.state is State.FAILED
        assert one.error is not None
        assert one.error["code"] == "store_lost"
    assert len(engine.calls["submit"]) == 1


async def test_removed_or_copied_folders_are_not_jobs(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
    jobs = home / "jobs"
    shutil.copytree(jobs / job_id, jobs / "copy of it")
    (jobs / job_id).rename(jobs / f"{retention.GONE}{job_id}")
    (home / "bridge.db").unlink()
    reopen(home)
    assert variations(home) == []
