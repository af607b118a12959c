"""A journal that looks sound and has lost entries: the jobs' folders bring them back, and nothing is ordered twice."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import RateLimited, SubmitUnknown
from bridge.protocol.job import State, Variation
from bridge.store import backup, job_folder, retention
from bridge.store.database import Database
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, fal_environment, job_of, outbox, put, running
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import until

SEEDS = (100, 200, 300, 400)
SLOTS = {"ACE_BRIDGE_SCHEDULER_SLOTS": "4"}


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


# --- a real daemon, four running orders, kill -9 ----------------------------------------------------------------------


def wal_gone(home: Path, _early: Path) -> None:
    (home / "bridge.db-wal").unlink()
    (home / "bridge.db-shm").unlink()


def wal_garbage(home: Path, _early: Path) -> None:
    for name in ("bridge.db-wal", "bridge.db-shm"):
        (home / name).write_bytes(os.urandom((home / name).stat().st_size))


def wal_cut(home: Path, _early: Path) -> None:
    wal = home / "bridge.db-wal"
    os.truncate(wal, wal.stat().st_size // 2)


def wal_older(home: Path, early: Path) -> None:
    shutil.copyfile(early / "bridge.db-wal", home / "bridge.db-wal")
    (home / "bridge.db-shm").unlink()


def journal_older(home: Path, early: Path) -> None:
    wal_gone(home, early)
    shutil.copyfile(early / "bridge.db", home / "bridge.db")


def journal_and_wal_older(home: Path, early: Path) -> None:
    wal_older(home, early)
    shutil.copyfile(early / "bridge.db", home / "bridge.db")


LOSSES = (wal_gone, wal_garbage, wal_cut, wal_older, journal_older, journal_and_wal_older)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.timeout(180)
def test_four_running_orders_outlive_the_loss_of_the_journals_newest_entries(
    home: Path, tmp_path: Path, tone: Path, loss: Callable[[Path, Path], None]
) -> None:
    early = tmp_path / "early"
    early.mkdir()
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, **SLOTS)
        fal.hold("IN_PROGRESS")
        first = Daemon(home, **environ)
        first.wait_until_up()
        messages = {}
        for number, seed in enumerate(SEEDS):
            if number == 1:  # the older state knows one running order, and nothing of the three others
                for path in home.glob("bridge.db*"):
                    shutil.copyfile(path, early / path.name)
            args = remix_args(tone, remix={"seed": seed})
            messages[put(home, "remix", args, message_id=f"m-{seed}")] = args
            job_of(home, f"m-{seed}", "running")
        first.kill()
        assert sum(fal.queue.submits().values()) == 4
        before = {job["message_id"]: job["job_id"] for job in outbox(home)["jobs"]}
        loss(home, early)
        for message_id, args in messages.items():
            put(home, "remix", args, message_id=message_id)
        fal.release()
        with running(home, **environ):
            jobs = [job_of(home, message_id, "done", "failed", "unknown", "partial") for message_id in messages]
            until(lambda: not list((home / "inbox").glob("*.json")))
            assert [job["state"] for job in jobs] == ["done"] * 4
            assert {job["message_id"]: job["job_id"] for job in outbox(home)["jobs"]} == before
            assert not outbox(home)["errors"]
        assert sum(fal.queue.submits().values()) == 4
        assert len(list((home / "results").glob("*.wav"))) == 4
        assert not list((home / "inbox" / "rejected").iterdir())


# --- the comparison ---------------------------------------------------------------------------------------------------


def reopen(home: Path, now: float | None = None) -> None:
    """Start as a daemon does, as far as the journal goes."""
    backup.open_database(home, lambda: time.time() if now is None else now, 3).close()


def store(home: Path) -> Path:
    """Copy the journal aside, whole."""
    copied = home.parent / "older.db"
    copied.unlink(missing_ok=True)
    db = sqlite3.connect(home / "bridge.db")
    db.execute("VACUUM INTO ?", (str(copied),))
    db.close()
    return copied


def restore(home: Path, older: Path) -> None:
    """Put an older journal in the place of today's."""
    for path in home.glob("bridge.db*"):
        path.unlink()
    shutil.copyfile(older, home / "bridge.db")


