"""Tests journals that SQLite reads without an error, but whose tables or rows the bridge cannot read."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.cli import history
from bridge.errors import StoreDamaged, StoreNewer
from bridge.protocol.job import State
from bridge.store import backup, rows
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.store.migrations import FIRST
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio
from tests.store.journals import dump, reopen, variations
from tests.store.test_store import job, variation

Damage = Callable[[sqlite3.Connection, str], None]  # gets the journal and the ID of the damaged job


def broken_variation(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE variations SET value = substr(value, 1, 40) WHERE job_id = ?", (job_id,))


def broken_job(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE jobs SET value = '{' WHERE id = ?", (job_id,))


def job_not_utf_8(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE jobs SET value = CAST(x'7bff' AS TEXT) WHERE id = ?", (job_id,))


def job_of_wrong_types(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE jobs SET value = json_set(value, '$.each', 'two', '$.request', 5) WHERE id = ?", (job_id,))


def variation_of_wrong_types(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE variations SET value = json_set(value, '$.clip_index', 'one') WHERE job_id = ?", (job_id,))


def ids_exchanged(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE jobs SET value = json_set(value, '$.id', 'another') WHERE id = ?", (job_id,))


def broken_mark(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE stages SET mark = '[1' WHERE stage = 'remix'")


def mark_of_wrong_types(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("""UPDATE stages SET mark = '{"sent": true, "ticket": "none"}' WHERE stage = 'remix'""")


def broken_result(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE stages SET result = 'null and void'")


def broken_refusal(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE messages SET refused = '[]'")


def broken_stamps(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE facts SET value = '{{'")


def no_version(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("PRAGMA user_version = 0")


def dropped(table: str) -> Damage:
    def damage(db: sqlite3.Connection, job_id: str) -> None:
        db.execute(f"DROP TABLE {table}")

    damage.__name__ = f"no_{table}"
    return damage


def without(table: str, column: str) -> Damage:
    def damage(db: sqlite3.Connection, job_id: str) -> None:
        db.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")

    damage.__name__ = f"no_{table}_{column}"
    return damage


DAMAGES: list[Damage] = [
    *(broken_variation, broken_job, job_not_utf_8, job_of_wrong_types, variation_of_wrong_types, ids_exchanged),
    *(broken_mark, mark_of_wrong_types, broken_result, broken_refusal, broken_stamps, no_version),
    *(dropped(table) for table in rows.KEYS),
    *(without(*names) for names in (("jobs", "value"), ("variations", "value"), ("variations", "open"))),
    *(without(*names) for names in (("stages", "mark"), ("messages", "refused"), ("ledger", "cost"))),
]


def change(home: Path, damage: Damage, job_id: str) -> None:
    db = sqlite3.connect(home / "bridge.db", isolation_level=None)
    damage(db, job_id)
    db.close()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_job_with_a_ticket_is_resumed_and_the_others_are_kept(home: Path, tone: Path, damage: Damage) -> None:
    """Three jobs: done, submitted and not submitted. There is no copy of the journal."""
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        done = await studio.remix(tone, remix={"seed": 1})
        await studio.until(done, "done")
        engine.finish.clear()
        submitted = await studio.remix(tone, remix={"seed": 2})
        await studio.until(submitted, "running")
        spent = await studio.spent()
        studio.budget._cap = 0.0
        waiting = await studio.remix(tone, remix={"seed": 3})
        await studio.until(waiting, "waiting")
    change(home, damage, submitted)
    reopen(home)
    assert list((home / "damaged").glob("*/bridge.db")) or damage is broken_stamps
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(submitted, "done")
        await studio.until(done, "done")
        assert {one.id for one in studio.registry.jobs()} == {done, submitted, waiting}
        (last,) = studio.registry.variations(waiting)
        if last.state is State.FAILED:
            assert last.error is not None
            assert last.error["code"] == "store_lost"
            await studio.send("retry", {"job_id": waiting})
        await studio.until(waiting, "done")
        assert await studio.spent() == pytest.approx(1.5 * spent)
    assert len(engine.calls["submit"]) == 3


@pytest.mark.parametrize("damage", [broken_job, broken_variation], ids=lambda damage: damage.__name__)
async def test_a_row_that_breaks_meanwhile_hides_only_its_job(home: Path, damage: Damage) -> None:
    database = Database(home / "bridge.db")
    for number in (1, 2):
        database.add_job(job(f"job-{number}"), [variation(f"v-{number}", f"job-{number}")])
    change(home, damage, "job-1")
    for found in (database.jobs(), database.open_jobs(), history.newest(home, 9), database.find("job")):
        assert [one.id for one, _ in found] == ["job-2"]
    if damage is broken_variation:
        assert database.variations_of("job-1") == []  # so that its working files are kept
    database.close()


@pytest.mark.parametrize("damage", [dropped("jobs"), dropped("variations"), without("jobs", "value")])
def test_the_command_line_reports_a_journal_that_it_cannot_read(home: Path, damage: Damage) -> None:
    database = Database(home / "bridge.db")
    database.add_job(job(), [variation()])
    database.close()
    change(home, damage, "")
    with pytest.raises(StoreDamaged):
        history.newest(home, 9)


@pytest.mark.parametrize("damage", [broken_mark, mark_of_wrong_types, broken_result, dropped("stages")])
async def test_a_stage_that_breaks_meanwhile_makes_its_variation_wait(home: Path, tone: Path, damage: Damage) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.finish.clear()
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
    async with Studio(home, engine) as studio:
        change(home, damage, job_id)
        (one,) = await studio.until(job_id, "waiting")
        assert "journal" in one.message
    reopen(home)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 1


async def test_a_damaged_page_is_an_error_with_a_code(home: Path) -> None:
    store = Store(Database(home / "bridge.db"))
    change(home, dropped("ledger"), "")
    with pytest.raises(StoreDamaged):
        await store(Database.spent_since, 0.0)
    store.close()


async def test_an_unreadable_message_in_the_journal_stops_no_start(home: Path, tone: Path) -> None:
    reopen(home)
    database = Database(home / "bridge.db")
    database.take_in("m-1", "digest", "test", b'{"protocol": 1, "mess', 1.0)
    database.close()
    async with Studio(home) as studio:
        await studio.until(await studio.remix(tone), "done")
        assert [one["code"] for one in studio.document()["errors"]] == ["message_unreadable"]
        assert await studio.store(Database.unapplied) == []


def folder(path: Path) -> None:
    path.mkdir()
    (path / "inner").write_text("mine", encoding="utf-8")


def link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def no_tables(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()


@pytest.mark.parametrize(
    "make",
    [
        folder,
        no_tables,
        pytest.param(link_to_nowhere, marks=pytest.mark.only_on("posix", because="only administrators may make links")),
        pytest.param(pipe, marks=pytest.mark.only_on("posix", because="pipes are no files on Windows")),
    ],
    ids=lambda make: make.__name__,
)
async def test_something_else_in_the_journals_place_is_moved_away(
    home: Path, tone: Path, make: Callable[[Path], None]
) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.finish.clear()
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
    for path in home.glob("bridge.db*"):
        path.unlink()
    make(home / "bridge.db")
    if make is not no_tables:
        with pytest.raises(StoreDamaged):
            history.newest(home, 9)
    reopen(home)
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 1
    (damaged,) = (home / "damaged").iterdir()
    assert "bridge.db" in os.listdir(damaged)
    assert not (home / "nowhere").exists()


@pytest.mark.only_on("posix", because="Windows has no such permissions")
def test_a_journal_that_only_lacks_permissions_is_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reopen(home)
    before = dump(home)
    (home / "bridge.db").chmod(0)
    reopen(home)
    assert dump(home) == before
    assert (home / "bridge.db").stat().st_mode & 0o777 == 0o600
    assert not (home / "damaged").exists()


def test_a_newer_bridges_rows_are_not_judged(home: Path) -> None:
    reopen(home)
    db = sqlite3.connect(home / "bridge.db")
    db.executescript("DROP TABLE jobs; PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreNewer):
        reopen(home)
    assert not (home / "damaged").exists()


def test_every_column_of_the_schema_is_checked() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(FIRST)
    for table, checks in rows.CHECKS.items():
        found = db.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
        assert [name for name, _ in found] == list(checks)
        assert [name for name, pk in found if pk] == list(rows.KEYS[table])
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert sorted(names) == sorted(rows.CHECKS)
    db.close()


def test_rows_before_a_damaged_page_are_kept(home: Path) -> None:
    """There is neither a copy nor a job folder."""
    database = Database(home / "bridge.db")
    for number in range(200):
        database.add_job(job(f"job-{number}", float(number)), [variation(f"v-{number}", f"job-{number}")])
    database.close()
    data = bytearray((home / "bridge.db").read_bytes())
    data[-4096:-3000] = random.Random(1).randbytes(1096)
    (home / "bridge.db").write_bytes(data)
    assert "damaged" in str(backup.ailment(home / "bridge.db"))
    reopen(home)
    assert len(variations(home)) > 20


async def test_a_recovered_mark_is_the_one_of_the_folder(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    reopen(home)
    async with Studio(home, engine) as studio:
        engine.finish.clear()
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
        (one,) = studio.registry.variations(job_id)
        before, _ = await studio.store(Database.stage, one.id, "remix")
    change(home, broken_mark, job_id)
    reopen(home)
    database = Database(home / "bridge.db")
    assert json.dumps(database.stage(one.id, "remix")[0], sort_keys=True) == json.dumps(before, sort_keys=True)
    database.close()
