"""What a job's folder says of the job itself, so that paid work outlives the database.

Stage remix writes it around each order; bridge.store.recovery compares it with the journal at every start.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.protocol.job import Job, Variation
from bridge.util.atomic import settle, sync_folder, write_json

JOB = "job.json"  # in the job's folder
PREPARED = "intent.json"  # in a variation's folder: what `commit` makes the order's file; nothing was sent yet
ORDER = "submit.json"  # in a variation's folder: intent, ticket and order of what may have been paid
VOID = "void"  # in a mark: earlier orders that do not count any more; the folder may still have the last of them


@dataclass(frozen=True, slots=True)
class Kept:
    """What `keep` wrote."""

    job: Job
    variations: list[Variation]  # as they were before the first order
    digest: str | None  # of the message that asked for the job; None: written by a version that did not keep it


def keep(folder: Path, job: Job, variations: Iterable[Variation], digest: str) -> None:
    """Write down a job with its variations and its message's digest, once; it is on the disk when this returns.

    Raises:
        DiskFull, OutputUnwritable: the folder takes no file.
    """
    if kept(folder) is None:
        listed = [json.loads(variation.to_json()) for variation in variations]
        about = {"job": json.loads(job.to_json()), "variations": listed, "digest": digest}
        write_json(folder / JOB, about)
        sync_folder(folder.parent)


def kept(folder: Path) -> Kept | None:
    """Return what `keep` wrote; None if there is nothing, or nothing whole."""
    about = read(folder / JOB)
    if about is None:
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError):
        listed = [Variation.from_json(json.dumps(one)) for one in about["variations"]]
        return Kept(Job.from_json(json.dumps(about["job"])), listed, about.get("digest"))
    return None


def prepare(folder: Path, order: Mapping[str, Any]) -> None:
    """Write down an order that is about to leave, on the disk, so that `commit` needs no room.

    Raises:
        DiskFull, OutputUnwritable: the folder takes no file.
    """
    write_json(folder / PREPARED, order)
    for above in (folder.parent, folder.parent.parent):
        sync_folder(above)


def commit(folder: Path) -> None:
    """Say that the prepared order may have left; call it when the journal says so, and before the request leaves.

    Raises:
        DiskFull, OutputUnwritable: the folder takes no file.
    """
    settle(folder / PREPARED, folder / ORDER)


def remove_order(folder: Path) -> None:
    """Remove what `prepare` and `commit` wrote: nothing stands at the engine."""
    for name in (ORDER, PREPARED):
        (folder / name).unlink(missing_ok=True)


def name_of(mark: Mapping[str, Any]) -> str | float | None:
    """Return what tells an order's mark from every other order's; None: there is no order, or it does not say."""
    name: str | float | None = mark.get("id", mark.get("at"))  # older versions gave it no id
    return name


def void(mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mark that replaces an order's: it does not count any more, and may be submitted again."""
    name = name_of(mark)
    return {VOID: [*mark.get(VOID, ()), *([] if name is None else [name])]}


def read(path: Path) -> dict[str, Any] | None:
    """Return a JSON file's object; None when it is missing, cut short or something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