def dump(home: Path) -> list[str]:
    """Return all that a journal says of jobs and money."""
    db = sqlite3.connect(home / "bridge.db")
    lines = [line for line in db.iterdump() if '"facts"' not in line]
    db.close()
    return lines


def variations(home: Path) -> list[Variation]:
    database = Database(home / "bridge.db")
    found = [one for _, listed in database.jobs() for one in listed]
    database.close()
    return found


async def placed(studio: Studio, job_id: str) -> None:
    """Wait until a job is done and its folder says that its result was placed."""
    (one,) = await studio.until(job_id, "done")
    while (await studio.store(Database.stage, one.id, "place"))[1] is None:
        await asyncio.sleep(0.01)


async def test_a_start_over_a_complete_journal_changes_nothing(home: Path, tone: Path) -> None:
    """Jobs that were done, failed, were cancelled, are unknown, or wait: each stays as it is."""
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
        await studio.send("cancel", {"variation_id": last.id})  # before it was ordered
        assert studio.registry.variation(last.id).state is State.CANCELLED  # type: ignore[union-attr]
    before = dump(home)
    reopen(home)
    reopen(home, time.time() + 90 * 86_400)
    assert dump(home) == before


async def test_a_crash_before_the_journal_knows_the_order_lets_it_be_ordered(home: Path, tone: Path) -> None:
    """The prepared order is no order: nothing has left, and the journal has lost nothing."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        studio.budget._cap = 0.0
        job_id = await studio.remix(tone)
        await studio.until(job_id, "waiting")
    (one,) = variations(home)
    folder = home / "jobs" / job_id / "clip-1" / "variation-1"
    folder.mkdir(parents=True, exist_ok=True)
    job_folder.prepare(folder, {"sent": True, "at": 1.0, "id": "x"})
    reopen(home)
    assert variations(home) == [one]
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 1


async def test_a_crash_after_an_order_was_refused_lets_it_be_ordered_again(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal says that the order does not count, and the bridge dies before the folder's file is removed."""
    engine = FakeEngine()
    reopen(home)
    with monkeypatch.context() as patch:
        patch.setattr(job_folder, "remove_order", lambda _folder: None)
        async with Studio(home, engine) as studio:
            engine.faults["submit"].append(RateLimited())
            job_id = await studio.remix(tone)
            await studio.until(job_id, "failed")
    assert len(list((home / "jobs").rglob("submit.json"))) == 1
    before = dump(home)
    reopen(home)
    assert dump(home) == before
    async with Studio(home, engine) as studio:
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "done")


async def test_a_retry_that_was_agreed_to_stays_so_after_a_crash(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
        studio.scheduler._stopping = True  # it dies before it is ordered again
        await studio.send("retry", {"job_id": job_id, "again": True})
    reopen(home)
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 2


async def test_a_crash_as_a_second_order_is_about_to_leave_changes_nothing(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has the second order, the folder still the first one, whose answer was lost."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
    for after in (SubmitUnknown, RateLimited):  # it dies right then; or the order is found not to have left
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


async def test_an_engine_that_costs_nothing_is_asked_again_and_that_is_no_loss(
    home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    engine.capabilities = replace(engine.capabilities, submit_once=False)
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
    with sqlite3.connect(home / "bridge.db") as db:  # it died instead
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


async def test_a_message_is_known_by_its_jobs_folder(home: Path, tone: Path) -> None:
    """The same bytes are answered with the job; so are any, where an older version did not keep what they were."""
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


async def test_a_message_that_the_older_journal_had_not_applied_makes_no_second_job(home: Path, tone: Path) -> None:
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


async def test_a_crash_while_entries_are_brought_back_leaves_none_of_them(
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


def test_a_journal_that_was_stamped_before_a_crash_is_not_an_older_one(home: Path) -> None:
    reopen(home)
    stamp = (home / backup.STAMP).read_bytes()
    for _ in range(3):  # each time the journal has its stamp, and the crash comes before the file
        (home / backup.STAMP).write_bytes(stamp)
        database = Database(home / "bridge.db")
        known = json.loads(database.fact(backup.STAMPS) or "")
        assert json.loads(stamp)["stamp"] in known
        database.close()
        reopen(home)
