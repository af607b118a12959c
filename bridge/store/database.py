"""The database: everything that must survive a crash, in one SQLite file.

The database is written before and after every side effect. With the SQLite settings WAL and synchronous=FULL, a commit
is on disk when it returns; "submitted exactly once" depends on this. The daemon calls the database through
bridge.store.async_store.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bridge.errors import RequestConflict
from bridge.protocol.job import Job, State, Variation
from bridge.store import rows
from bridge.store.migrations import migrate
from bridge.store.rows import Mark, Refusal, Result, as_text, read_json
from bridge.store.transaction import Transaction

log = logging.getLogger(__name__)

ANY_DIGEST = "rescued"  # stored if a message was recovered from a job folder that contains no digest


class Database:
    """The tables in the SQLite file; each method is one committed transaction.

    A list of jobs leaves out the rows that cannot be read; the next start recovers them. A method that needs one row
    raises ValueError if that row cannot be read.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._reported: set[str] = set()  # IDs of the rows that could not be read
        if read_only:  # used by the command line, with or without a running daemon
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            self._db.text_factory = as_text
            return
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.text_factory = as_text
        try:
            self._db.execute("PRAGMA busy_timeout = 5000")
            migrate(self._db)  # first, so that a newer bridge's database is not changed
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA fullfsync = ON")  # acts on macOS only; see bridge.util.flush
            self._db.execute("PRAGMA checkpoint_fullfsync = ON")
        except Exception:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def overlay(self, damaged: Path) -> int:
        """Copy the readable rows of a damaged journal over this journal's; return the number of unreadable rows."""
        with self.transaction():
            return rows.overlay(damaged, self._db)

    def transaction(self) -> Transaction:
        """Return a context manager that commits either all calls in its block or none of them."""
        return Transaction(self._db)

    # --- messages ----------------------------------------------------------------------------------------------------

    def take_in(self, message_id: str, digest: str, instance: str, body: bytes, received: float) -> bool:
        """Record a message; return whether it must still be applied, because it is new or a crash interrupted it.

        Raises:
            RequestConflict: the ID was already used for different content.
        """
        with self.transaction():
            row = self._one("SELECT digest, applied FROM messages WHERE message_id = ?", message_id)
            if row is None:
                self._db.execute(
                    "INSERT INTO messages VALUES (?, ?, ?, ?, ?, 0, NULL)",
                    (message_id, digest, received, instance, body),
                )
                return True
        if row[0] not in (digest, ANY_DIGEST):
            raise RequestConflict
        return not row[1]

    def digest_of(self, message_id: str) -> str:
        """Return the digest of a message, or ANY_DIGEST if the message was not recorded."""
        row = self._one("SELECT digest FROM messages WHERE message_id = ?", message_id)
        return ANY_DIGEST if row is None else str(row[0])

    def applied(self, message_id: str, refused: Mapping[str, str] | None = None) -> None:
        """Record that a message was applied or, with `refused`, why it was refused."""
        self._db.execute(
            "UPDATE messages SET applied = 1, body = x'', refused = ? WHERE message_id = ?",
            (None if refused is None else json.dumps(refused), message_id),
        )

    def refusals(self, instance: str, limit: int = 20) -> list[tuple[str, dict[str, str]]]:
        """Return the IDs and errors of an instance's most recent refused messages, oldest first."""
        rows = self._db.execute(
            "SELECT message_id, refused FROM messages WHERE instance = ? AND refused IS NOT NULL "
            "ORDER BY rowid DESC LIMIT ?",
            (instance, limit),
        ).fetchall()
        found = []
        for message_id, refused in reversed(rows):
            try:
                found.append((message_id, read_json(refused, Refusal)))
            except ValueError as problem:
                self._report(message_id, problem)
        return found

    def job_of_message(self, message_id: str) -> str | None:
        """Return the ID of the job that a message created, or None."""
        row = self._one("SELECT id FROM jobs WHERE message_id = ?", message_id)
        return None if row is None else str(row[0])

    def unapplied(self) -> list[tuple[str, str, bytes]]:
        """Return the ID, sender and content of the messages that are not yet applied, oldest first."""
        rows = self._db.execute("SELECT message_id, instance, body FROM messages WHERE applied = 0 ORDER BY rowid")
        return [(message_id, instance, bytes(body)) for message_id, instance, body in rows]

    # --- jobs and variations -----------------------------------------------------------------------------------------

    def add_job(self, job: Job, variations: Iterable[Variation]) -> None:
        """Add a job with its variations and mark its message as applied, in one transaction."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, ?)",
                (job.id, job.created, job.message_id, job.instance, job.to_json()),
            )
            for place, variation in enumerate(variations):
                self._db.execute(
                    "INSERT INTO variations VALUES (?, ?, ?, ?, ?, ?)",
                    (variation.id, job.id, place, variation.state, 1, variation.to_json()),
                )
            self.applied(job.message_id)

    def complete_job(self, job: Job, variations: Iterable[Variation]) -> tuple[bool, list[Variation]]:
        """Add the parts of a job that a damaged journal has lost.

        Returns:
            Whether the job itself was missing, and the variations that were missing.
        """
        with self.transaction():
            values = (job.id, job.created, job.message_id, job.instance, job.to_json())
            missing = self._db.execute("INSERT OR IGNORE INTO jobs VALUES (?, ?, ?, ?, ?)", values).rowcount > 0
            added = []
            for place, one in enumerate(variations):
                row = (one.id, job.id, place, one.state, 1, one.to_json())
                if self._db.execute("INSERT OR IGNORE INTO variations VALUES (?, ?, ?, ?, ?, ?)", row).rowcount > 0:
                    added.append(one)
            if missing:
                self.applied(job.message_id)
        return missing, added

    def save_job(self, job: Job) -> None:
        """Replace the record of a job."""
        self._db.execute("UPDATE jobs SET value = ? WHERE id = ?", (job.to_json(), job.id))

    def save_variation(
        self, variation: Variation, *, is_open: bool, mark: tuple[str, str, Mapping[str, Any]] | None = None
    ) -> None:
        """Replace a variation and, in the same transaction, a stage's marker: `mark` is (unit, stage, value)."""
        with self.transaction():
            self._db.execute(
                "UPDATE variations SET state = ?, open = ?, value = ? WHERE id = ?",
                (variation.state, int(is_open), variation.to_json(), variation.id),
            )
            if mark is not None:
                self._mark(*mark)

    def jobs(self, limit: int = 50, before: float = float("inf")) -> list[tuple[Job, list[Variation]]]:
        """Return the newest jobs created before a given unix time, newest first."""
        rows = self._db.execute(
            "SELECT id, value FROM jobs WHERE created < ? ORDER BY rowid DESC LIMIT ?", (before, limit)
        ).fetchall()
        return self._listed(rows)

    def find(self, start: str) -> list[tuple[Job, list[Variation]]]:
        """Return the jobs whose ID or variation ID begins with `start`."""
        if not start.isascii():  # no ID does; SQLite cannot take a name that is not UTF-8
            return []
        pattern = start.replace("%", "").replace("_", "") + "%"
        rows = self._db.execute(
            "SELECT id, value FROM jobs WHERE id LIKE ?1 "
            "OR id IN (SELECT job_id FROM variations WHERE id LIKE ?1) ORDER BY rowid DESC LIMIT 20",
            (pattern,),
        ).fetchall()
        return self._listed(rows)

    def variations_of(self, job_id: str) -> list[Variation]:
        """Return a job's variations in order; the list is empty if there is no such job, or one cannot be read."""
        found = self._variations(job_id)
        return [] if None in found else [one for one in found if one is not None]

    def job(self, job_id: str) -> Job:
        """Return a job, which must exist."""
        ((value,),) = self._db.execute("SELECT value FROM jobs WHERE id = ?", (job_id,))
        return Job.from_json(value)

    def all_done(self, job_id: str) -> bool | None:
        """Return whether all variations of a job are done; None if there is no such job."""
        row = self._one("SELECT MIN(state = ?) FROM variations WHERE job_id = ?", State.DONE, job_id)
        return None if row is None or row[0] is None else bool(row[0])

    def open_jobs(self) -> list[tuple[Job, list[Variation]]]:
        """Return the jobs with open variations, oldest first."""
        rows = self._db.execute(
            "SELECT id, value FROM jobs WHERE id IN (SELECT job_id FROM variations WHERE open = 1) ORDER BY rowid"
        ).fetchall()
        return self._listed(rows)

    # --- money -------------------------------------------------------------------------------------------------------

    def spend(self, variation_id: str, cost: float, now: float, since: float, cap: float) -> float | None:
        """Record a cost; if the cap would be exceeded, instead return the sum spent since `since`."""
        with self.transaction():
            spent = self.spent_since(since, variation_id)
            if spent + cost > cap:
                return spent
            self._db.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", (variation_id, now, cost))
        return None

    def bill(self, variation_id: str, cost: float) -> None:
        """Replace a recorded cost with the billed cost."""
        self._db.execute("UPDATE ledger SET cost = ? WHERE variation_id = ?", (cost, variation_id))

    def keep_cost(self, variation_id: str) -> None:
        """Keep a cost that may still be billed, beside the cost of the next submission of a variation or segment."""
        count = "SELECT COUNT(*) FROM ledger WHERE variation_id LIKE ?"
        (number,) = self._one(count, f"%#{variation_id}") or (0,)
        query = "UPDATE ledger SET variation_id = ? WHERE variation_id = ? AND cost > 0"
        self._db.execute(query, (f"{number}#{variation_id}", variation_id))

    def open_bills(self, job: Job) -> float:
        """Return the cost of a job's submissions for which the engine may charge but has not reported the charge."""
        rows = self._db.execute(
            "SELECT ledger.variation_id, cost FROM ledger JOIN variations AS one "
            "ON ledger.variation_id LIKE '%' || one.id || '%' WHERE one.job_id = ?",  # also id/2, 0#id and 0#id/2
            (job.id,),
        )
        return float(sum(cost for unit, cost in rows if unit not in job.bills))

    def is_charged(self, variation_id: str) -> bool:
        """Return whether a cost of a variation or segment is recorded."""
        return self._one("SELECT 1 FROM ledger WHERE variation_id = ?", variation_id) is not None

    def spent_since(self, moment: float, without: str = "") -> float:
        """Return the sum of costs since a given unix time, excluding the variation `without` and its segments."""
        query = "SELECT TOTAL(cost) FROM ledger WHERE at >= ? AND variation_id <> ? AND variation_id NOT LIKE ?"
        (total,) = self._one(query, moment, without, f"{without}/%") or (0.0,)
        return float(total)

    # --- stages ------------------------------------------------------------------------------------------------------

    def stage(self, unit: str, stage: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return a stage's marker (empty if there is none) and result (None until the stage is finished)."""
        row = self._one("SELECT mark, result FROM stages WHERE unit = ? AND stage = ?", unit, stage)
        if row is None:
            return {}, None
        mark = read_json(row[0] or "{}", Mark)
        return mark, None if row[1] is None else read_json(row[1], Result)

    def lost_order(self, variation_id: str) -> str:
        """Return the unit (variation or segment) whose submission was sent but whose answer was lost."""
        rows = self._db.execute(
            "SELECT unit, mark FROM stages WHERE stage = 'remix' AND result IS NULL AND (unit = ?1 OR unit LIKE ?2)",
            (variation_id, f"{variation_id}/%"),
        )
        found = [unit for unit, mark in rows if read_json(mark or "{}", Mark).get("sent") and '"ticket"' not in mark]
        return str(found[0]) if found else variation_id

    def was_submitted(self, variation_id: str) -> bool:
        """Return whether a variation or one of its segments may have been submitted."""
        rows = self._db.execute(
            "SELECT mark, result FROM stages WHERE stage = 'remix' AND (unit = ?1 OR unit LIKE ?2)",
            (variation_id, f"{variation_id}/%"),
        )
        return any(result is not None or read_json(mark or "{}", Mark).get("sent") for mark, result in rows)

    def finish_stage(self, unit: str, stage: str, result: Mapping[str, Any]) -> None:
        """Record a stage's result."""
        self._db.execute(
            "INSERT INTO stages (unit, stage, result) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (unit, stage) DO UPDATE SET result = ?3",
            (unit, stage, json.dumps(result)),
        )

    def forget_stage(self, unit: str, stage: str) -> None:
        """Remove a stage's result, so that the stage runs again; the stage's marker is kept."""
        self._db.execute("UPDATE stages SET result = NULL WHERE unit = ? AND stage = ?", (unit, stage))

    def _mark(self, unit: str, stage: str, mark: Mapping[str, Any]) -> None:
        self._db.execute(
            "INSERT INTO stages (unit, stage, mark) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (unit, stage) DO UPDATE SET mark = ?3",
            (unit, stage, json.dumps(mark)),
        )

    # --- uploads, instances, facts -----------------------------------------------------------------------------------

    def upload(self, engine: str, host: str, sha256: str, valid_until: float) -> tuple[str, float | None] | None:
        """Return the URL and expiry of an upload that is valid until `valid_until`, or None if there is none."""
        row = self._one(
            "SELECT url, expires FROM uploads WHERE engine = ? AND host = ? AND sha256 = ? "
            "AND (expires IS NULL OR expires > ?)",
            engine,
            host,
            sha256,
            valid_until,
        )
        return None if row is None else (row[0], row[1])

    def add_upload(self, engine: str, host: str, sha256: str, url: str, expires: float | None) -> None:
        """Record an upload."""
        self._db.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)", (engine, host, sha256, url, expires))

    def forget_upload(self, url: str) -> None:
        """Remove the record of an upload that the model could not read."""
        self._db.execute("DELETE FROM uploads WHERE url = ?", (url,))

    def hello(self, instance: str, daw: str, version: str, project: str, now: float) -> None:
        """Record a connected DAW process."""
        self._db.execute(
            "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?)", (instance, daw, version, project, now)
        )

    def bye(self, instance: str) -> None:
        """Remove the record of a DAW process that has disconnected."""
        self._db.execute("DELETE FROM instances WHERE id = ?", (instance,))

    def instances(self) -> list[tuple[str, str, str, str, float]]:
        """Return the ID, DAW, version, project and connection time of each connected DAW process, oldest first."""
        return list(self._db.execute("SELECT id, daw, version, project, hello FROM instances ORDER BY hello, rowid"))

    def fact(self, key: str) -> str | None:
        """Return a value stored by `remember`."""
        row = self._one("SELECT value FROM facts WHERE key = ?", key)
        return None if row is None else str(row[0])

    def remember(self, key: str, value: str) -> None:
        """Store a value under a key."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _listed(self, rows: Iterable[tuple[str, str]]) -> list[tuple[Job, list[Variation]]]:
        """Return the readable jobs in rows of IDs and values, each with its readable variations."""
        found = []
        for job_id, value in rows:
            variations = [one for one in self._variations(job_id) if one is not None]
            try:
                if variations:
                    found.append((Job.from_json(value), variations))
            except ValueError as problem:
                self._report(job_id, problem)
        return found

    def _variations(self, job_id: str) -> list[Variation | None]:
        """Return a job's variations in order, with None for those that cannot be read."""
        rows = self._db.execute("SELECT id, value FROM variations WHERE job_id = ? ORDER BY place", (job_id,))
        found: list[Variation | None] = []
        for variation_id, value in rows.fetchall():
            try:
                found.append(Variation.from_json(value))
            except ValueError as problem:
                self._report(variation_id, problem)
                found.append(None)
        return found

    def _report(self, row: str, problem: ValueError) -> None:
        """Log a row that cannot be read; each row is logged once."""
        if row not in self._reported:
            self._reported.add(row)
            log.error("the journal's row %r cannot be read (%s); the next start recovers it", row, problem)

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
        return row
