"""What a job's folder says of the job itself, so that paid work outlives the journal.

Stage remix writes it before the first order of a job; bridge.rescue reads it when the journal was damaged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bridge.disk import write_json
from bridge.job import Job, Variation
from bridge.records import job_in, job_out, variation_in, variation_out

JOB = "job.json"  # in the job's folder
ORDER = "submit.json"  # in a variation's folder: intent, ticket and order of what may have been paid


def keep(folder: Path, job: Job, variations: Iterable[Variation]) -> None:
    """Write down a job with its variations, once; it is on the disk when this returns.

    Raises:
        DiskFull, OutputUnwritable: the folder takes no file.
    """
    path = folder / JOB
    if not path.exists():
        listed = [json.loads(variation_out(variation)) for variation in variations]
        write_json(path, {"job": json.loads(job_out(job)), "variations": listed})


def kept(folder: Path) -> tuple[Job, list[Variation]] | None:
    """Return what `keep` wrote; None if there is nothing, or nothing whole."""
    about = read(folder / JOB)
    if about is None:
        return None
    try:
        listed = [variation_in(json.dumps(one)) for one in about["variations"]]
        return job_in(json.dumps(about["job"])), listed
    except (KeyError, TypeError, ValueError):
        return None


def read(path: Path) -> dict[str, Any] | None:
    """Return a JSON file's object; None when it is missing, cut short or something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
