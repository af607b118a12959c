"""Reads jobs directly from the journal, for `jobs`, `show` and the names in progress output.

The daemon need not run. The journal is opened read-only, which does not disturb a running daemon.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bridge.engines.base import reported
from bridge.errors import StoreDamaged, UnknownJob
from bridge.protocol.job import ENDED, Job, State, Variation, job_state, of_segment
from bridge.store.database import Database

Found = tuple[Job, list[Variation]]
T = TypeVar("T")

FIRST = "Start one: `ace-bridge remix FILE`."


def newest(home: Path, limit: int) -> list[Found]:
    """Return the newest jobs, newest first."""
    return _read(home, lambda database: database.jobs(limit), [])


def still_open(home: Path) -> list[Found]:
    """Return the unfinished jobs, oldest first."""
    return _read(home, lambda database: database.open_jobs(), [])


def one(home: Path, start: str | None) -> Found:
    """Return the job whose ID, or one of whose variations' IDs, begins with `start`; without `start`, the newest job.

    Raises:
        UnknownJob: no job matches, or several jobs match.
    """
    if not start:
        found = newest(home, 1)
        if not found:
            raise UnknownJob("There is no job yet.", hint=FIRST)
        return found[0]
    found = _read(home, lambda database: database.find(start), [])
    if not found:
        raise UnknownJob(f"No job ID begins with {start}.")
    if len(found) > 1:
        listed = ", ".join(title(job) for job, _ in found)
        raise UnknownJob(f"{len(found)} job IDs begin with {start}: {listed}.", hint="Give a longer prefix.")
    return found[0]


def state_of(found: Found) -> State:
    """Return a job's state."""
    return job_state(variation.state for variation in found[1])


def is_open(found: Found) -> bool:
    """Return whether a job is unfinished."""
    return state_of(found) not in (*ENDED, State.PARTIAL)


def clip_names(job: Job) -> dict[str, str]:
    """Return the names of a job's clips by clip ID, in the job's order."""
    return {str(clip["id"]): plain(str(clip.get("name") or clip["id"])) for clip in job.request["clips"]}


def clips(job: Job) -> str:
    """Return a short name for a job's clips, such as "part1 +4" for five clips."""
    names = list(clip_names(job).values())
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def title(job: Job) -> str:
    """Return a job's display name, such as "loop (94380a12)"."""
    return f"{clips(job)} ({job.id[:8]})"


def unbilled(home: Path, job_id: str) -> float:
    """Return the cost of a job's submissions for which the engine may charge but has not reported the charge."""
    return _read(home, lambda database: database.open_bills(database.job(job_id)), 0.0)


def answers(home: Path, variation: Variation) -> list[dict[str, Any]]:
    """Return the seed, tags and lyrics that the engine reported for each finished segment of a variation."""

    def read(database: Database) -> list[dict[str, Any]]:
        results = (database.stage(of_segment(variation.id, segment), "remix")[1] for segment in count())
        return [reported(one["answer"]) for one in iter(partial(next, results), None)]

    return _read(home, read, [])


def style(job: Job) -> str:
    """Return a job's preset or, without a preset, its tags."""
    return str(job.recipe["preset"] or job.recipe["params"].get("tags", ""))


def offline_style(job: Job) -> tuple[str, str]:
    """Return an offline job's style family and the sounds that only the model adds; otherwise two empty strings."""
    if job.engine != "offline":
        return "", ""
    from bridge.audio.offline.words import choose_name

    family, _ = choose_name(job.recipe["params"].get("tags", ""), job.recipe.get("family", ""))
    return family, job.recipe.get("needs_model", "")


def document(found: Found) -> dict[str, Any]:
    """Return a job as a dictionary for JSON output, with the same keys as in the outbox."""
    from bridge.protocol.answers import cost_answer, variation_answer  # imported only here: `remix` does not need it

    job, variations = found
    return {
        "job_id": job.id,
        "created": job.created,
        "state": str(state_of(found)),
        "engine": job.engine,
        "daw": job.daw,
        "seed": job.seed,
        "preset": job.recipe["preset"],
        "tags": job.recipe["params"].get("tags"),
        "clips": list(clip_names(job).values()),
        "cost": msgspec.to_builtins(cost_answer(job)),
        "warnings": [dict(warning) for warning in job.warnings],
        "variations": [msgspec.to_builtins(variation_answer(variation)) for variation in variations],
    }


def plain(text: str) -> str:
    """Return the text with U+FFFD in place of each line break and control character."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _read(home: Path, query: Callable[[Database], T], default: T) -> T:
    """Query the journal; return `default` if there is no journal yet.

    Raises:
        StoreDamaged: the journal cannot be read; the bridge's next start rebuilds it.
    """
    path = home / "bridge.db"
    if not os.path.lexists(path):
        return default
    if not path.is_file():  # opening a pipe would block
        raise StoreDamaged(f"The bridge's journal {path} is not a file.")
    try:
        database = Database(path, read_only=True)
        try:
            return query(database)
        finally:
            database.close()
    except sqlite3.Error as problem:
        raise StoreDamaged(f"The bridge's journal cannot be read: {problem}.") from problem
