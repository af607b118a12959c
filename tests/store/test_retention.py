"""Tests which files are removed by the housekeeping and which are kept."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config.settings import Store as Settings
from bridge.protocol.job import State, Variation
from bridge.store import backup
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.store.housekeeping import Housekeeping
from bridge.store.retention import GONE, may_go, sweep
from tests.fakes.studio import Studio, write_tone
from tests.store.test_store import job, variation
from tests.waiting import PATIENCE

DAY = 86_400.0
NOW = 1_700_000_000.0
SETTINGS = Settings(copies=2, copy_hours=24.0, keep_days=30.0, keep_gigabytes=1.0, any_place=False)


def folder_of(jobs: Path, name: str, days_old: float, size: int = 1000) -> Path:
    own = jobs / name / "clip-1" / "variation-1"
    own.mkdir(parents=True)
    for path in (own / "raw.audio", own / "submit.json"):
        path.write_bytes(b"x" * size)
        os.utime(path, (NOW - days_old * DAY,) * 2)
    return jobs / name


async def swept(
    jobs: Path, kept: dict[str, list[Variation]], days: float = 30.0, largest: int = 10**9, now: float = NOW
) -> list[str]:
    async def variations_of(job_id: str) -> list[Variation]:
        return kept.get(job_id, [])

    gone = await sweep(jobs, variations_of, asyncio.to_thread, now=now, days=days, largest=largest)
    return [path.name for path in gone]


DONE = replace(variation(), state=State.DONE, handed_over=True, result={"path": "/project/remix.wav"})


async def test_only_old_finished_folders_are_removed(tmp_path: Path) -> None:
    kept = {"old": [DONE], "young": [DONE], "open": [DONE, replace(DONE, state=State.READY)], "unknown": []}
    kept["lost"] = [replace(DONE, state=State.UNKNOWN)]
    for name, days in (("old", 31), ("young", 29), ("open", 400), ("unknown", 400), ("lost", 400)):
        folder_of(tmp_path, name, days)
    assert await swept(tmp_path, kept) == []
    for days in (0, 0.5):
        assert await swept(tmp_path, kept, now=NOW + days * DAY) == []
    os.utime(tmp_path / "young" / "clip-1" / "variation-1" / "raw.audio", (NOW, NOW))
    assert await swept(tmp_path, kept, now=NOW + 7 * DAY) == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lost", "open", "unknown", "young"]


async def test_above_the_size_limit_the_oldest_finished_folders_are_removed(tmp_path: Path) -> None:
    for name, days in (("a", 3), ("b", 2), ("c", 1)):
        folder_of(tmp_path, name, days, size=500)  # each folder contains two files of this size
    assert await swept(tmp_path, {name: [DONE] for name in "abc"}, largest=1500) == ["a", "b"]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
async def test_a_paid_result_not_handed_over_keeps_its_folder(tmp_path: Path, state: State) -> None:
    folder = folder_of(tmp_path, "job", 400)
    assert not may_go([replace(DONE, state=state, handed_over=False)], folder)
    assert may_go([replace(DONE, state=state, handed_over=True)], folder)


async def test_a_folder_with_the_result_in_it_is_kept(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "job", 400)
    inside = {"path": str(folder / "clip-1" / "mine.wav")}
    assert not may_go([replace(DONE, result=inside)], folder)


@pytest.mark.only_on("posix", because="only administrators may make links on Windows")
async def test_links_are_not_followed_and_interrupted_removals_finish(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    folder_of(outside, "precious", 400)
    (jobs / "link").symlink_to(outside)
    (folder_of(jobs, "old", 400) / "inner").symlink_to(outside)
    folder_of(jobs, f"{GONE}half", 400)
    assert await swept(jobs, {"link": [DONE], "old": [DONE]}) == []
    assert await swept(jobs, {"link": [DONE], "old": [DONE]}, now=NOW + 7 * DAY) == ["old"]
    assert [path.name for path in jobs.iterdir()] == ["link"]
    assert (outside / "precious" / "clip-1" / "variation-1" / "raw.audio").exists()


@pytest.mark.parametrize("days", [60, -60, 3650])
async def test_a_wrong_clock_removes_no_recent_folder(tmp_path: Path, days: int) -> None:
    """The clock is wrong for less than a week, then right, then wrong again."""
    folder_of(tmp_path, "recent", 1)
    for wrong in (days, days + 6, 0, days + 7, days + 13, 6):
        assert await swept(tmp_path, {"recent": [DONE]}, now=NOW + wrong * DAY) == []
    assert [path.name for path in tmp_path.iterdir()] == ["recent"]


async def test_a_clock_that_was_set_back_starts_the_week_again(tmp_path: Path) -> None:
    folder_of(tmp_path, "old", 31)
    for days, gone in ((3650, []), (0, []), (6, []), (7, ["old"])):
        assert await swept(tmp_path, {"old": [DONE]}, now=NOW + days * DAY) == gone


async def test_zero_days_remove_a_finished_folder_at_once(tmp_path: Path) -> None:
    folder_of(tmp_path, "job", 0.01)
    assert await swept(tmp_path, {"job": [DONE]}, days=0.0) == ["job"]


async def test_results_stay_when_working_files_are_removed(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"))
        (one,) = await studio.until(job_id, "done")
        for days in (31, 38):
            await Housekeeping(home, studio.store, SETTINGS, lambda days=days: time.time() + days * DAY).look()
        assert one.result is not None
        assert Path(one.result["path"]).is_file()
        assert Path(one.result["recipe"]).is_file()
        assert list((home / "jobs").iterdir()) == []
        assert (await studio.registry.find(job_id))[0].id == job_id  # the job stays in the history


class TestCaretaker:
    async def test_a_copy_is_made_when_one_is_due(self, home: Path) -> None:
        now = NOW
        store = Store(Database(home / "bridge.db"))
        housekeeping = Housekeeping(home, store, SETTINGS, lambda: now)
        await housekeeping.look()
        assert backup.copies(home) == []  # a database without jobs needs no copy
        await store(Database.add_job, job(), [variation()])
        for hours, copies in ((0, 1), (1, 1), (24, 2), (48, 2), (49, 2)):
            now = NOW + hours * 3600
            await housekeeping.look()
            assert len(backup.copies(home)) == copies
        assert backup.newest_copy(home) == NOW + 48 * 3600
        store.close()

    async def test_a_clock_that_was_set_back_does_not_stop_the_copies(self, home: Path) -> None:
        store = Store(Database(home / "bridge.db"))
        await store(Database.add_job, job(), [variation()])
        await Housekeeping(home, store, SETTINGS, lambda: NOW).look()
        await Housekeeping(home, store, SETTINGS, lambda: NOW - DAY).look()
        assert len(backup.copies(home)) == 2
        store.close()

    async def test_a_clock_that_was_ahead_keeps_no_old_copy(self, home: Path) -> None:
        """The copies with dates in the future neither hide the newest copy nor replace it."""
        store = Store(Database(home / "bridge.db"))
        await store(Database.add_job, job(), [variation()])
        for hours in (0, 60 * 24, 1, 25, 26, 49):
            await Housekeeping(home, store, SETTINGS, lambda hours=hours: NOW + hours * 3600).look()
        names = [path.name for path in backup.copies(home)]
        assert names == [f"bridge-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(NOW + h * 3600))}.db" for h in (49, 25)]
        store.close()

    async def test_checks_repeat_after_failures(self, home: Path, caplog: pytest.LogCaptureFixture) -> None:
        store = Store(Database(home / "bridge.db"))
        await store(Database.add_job, job(), [variation()])
        (home / "backups").write_text("a file where the folder should be")
        looks = 0
        enough = asyncio.Event()

        async def sleep(_: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                enough.set()
                await asyncio.Event().wait()

        housekeeping = Housekeeping(home, store, SETTINGS, lambda: NOW, sleep)
        housekeeping.start()
        await asyncio.wait_for(enough.wait(), PATIENCE)
        await housekeeping.stop()
        store.close()
        assert (
            len(
                [
                    record
                    for record in caplog.records
                    if record.name == "bridge.store.housekeeping" and record.levelname == "WARNING"
                ]
            )
            == 3
        )
