"""Tests that a command without an ID applies to the job requested last, whatever the clock says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.errors import NetworkDown, RefusedError
from bridge.jobs import registry
from tests.control.test_control import control_of
from tests.fakes.studio import Studio, write_tone

JOBS = 4  # number of jobs in every test
KEPT = 2  # number of ended jobs that stay in memory
HOUR = 3600.0  # s


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "KEPT", KEPT)


@pytest.fixture
async def studio(home: Path) -> AsyncIterator[Studio]:
    async with Studio(home, ACE_BRIDGE_SCHEDULER_SLOTS=str(JOBS + 1)) as one:
        yield one
        one.engine.finish.set()


async def make_jobs(studio: Studio, tmp_path: Path, state: str = "done") -> list[str]:
    """Request jobs one after another, setting the clock back by an hour before each; return the job IDs in order."""
    tone, jobs = write_tone(tmp_path / "tone.wav"), []
    for seed in range(JOBS):
        studio.now -= HOUR
        jobs.append(await studio.remix(tone, remix={"seed": seed}))
        await studio.until(jobs[-1], state)
    return jobs


async def test_cancel_stops_the_newest_job(studio: Studio, tmp_path: Path) -> None:
    studio.engine.finish.clear()
    jobs = await make_jobs(studio, tmp_path, "running")
    receipt = await studio.send("cancel", {})
    assert receipt.job_id == jobs[-1]
    asked = [one for job in jobs for one in studio.registry.variations(job) if one.cancel_asked]
    assert [one.job_id for one in asked] == [jobs[-1]]


async def test_retry_resumes_the_newest_job(studio: Studio, tmp_path: Path) -> None:
    studio.engine.faults["submit"].extend(RefusedError("no") for _ in range(JOBS))
    jobs = await make_jobs(studio, tmp_path, "failed")
    receipt = await studio.send("retry", {})
    assert receipt.job_id == jobs[-1]
    await studio.until(jobs[-1], "done")


async def test_rerun_repeats_the_newest_job(studio: Studio, tmp_path: Path) -> None:
    await make_jobs(studio, tmp_path)
    receipt = await studio.send("rerun", {})
    assert receipt.job_id
    assert studio.registry.job(receipt.job_id).seed == JOBS - 1
    await studio.until(receipt.job_id, "done")


async def test_nudge_moves_the_newest_result(studio: Studio, tmp_path: Path) -> None:
    jobs = await make_jobs(studio, tmp_path)
    receipt = await studio.send("nudge", {"ms": 5.0})
    assert receipt.job_id == jobs[-1]


async def test_a_surface_cancels_the_newest_job_that_is_open(studio: Studio, tmp_path: Path) -> None:
    studio.engine.finish.clear()
    jobs = await make_jobs(studio, tmp_path, "running")
    studio.engine.faults["upload"].append(RefusedError("no"))
    await studio.until(await studio.remix(write_tone(tmp_path / "other.wav", 2.0)), "failed")
    await control_of(studio).cancel("")
    asked = [one for job in studio.registry.jobs() for one in studio.registry.variations(job.id) if one.cancel_asked]
    assert [one.job_id for one in asked] == [jobs[-1]]


async def test_a_surface_plays_the_newest_result(studio: Studio, tmp_path: Path) -> None:
    jobs = await make_jobs(studio, tmp_path)
    control = control_of(studio)
    (newest,) = studio.registry.variations(jobs[-1])
    assert control._with_result("") == newest
    await studio.registry.find(jobs[0])
    assert control._with_result("") == newest, "an old job that was read again is not the newest"


async def test_the_newest_job_stays_the_newest_after_a_restart(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["upload"].append(NetworkDown("no"))
        old = await studio.remix(write_tone(tmp_path / "old.wav", 2.0))
        await studio.until(old, "waiting")  # open, and older than the jobs that stay in memory
        jobs = await make_jobs(studio, tmp_path)
    async with Studio(home) as studio:
        control = control_of(studio)
        await studio.registry.find(jobs[0])
        assert studio.registry.job(old) == studio.registry.jobs()[1]
        assert control.newest_job() == jobs[-1]
        assert control.snapshot().jobs[-1].id == jobs[-1]
        (newest,) = studio.registry.variations(jobs[-1])
        assert control._with_result("") == newest
        assert (await control.rerun("")).job_id == studio.registry.newest
        assert studio.registry.job(studio.registry.newest).seed == JOBS - 1
