"""Tests restarts: submitted remixes continue at once, results reach their DAW, and half-written files are removed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from bridge.jobs.delivery import Instance, choose_instance
from bridge.protocol.job import State
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, write_tone
from tests.waiting import eventually

SLOTS = "ACE_BRIDGE_SCHEDULER_SLOTS"
SONG = {"path": "/songs/one.rpp"}


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


async def test_a_restart_follows_all_submissions_regardless_of_slots(home: Path, tone: Path) -> None:
    """The engine keeps a result for only a few minutes, so no result may wait behind a remix that takes hours."""
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine, **{SLOTS: "3"}) as studio:
        job_id = await studio.remix(tone, remix={"variations": 4})
        await eventually(lambda: len(engine.calls["follow"]) == 3)
    async with Studio(home, engine, **{SLOTS: "1"}) as studio:
        await eventually(lambda: len(engine.calls["follow"]) == 6)
        assert [one.state for one in studio.registry.variations(job_id)][3] is State.WAITING
        assert len(engine.calls["submit"]) == 3
        engine.finish.set()
        await studio.until(job_id, "done")


async def test_a_paid_result_waiting_for_disk_space_needs_no_slot(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    async with Studio(home, engine, **{SLOTS: "1"}) as studio:
        (home / "results").rmdir()
        (home / "results").write_text("in the way")
        paid = await studio.remix(tone)
        (one,) = await studio.until(paid, "failed")
        assert one.ordered
        engine.finish.clear()
        other = await studio.remix(tone, remix={"seed": 100})
        await studio.until(other, "running")
        (home / "results").unlink()
        await studio.send("retry", {"job_id": paid})
        await studio.until(paid, "done")
        assert str(studio.registry.state(other)) == "running"
        engine.finish.set()
        await studio.until(other, "done")


async def test_a_result_finished_just_before_a_crash_is_offered_after_it(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        studio.delivery._offer = AsyncMock()  # type: ignore[method-assign]  # as if killed before the offer
        await studio.send("hello", {"daw": {"name": "reaper"}, "project": SONG})
        job_id = await studio.remix(tone, daw={"name": "reaper"}, project={**SONG, "media_path": str(home.parent)})
        await studio.until(job_id, "ready")
    async with Studio(home) as studio:
        (one,) = await studio.until(job_id, "placing")
        assert one.placed_by == "test"


async def test_a_crashed_daws_results_go_to_its_successor(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        await studio.send("hello", {"daw": {"name": "reaper"}, "project": SONG})
        job_id = await studio.remix(tone, daw={"name": "reaper"}, project={**SONG, "media_path": str(home.parent)})
        await studio.until(job_id, "running")
        studio.now += 60.0
        await studio.send("hello", {"daw": {"name": "reaper"}, "project": SONG}, instance="later")  # "test" sent no bye
        engine.finish.set()
        (one,) = await studio.until(job_id, "placing")
        assert one.placed_by == "later"


async def test_the_requesting_daw_gets_the_result_without_a_successor(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, daw={"name": "reaper"}, project={**SONG, "media_path": str(home.parent)})
        job = studio.registry.job(job_id)
        before = Instance("other", "reaper", "7", SONG["path"], job.created - 5.0)
        asked = Instance("test", "reaper", "7", SONG["path"], job.created - 9.0)
        elsewhere = Instance("live", "live", "12", SONG["path"], job.created + 5.0)
        assert choose_instance(job, [asked, before, elsewhere]) == asked
        assert choose_instance(job, [before, elsewhere]) == before
        assert choose_instance(job, [elsewhere]) is None


async def test_half_written_files_of_a_killed_daemon_are_removed(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
    job = home / "jobs" / job_id
    ours = [home / "outbox" / ".test.json.12ab34cd.tmp", home / ".daemon.json.12ab34cd.tmp", job / ".job.json.1.tmp"]
    ours += [job / "clip-1" / ".render.json.1.tmp", job / "clip-1" / "variation-1" / ".remix.json.1.tmp"]
    young, old = home / "inbox" / ".m-1.tmp", home / "inbox" / ".m-2.tmp"
    for path in (*ours, young, old):
        path.write_bytes(b"{")
    os.utime(old, (time.time() - 7200,) * 2)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
        assert [path for path in (*ours, old) if path.exists()] == []
        assert young.exists()  # a script may still be writing this file
