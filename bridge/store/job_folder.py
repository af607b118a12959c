"""Reads and writes the files in a job's folder from which paid work is recovered if the database is lost.

The `remix` stage writes the files before and after each submission; bridge.store.recovery compares the files with the
journal at every start.
"""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.protocol.job import Job, Variation
from bridge.util import busy_files
from bridge.util.atomic import explained, make_folder, settle, sync_folder, write_json

JOB = "job.json"  # in the job's folder: see `Kept`
PREPARED = "intent.json"  # in a variation's folder: an order that is not submitted yet; `commit` renames the file
ORDER = "submit.json"  # in a variation's folder: intent, ticket and order of a submission that may have been paid for
VOID = "void"  # key in a marker: IDs of earlier submissions that no longer count


@dataclass(frozen=True, slots=True)
class Kept:
    """The content of a `job.json`, as written by `keep`."""

    job: Job
    variations: list[Variation]  # the variations as they were before the first submission
    digest: str | None  # digest of the job's message; None: an older version wrote the file


def of_variation(folder: Path, variation: Variation) -> Path:
    """Return a variation's folder in its job's folder."""
    return folder / f"clip-{variation.clip_index + 1}" / f"variation-{variation.index + 1}"


def keep(folder: Path, job: Job, variations: Iterable[Variation], digest: str) -> None:
    """Write the job, its variations and its message's digest to `job.json`.

    If the file already exists, it is written again only after the length of the audio to submit has become known.

    The file is on disk when this function returns.

    Raises:
        DiskFull, OutputUnwritable: the folder cannot be written.
    """
    before = kept(folder)
    if before is None or before.job.seconds != job.seconds:
        with explained(folder):
            make_folder(folder)
        listed = [json.loads(one.to_json()) for one in (before.variations if before else variations)]
        about = {"job": json.loads(job.to_json()), "variations": listed, "digest": digest}
        write_json(folder / JOB, about)
        sync_folder(folder.parent)


def kept(folder: Path) -> Kept | None:
    """Return the content of `job.json`, or None if the file is missing or incomplete."""
    about = read(folder / JOB)
    if about is None:
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError):
        listed = [Variation.from_json(json.dumps(one)) for one in about["variations"]]
        return Kept(Job.from_json(json.dumps(about["job"])), listed, about.get("digest"))
    return None


def prepare(folder: Path, order: Mapping[str, Any]) -> None:
    """Write an order to disk before it is submitted, so that `commit` needs no disk space.

    Raises:
        DiskFull, OutputUnwritable: the folder cannot be written.
    """
    write_json(folder / PREPARED, order)
    for above in (folder.parent, folder.parent.parent):
        sync_folder(above)


def commit(folder: Path) -> None:
    """Record that the order is about to be submitted; call this after writing the journal and before the request.

    Raises:
        DiskFull, OutputUnwritable: the folder cannot be written.
    """
    settle(folder / PREPARED, folder / ORDER)


def remove_order(folder: Path) -> None:
    """Remove the files written by `prepare` and `commit`, because nothing is running at the engine."""
    for name in (ORDER, PREPARED):
        busy_files.remove(folder / name, missing_ok=True)


def name_of(mark: Mapping[str, Any]) -> str | float | None:
    """Return the ID of the submission in a marker, or None if there is no submission or no ID."""
    name: str | float | None = mark.get("id", mark.get("at"))  # older versions wrote no ID, only a time
    return name


def void(mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return a marker that voids the submission in the given marker, so that the remix may be submitted again."""
    name = name_of(mark)
    return {VOID: [*mark.get(VOID, ()), *([] if name is None else [name])]}


def read(path: Path, kind: type[msgspec.Struct] | None = None) -> dict[str, Any] | None:
    """Return the object in a JSON file; None if there is no such file, or the file is incomplete or has no object.

    Args:
        path: the file.
        kind: the keys whose types are checked; None: no key is checked.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None  # opening a pipe would block
        found = json.loads(busy_files.read(path))
        if kind is not None:
            msgspec.convert(found, kind)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
