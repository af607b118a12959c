"""A daemon that kills itself with SIGKILL at a given moment: `python -m tests.fakes.crashing_daemon MOMENT`.

Moments: `begin:STAGE` and `done:STAGE` are before and after a stage's result is written to the journal. `file:STAGE` is
after the stage's file is written, but before the journal write. `intent`, `order` (the rename to submit.json),
`ticket`, `placed` and `taken` (adding the job) need the suffix `-before` or `-after`. For clips in several segments,
`MOMENT@N` is the N-th occurrence of the moment.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.cli.main import main
from bridge.protocol.job import State, Variation
from bridge.store import job_folder
from bridge.store.database import Database
from tests.fakes import kills

MOMENT, _, TIMES = sys.argv[1].partition("@")
passed: list[str] = []


def die_at(moment: str) -> None:
    if moment == MOMENT:
        passed.append(moment)
    if len(passed) >= int(TIMES or 1):
        kills.kill()


class CrashingStore:
    """Replacements for three methods of the real store."""

    save = Database.save_variation
    finish = Database.finish_stage
    add = Database.add_job

    @staticmethod
    def save_variation(
        database: Database,
        variation: Variation,
        *,
        is_open: bool,
        mark: tuple[str, str, Mapping[str, Any]] | None = None,
    ) -> None:
        step = ""
        if mark is not None and mark[1] == "remix":
            step = "ticket" if "ticket" in mark[2] else "intent" if "sent" in mark[2] else ""
        die_at(f"{step}-before")
        if variation.state is State.DONE:
            die_at("placed-before")
        CrashingStore.save(database, variation, is_open=is_open, mark=mark)
        die_at(f"{step}-after")
        die_at(f"begin:{variation.stage}")
        if variation.state is State.DONE:
            die_at("placed-after")

    @staticmethod
    def finish_stage(database: Database, unit: str, stage: str, result: Mapping[str, Any]) -> None:
        die_at(f"file:{stage}")
        CrashingStore.finish(database, unit, stage, result)
        die_at(f"done:{stage}")

    @staticmethod
    def add_job(database: Database, *args: Any) -> None:
        die_at("taken-before")
        CrashingStore.add(database, *args)
        die_at("taken-after")


def commit(folder: Path) -> None:
    die_at("order-before")
    _commit(folder)
    die_at("order-after")


_commit = job_folder.commit
job_folder.commit = commit
Database.save_variation = CrashingStore.save_variation  # type: ignore[method-assign]
Database.finish_stage = CrashingStore.finish_stage  # type: ignore[method-assign]
Database.add_job = CrashingStore.add_job  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main(["run"]))
