"""Tests that a submission that may still be billed still counts after another submission of the same variation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import BridgeError, ClipRefused, ModelFailed, SubmitUnknown
from bridge.protocol.job import State
from bridge.store.database import Database
from tests.fakes.fake_engine import CAPABILITIES, FakeEngine
from tests.fakes.studio import Studio, write_tone
from tests.waiting import eventually


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def refusal(kind: type[BridgeError]) -> BridgeError:
    """Return an error after which the engine may charge for the submission."""
    error = kind()
    error.may_be_billed = True
    return error


async def open_bills(studio: Studio, job_id: str) -> float:
    return await studio.store(Database.open_bills, studio.registry.job(job_id))


async def test_every_refused_submission_that_may_be_billed_is_counted(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.faults["follow"].extend(refusal(kind) for kind in (ClipRefused, ModelFailed))
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "failed")
        cost = studio.registry.job(job_id).estimated
        for count, state in ((2, "failed"), (3, "done")):
            await studio.send("retry", {"job_id": job_id})
            await studio.until(job_id, state)
            assert await studio.spent() == pytest.approx(count * cost)
        assert await open_bills(studio, job_id) == pytest.approx(2 * cost)  # the third submission is billed


async def test_a_lost_submission_is_counted_after_another_one(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.faults["submit"].append(SubmitUnknown())
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
        cost = studio.registry.job(job_id).estimated
        await studio.send("retry", {"job_id": job_id, "again": True})
        await studio.until(job_id, "done")
        assert await studio.spent() == pytest.approx(2 * cost)
        assert await open_bills(studio, job_id) == pytest.approx(cost)


async def test_retries_stop_at_the_daily_cap(home: Path, tone: Path) -> None:
    (home / "config.toml").write_text("[budget]\ndaily_cap = 0.0005\n")  # two submissions of 1 s
    engine = FakeEngine()
    engine.faults["follow"].extend(refusal(ModelFailed) for _ in range(9))
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "failed")
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "failed")
        await studio.send("retry", {"job_id": job_id})
        (variation,) = studio.registry.variations(job_id)
        await eventually(lambda: studio.registry.variations(job_id)[0].reason == "budget", f"the cap of {variation}")
        assert len(engine.calls["submit"]) == 2


async def test_a_segment_that_may_be_billed_is_counted(home: Path, tmp_path: Path) -> None:
    engine = FakeEngine(replace(CAPABILITIES, longest=8.0))
    engine.faults["follow"].append(refusal(ModelFailed))
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(write_tone(tmp_path / "long.wav", seconds=20.0))
        await studio.until(job_id, "failed")
        before = await open_bills(studio, job_id)
        assert before > 0
        await studio.send("retry", {"job_id": job_id})
        (one,) = await studio.until(job_id, "done")
        assert one.state is State.DONE
        assert await open_bills(studio, job_id) == pytest.approx(before)
