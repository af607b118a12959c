"""Tests damaged, empty, missing and older journal files, and the copies of the journal."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from bridge.errors import HomeError, RateLimited, RequestConflict, StoreNewer, SubmitUnknown
from bridge.protocol.job import State
from bridge.store import backup
from bridge.store.database import Database
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.store.test_store import job, variation

NOW = 1_700_000_000.0


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def spoil(path: Path, kind: str) -> None:
    """Damage a journal in the way that faulty disks and power cuts do."""
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    match kind:
        case "zeros":
            path.write_bytes(b"")
        case "no journal":
            path.write_bytes(b"this is something else " * 1000)
        case "cut short":
            path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])
        case "a page of junk":
            data = bytearray(path.read_bytes())
            for page in range(1, len(data) // 4096):
                data[page * 4096 : page * 4096 + 200] = random.Random(page).randbytes(200)
            path.write_bytes(data)
        case _:
            path.unlink()


SPOILT = ("zeros", "no journal", "cut short", "a page of junk", "gone")


def set_back(home: Path, names: Iterable[str]) -> None:
    """Remove files of later stages from all jobs, as if the bridge had crashed before these stages."""
    for name in names:
        for path in (home / "jobs").rglob(name):
            path.unlink()


def reopen(home: Path, now: float | None = None) -> None:
    backup.open_database(home, lambda: time.time() if now is None else now, 3).close()


class TestCopies:
    def test_a_copy_is_complete_private_and_of_the_same_version(self, home: Path) -> None:
        database = Database(home / "bridge.db")
        database.add_job(job(), [variation()])
        made = backup.copy(home, NOW, 3)  # while the journal is open
        database.close()
        assert made.name == "bridge-20231114T221320Z.db"
        assert os.name == "nt" or made.stat().st_mode & 0o777 == 0o600
        assert backup.newest_copy(home) == NOW
        other = Database(made)
        assert [found.id for found, _ in other.jobs()] == ["job-1"]
        other.close()
        assert list((home / "backups").glob(".*")) == []

    def test_only_the_newest_are_kept(self, home: Path) -> None:
        Database(home / "bridge.db").close()
        made = [backup.copy(home, NOW + day * 86_400, 3) for day in range(5)]
        assert backup.copies(home) == made[:1:-1]

    def test_a_damaged_journal_is_not_copied_over_the_good_copies(self, home: Path) -> None:
        database = Database(home / "bridge.db")
        for number in range(200):
            database.add_job(job(f"job-{number}", float(number)), [variation(f"v-{number}", f"job-{number}")])
        database.close()
        good = backup.copy(home, NOW, 1)
        spoil(home / "bridge.db", "a page of junk")
        with pytest.raises((sqlite3.Error, HomeError)):
            backup.copy(home, NOW + 1, 1)
        assert backup.copies(home) == [good]


class TestDamage:
    def test_a_sound_journal_and_a_new_home_open_unchanged(self, home: Path) -> None:
        reopen(home)
        reopen(home)
        assert not (home / "damaged").exists()

    def test_a_newer_bridges_journal_is_refused_in_place(self, home: Path) -> None:
        reopen(home)
        with sqlite3.connect(home / "bridge.db") as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
        with pytest.raises(StoreNewer):
            reopen(home)
        assert not (home / "damaged").exists()

    def test_an_older_version_is_copied_before_migration(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        reopen(home)
        monkeypatch.setattr(backup, "VERSION", backup.VERSION + 1)
        reopen(home)
        assert len(backup.copies(home)) == 1

    @pytest.mark.parametrize("kind", SPOILT)
    async def test_submitted_remixes_are_fetched_and_not_submitted_again(
        self, home: Path, tone: Path, kind: str
    ) -> None:
        """There is no copy of the journal, so a paid submission is restored from the job folders alone."""
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone)
            (before,) = await studio.until(job_id, "done")
        set_back(home, ("remix.json", "fetch.json", "fit.json", "place.json", "raw.audio"))  # submitted, no result yet
        spoil(home / "bridge.db", kind)
        reopen(home)
        async with Studio(home, engine) as studio:
            (after,) = await studio.until(job_id, "done")
            assert len(engine.calls["submit"]) == 1
            assert after.id == before.id
            assert after.result is not None
            assert Path(after.result["path"]).is_file()
            assert await studio.spent() == pytest.approx(studio.registry.job(job_id).estimated)
        if kind not in ("gone",):
            assert [path.name for path in (home / "damaged").glob("*/*")] == ["bridge.db"]

    async def test_a_submission_without_a_recorded_answer_is_unknown(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            engine.faults["submit"].append(SubmitUnknown())
            job_id = await studio.remix(tone)
            await studio.until(job_id, "unknown")
        spoil(home / "bridge.db", "gone")
        reopen(home)
        async with Studio(home, engine) as studio:
            await studio.until(job_id, "unknown")
            assert len(engine.calls["submit"]) == 1

    async def test_an_order_file_emptied_by_a_power_cut_counts_as_submitted(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "done")
        set_back(home, ("remix.json", "fetch.json", "fit.json", "place.json", "raw.audio"))
        for path in (home / "jobs").rglob("submit.json"):
            path.write_bytes(b"")
        spoil(home / "bridge.db", "zeros")
        reopen(home)
        async with Studio(home, engine) as studio:
            await studio.until(job_id, "unknown")
            assert len(engine.calls["submit"]) == 1

    async def test_finished_work_stays_and_unsubmitted_work_needs_a_retry(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            done = await studio.remix(tone)
            await studio.until(done, "done")
            two = await studio.remix(tone, remix={"variations": 2})
            await studio.until(two, "done")
        folder = home / "jobs" / two / "clip-1" / "variation-2"
        for name in ("submit.json", "remix.json", "fetch.json", "fit.json", "place.json", "raw.audio"):
            (folder / name).unlink(missing_ok=True)  # place.json is written after the state `done`
        spoil(home / "bridge.db", "gone")
        reopen(home)
        async with Studio(home, engine) as studio:
            variations = await studio.until(two, "partial")
            assert [one.state for one in variations] == [State.DONE, State.FAILED]
            assert variations[1].error is not None
            assert variations[1].error["code"] == "store_lost"
            assert list(studio.registry.job(two).bills) == [variations[0].id]
            (finished,) = await studio.until(done, "done")
            assert finished.handed_over
            await studio.send("retry", {"job_id": two})
            await studio.until(two, "done")
            assert len(engine.calls["submit"]) == 4

    async def test_later_submissions_and_messages_are_recovered_over_the_last_copy(
        self, home: Path, tone: Path
    ) -> None:
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            first = await studio.remix(tone)
            await studio.until(first, "done")
            backup.copy(home, NOW, 3)
            taken = await studio.send("remix", later := remix_args(tone), message_id="later")
            assert taken.job_id
            await studio.until(taken.job_id, "done")
        spoil(home / "bridge.db", "no journal")
        reopen(home)
        async with Studio(home, engine) as studio:
            jobs = [one.id for one in studio.registry.jobs()]
            assert sorted(jobs) == sorted([first, taken.job_id])
            assert (await studio.send("remix", later, message_id="later")).job_id == taken.job_id
            with pytest.raises(RequestConflict):
                await studio.send("remix", {**later, "confirmed": True}, message_id="later")
            assert len(engine.calls["submit"]) == 2

    async def test_a_submission_newer_than_the_copy_is_not_repeated(self, home: Path, tone: Path) -> None:
        """In the copy the job is new, but the job's folder shows a later submission."""
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "done")
            (one,) = studio.registry.variations(job_id)
        with sqlite3.connect(home / "bridge.db") as db:  # set the journal back to the creation of the job
            db.execute("DELETE FROM stages")
            db.execute("DELETE FROM ledger")
            value = json.loads(db.execute("SELECT value FROM variations").fetchone()[0])
            value |= {"state": "new", "result": None, "handed_over": False}
            db.execute("UPDATE variations SET state = 'new', open = 1, value = ?", (json.dumps(value),))
        db.close()
        backup.copy(home, NOW, 3)
        set_back(home, ("remix.json", "fetch.json", "fit.json", "place.json"))
        spoil(home / "bridge.db", "gone")
        reopen(home)
        async with Studio(home, engine) as studio:
            (after,) = await studio.until(job_id, "done")
            assert after.id == one.id
            assert len(engine.calls["submit"]) == 1
            assert await studio.spent() > 0

    async def test_a_damaged_copy_is_skipped(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "done")
            backup.copy(home, NOW, 3)
        spoil(backup.copy(home, NOW + 1, 3), "a page of junk")
        spoil(home / "bridge.db", "no journal")
        reopen(home)
        database = Database(home / "bridge.db")
        assert [found.id for found, _ in database.jobs()] == [job_id]
        database.close()

    async def test_a_recent_result_is_offered_again_and_an_old_one_only_named(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone, daw={"name": "reaper", "version": "7"})
            await studio.until(job_id, "ready")
        spoil(home / "bridge.db", "gone")
        reopen(home)
        async with Studio(home) as studio:
            await studio.until(job_id, "ready")
        spoil(home / "bridge.db", "gone")
        reopen(home, time.time() + 2 * 86_400)
        async with Studio(home) as studio:
            (one,) = (await studio.registry.find(job_id))[1]
            assert one.state is State.DONE
            assert one.result is not None
            assert one.result["path"] in one.message

    async def test_a_refused_submission_does_not_count_as_running(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        async with Studio(home, engine) as studio:
            engine.faults["submit"].append(RateLimited())
            job_id = await studio.remix(tone)
            await studio.until(job_id, "failed")
        assert list((home / "jobs").rglob("submit.json")) == []
        spoil(home / "bridge.db", "gone")
        reopen(home)
        async with Studio(home, engine) as studio:
            (one,) = (await studio.registry.find(job_id))[1]
            assert one.error is not None
            assert one.error["code"] == "store_lost"
            assert await studio.spent() == 0
