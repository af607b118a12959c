"""Tests that older journals are migrated and that newer journals are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreNewer
from bridge.store.database import Database
from bridge.store.migrations import STEPS, VERSION, migrate, version_of
from tests.store.test_store import job, variation


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_a_new_journal_gets_all_steps(tmp_path: Path) -> None:
    db = connect(tmp_path / "new.db")
    assert migrate(db) == 0
    assert version_of(db) == VERSION
    assert migrate(db) == VERSION
    db.close()


def test_an_older_journal_keeps_its_jobs(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    database = Database(path)
    database.add_job(job(), [variation()])
    database.close()
    db = connect(path)
    migrate(db, (*STEPS, "ALTER TABLE facts ADD COLUMN since REAL NOT NULL DEFAULT 0"))
    assert version_of(db) == VERSION + 1
    assert db.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    assert "since" in [row[1] for row in db.execute("PRAGMA table_info(facts)")]
    db.close()


def test_a_failed_step_changes_nothing(tmp_path: Path) -> None:
    db = connect(tmp_path / "bridge.db")
    migrate(db)
    with pytest.raises(sqlite3.Error):
        migrate(db, (*STEPS, "CREATE TABLE extra (a); INSERT INTO nowhere VALUES (1)"))
    assert version_of(db) == VERSION
    assert db.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchone() is None
    db.close()


def test_a_newer_journal_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    db = connect(path)
    migrate(db)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="newer ace-bridge"):
        Database(path)
    assert path.read_bytes() == before
