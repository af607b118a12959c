"""Defines the database's tables and the steps that migrate an older database to the newest version.

Step k migrates from version k to k + 1 and is never changed once released. database.py applies the steps when it opens
a database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bridge.errors import StoreNewer

FIRST = """
CREATE TABLE IF NOT EXISTS messages (      -- ids outlive the history: the same id is never taken in twice
    message_id TEXT PRIMARY KEY, digest TEXT NOT NULL, received REAL NOT NULL, instance TEXT NOT NULL,
    body BLOB NOT NULL,                    -- the message as it came, until it is applied
    applied INTEGER NOT NULL,              -- 0: taken in, its effect is still to come
    refused TEXT);                         -- why it has none: code, text, hint
CREATE INDEX IF NOT EXISTS messages_refused ON messages (instance) WHERE refused IS NOT NULL;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, created REAL NOT NULL, message_id TEXT NOT NULL, instance TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_created ON jobs (created);
CREATE INDEX IF NOT EXISTS jobs_message ON jobs (message_id);
CREATE TABLE IF NOT EXISTS variations (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL, place INTEGER NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL,
    value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS variations_job ON variations (job_id, place);
CREATE INDEX IF NOT EXISTS variations_open ON variations (open) WHERE open = 1;
CREATE TABLE IF NOT EXISTS stages (        -- unit: the clip's or the variation's, so that a clip is rendered once
    unit TEXT NOT NULL, stage TEXT NOT NULL,
    mark TEXT,                             -- what a stage must know of itself after a crash
    result TEXT,                           -- null until it is finished
    PRIMARY KEY (unit, stage));
CREATE TABLE IF NOT EXISTS ledger (        -- what was ordered, with its estimate until the bill comes
    variation_id TEXT PRIMARY KEY, at REAL NOT NULL, cost REAL NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_at ON ledger (at);
CREATE TABLE IF NOT EXISTS uploads (
    engine TEXT NOT NULL, host TEXT NOT NULL, sha256 TEXT NOT NULL, url TEXT NOT NULL, expires REAL,
    PRIMARY KEY (engine, host, sha256));
CREATE TABLE IF NOT EXISTS instances (
    id TEXT PRIMARY KEY, daw TEXT NOT NULL, version TEXT NOT NULL, project TEXT NOT NULL, hello REAL NOT NULL);
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

STEPS: tuple[str, ...] = (FIRST,)
VERSION = len(STEPS)


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of a database, or 0 if the database has no tables yet."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, steps: Sequence[str] = STEPS) -> int:
    """Migrate a database to the newest version, with one transaction per step; return the previous version.

    Raises:
        StoreNewer: a newer bridge wrote the database; nothing is changed.
    """
    before = version_of(db)
    if before > len(steps):
        raise StoreNewer(
            f"The bridge's journal was written by a newer ace-bridge (version {before}; this one knows {len(steps)})."
        )
    for number, step in enumerate(steps[before:], before + 1):
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{step}\n;PRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    return before
