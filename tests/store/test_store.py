"""Tests a journal on a real disk: commits survive a restart, and conflicts are reported."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import RequestConflict
from bridge.protocol.job import Job, State, Variation
from bridge.store.async_store import Store
from bridge.store.database import Database


def job(job_id: str = "job-1", created: float = 1.0) -> Job:
    return Job(
        id=job_id,
        message_id=f"message of {job_id}",
        instance="i",
        daw="folder",
        project="",
        engine="fake",
        seed=1,
        created=created,
        request={"clips": [{"id": "c"}], "unknown": {"kept": True}},
        recipe={"params": {}},
        price=0.0002,
        currency="USD",
        seconds=(10.0, 20.0),
        each=2,
    )


def variation(variation_id: str = "v-1", job_id: str = "job-1") -> Variation:
    return Variation(variation_id, job_id, "c", 0, 0, 1)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "bridge.db")


def test_commits_are_on_disk_when_they_return(database: Database, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "bridge.db")
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    db.close()


def test_jobs_are_stored_unchanged(database: Database, tmp_path: Path) -> None:
    database.add_job(job(), [variation("v-1"), variation("v-2")])
    changed = replace(
        variation("v-1"), state=State.DONE, result={"path": "/ä.wav"}, error=None, message="ünïcode", handed_over=True
    )
    database.save_variation(changed, is_open=False)
    database.close()
    ((found, variations),) = Database(tmp_path / "bridge.db").jobs()
    assert found == job()
    assert variations == [changed, variation("v-2")]
    assert found.estimated == pytest.approx(0.012)


def test_open_jobs_are_those_with_work_left(database: Database) -> None:
    database.add_job(job("a", 1.0), [variation("v-1", "a")])
    database.add_job(job("b", 2.0), [variation("v-2", "b")])
    database.save_variation(replace(variation("v-1", "a"), state=State.FAILED), is_open=False)
    assert [found.id for found, _ in database.open_jobs()] == ["b"]
    assert [found.id for found, _ in database.jobs()] == ["b", "a"]


def test_jobs_are_found_by_an_id_prefix(database: Database) -> None:
    database.add_job(job("abc"), [variation("xyz", "abc")])
    assert [found.id for found, _ in database.find("ab")] == ["abc"]
    assert [found.id for found, _ in database.find("xy")] == ["abc"]
    assert database.find("%") == database.find("_") == database.find("")


class TestMessages:
    def test_the_same_bytes_are_recorded_once(self, database: Database) -> None:
        assert database.take_in("m", "digest", "i", b"body", 1.0) is True
        assert database.unapplied() == [("m", "i", b"body")]
        database.applied("m")
        assert database.take_in("m", "digest", "i", b"body", 2.0) is False
        assert database.unapplied() == []

    def test_a_message_not_applied_before_a_crash_is_still_pending(self, database: Database) -> None:
        database.take_in("m", "digest", "i", b"body", 1.0)
        assert database.take_in("m", "digest", "i", b"body", 2.0) is True

    def test_other_bytes_under_the_same_id_are_a_conflict(self, database: Database) -> None:
        database.take_in("m", "digest", "i", b"body", 1.0)
        with pytest.raises(RequestConflict):
            database.take_in("m", "other", "i", b"other", 2.0)

    def test_refusals_are_remembered_by_instance(self, database: Database) -> None:
        database.take_in("m", "digest", "i", b"body", 1.0)
        database.applied("m", {"code": "bad_request", "text": "t", "hint": "h"})
        assert database.refusals("i") == [("m", {"code": "bad_request", "text": "t", "hint": "h"})]
        assert database.refusals("other") == []

    def test_a_job_and_its_message_are_one_transaction(self, database: Database) -> None:
        database.take_in("message of job-1", "digest", "i", b"body", 1.0)
        database.add_job(job(), [variation()])
        assert database.unapplied() == []
        assert database.job_of_message("message of job-1") == "job-1"


class TestStages:
    def test_marks_and_results(self, database: Database) -> None:
        assert database.stage("v", "remix") == ({}, None)
        database.add_job(job(), [variation()])
        database.save_variation(variation(), is_open=True, mark=("v", "remix", {"sent": True}))
        assert database.stage("v", "remix") == ({"sent": True}, None)
        database.finish_stage("v", "remix", {"url": "u"})
        assert database.stage("v", "remix") == ({"sent": True}, {"url": "u"})
        database.forget_stage("v", "remix")
        assert database.stage("v", "remix") == ({"sent": True}, None)  # the marker stays: it may contain a ticket

    def test_a_failed_mark_rolls_back_the_state(self, database: Database) -> None:
        database.add_job(job(), [variation()])
        unwritable = {"path": object()}
        with pytest.raises(TypeError):
            database.save_variation(replace(variation(), state=State.DONE), is_open=False, mark=("v", "s", unwritable))
        assert [found.id for found, _ in database.open_jobs()] == ["job-1"]


class TestMoney:
    def test_a_cost_within_the_cap_is_recorded_once(self, database: Database) -> None:
        assert database.spend("v", 2.0, now=10.0, since=0.0, cap=3.0) is None
        assert database.spend("v", 2.0, now=11.0, since=0.0, cap=3.0) is None
        assert database.spent_since(0.0) == 2.0
        assert database.spend("w", 2.0, now=12.0, since=0.0, cap=3.0) == 2.0
        assert database.spent_since(0.0) == 2.0

    def test_the_bill_replaces_the_estimate_and_yesterday_does_not_count(self, database: Database) -> None:
        database.spend("v", 2.0, now=10.0, since=0.0, cap=3.0)
        database.bill("v", 2.5)
        assert database.spent_since(0.0) == 2.5
        assert database.spent_since(11.0) == 0.0


def test_uploads_are_reused_only_while_valid_long_enough(database: Database) -> None:
    database.add_upload("fal", "host", "sha", "https://a", 100.0)
    assert database.upload("fal", "host", "sha", 99.0) == ("https://a", 100.0)
    assert database.upload("fal", "host", "sha", 100.0) is None
    assert database.upload("fal", "other", "sha", 0.0) is None
    database.add_upload("fal", "host", "sha", "https://b", None)
    assert database.upload("fal", "host", "sha", 1e12) == ("https://b", None)
    database.forget_upload("https://b")
    assert database.upload("fal", "host", "sha", 0.0) is None


async def test_calls_run_in_order_on_one_other_thread(tmp_path: Path) -> None:
    store = Store(Database(tmp_path / "bridge.db"))
    seen: list[tuple[int, str]] = []

    def note(database: Database, text: str) -> None:
        seen.append((threading.get_ident(), text))

    await asyncio.gather(*(store(note, str(n)) for n in range(20)))
    assert [text for _, text in seen] == [str(n) for n in range(20)]
    assert len({thread for thread, _ in seen} - {threading.get_ident()}) == 1
    store.close()


def test_the_history_can_be_read_during_writes(database: Database, tmp_path: Path) -> None:
    database.add_job(job(), [variation()])
    reader = Database(tmp_path / "bridge.db", read_only=True)
    assert [found.id for found, _ in reader.jobs()] == ["job-1"]
    with pytest.raises(sqlite3.OperationalError):
        reader.remember("key", "value")
    reader.close()
