"""What was made, read from the journal without the daemon: for `jobs` and `show`, and for the names of what goes on.

The journal is opened for reading only; a running daemon is not disturbed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bridge.errors import UnknownJob
from bridge.protocol.job import ENDED, Job, State, Variation, job_state
from bridge.store.database import Database

Found = tuple[Job, list[Variation]]
T = TypeVar("T")

FIRST = "Make one: `ace-bridge remix FILE`."


def newest(home: Path, limit: int) -> list[Found]:
    """Return the newest jobs, newest first."""
    return _ask(home, lambda database: database.jobs(limit), [])


def still_open(home: Path) -> list[Found]:
    """Return the jobs that have work left, oldest first."""
    return _ask(home, lambda database: database.open_jobs(), [])


def one(home: Path, start: str | None) -> Found:
    """Return the job whose id, or one of whose variations' ids, begins with `start`; None: the newest.

    Raises:
        UnknownJob: there is none, or there are several, which the text names.
    """
    if not start:
        found = newest(home, 1)
        if not found:
            raise UnknownJob("There is no job yet.", hint=FIRST)
        return found[0]
    found = _ask(home, lambda database: database.find(start), [])
    if not found:
        raise UnknownJob(f"No job has an id that begins with {start}.")
    if len(found) > 1:
        listed = ", ".join(title(job) for job, _ in found)
        raise UnknownJob(f"{len(found)} jobs have an id that begins with {start}: {listed}.", hint="Write more of it.")
    return found[0]


def state_of(found: Found) -> State:
    """Return a job's state."""
    return job_state(variation.state for variation in found[1])


def is_open(found: Found) -> bool:
    """Tell whether a job has work left."""
    return state_of(found) not in (*ENDED, State.PARTIAL)


def clip_names(job: Job) -> dict[str, str]:
    """Return the clips' names by their ids, in order."""
    return {str(clip["id"]): plain(str(clip.get("name") or clip["id"])) for clip in job.request["clips"]}


def clips(job: Job) -> str:
    """Name a job's clips in few words: "part1 +4" for five."""
    names = list(clip_names(job).values())
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def title(job: Job) -> str:
    """Name a job for people: "loop (94380a12)"."""
    return f"{clips(job)} ({job.id[:8]})"


def style(job: Job) -> str:
    """Say what a job is to become: its preset, else its tags."""
    return str(job.recipe["preset"] or job.recipe["params"].get("tags", ""))


def offline_style(job: Job) -> tuple[str, str]:
    """Return the style family of an offline job and the sounds that the engine cannot add; empty for other engines."""
    if job.engine != "offline":
        return "", ""
    from bridge.audio.offline.words import choose_name

    family, _ = choose_name(job.recipe["params"].get("tags", ""), job.recipe.get("family", ""))
    return family, job.recipe.get("needs_model", "")


def document(found: Found) -> dict[str, Any]:
    """Return a job for scripts, in the words of the outbox."""
    from bridge.protocol.answers import cost_answer, variation_answer  # only here: `remix` asks for names alone

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
    """Return a name for one line of a terminal: no line breaks and no control characters, whatever it has."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _ask(home: Path, question: Callable[[Database], T], otherwise: T) -> T:
    """Ask the journal; where there is none yet the answer is `otherwise`."""
    if not (home / "bridge.db").exists():
        return otherwise
    database = Database(home / "bridge.db", read_only=True)
    try:
        return question(database)
    finally:
        database.close()
