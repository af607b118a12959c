"""A journal that looks sound and has lost entries: the jobs' folders bring them back, and nothing is ordered twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bridge.errors import RateLimited, SubmitUnknown
from bridge.protocol.job import State
from bridge.store import retention
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio
from tests.store.journals import placed, reopen, restore, store, variations


async def test_an_older_journal_knows_the_job_and_not_its_order(home: Path, tone: Path) -> None:
    """The journal says `waiting` or earlier, the folder has a ticket."""
    engine = FakeEngine()
    engine.finish.clear()
    reopen(home)
    async with Studio(home, engine) as studio:
        studio.budget._cap = 0.0
        job_id = await studio.remix(tone)
        await studio.until(job_id, "waiting")
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


async def test_an_older_journal_does_not_know_how_an_order_ended(home: Path, tone: Path) -> None:
    """The journal says `queued`, the folder has everything to the end: nothing is fetched or placed again."""
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


async def test_a_result_that_was_kept_and_not_placed_is_done(home: Path, tone: Path) -> None:
    """It was complete before a cancel arrived: its user has it, and it is not offered."""
    reopen(home)
    older = store(home)
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await placed(studio, job_id)
    (home / "jobs" / job_id / "clip-1" / "variation-1" / "place.json").write_text('{"placed": false}')
    restore(home, older)
    reopen(home)
    assert [(one.state, one.handed_over) for one in variations(home)] == [(State.DONE, True)]


async def test_an_order_after_one_that_failed_is_found(home: Path, tone: Path) -> None:
    """The journal says `failed`; its retry, which was paid, is in the folder alone: another must not buy again."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.faults["submit"].append(RateLimited())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "failed")
        older = store(home)
        engine.finish.clear()
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "running")
    restore(home, older)
    reopen(home)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 2  # the refused one, and the one that stands


async def test_an_order_whose_answer_was_lost_is_unknown_by_an_older_journal_too(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    older = store(home)
    async with Studio(home, engine) as studio:
        engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
    restore(home, older)
    reopen(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "unknown")
    assert len(engine.calls["submit"]) == 1


async def test_what_an_older_journal_has_unfinished_is_not_ordered_when_its_folder_is_gone(
    home: Path, tone: Path
) -> None:
    """It was made, or cancelled, since, and its folder was removed: only its user can know, and retries it."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        studio.budget._cap = 0.0
        job_id = await studio.remix(tone)
        await studio.until(job_id, "waiting")
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


async def test_folders_that_are_removed_or_copied_are_no_jobs(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
    jobs = home / "jobs"
    shutil.copytree(jobs / job_id, jobs / "copy of it")
    (jobs / job_id).rename(jobs / f"{retention.GONE}{job_id}")
    (home / "bridge.db").unlink()
    reopen(home)
    assert variations(home) == []
