"""Jobs and variations as one line of JSON each: how the journal and the job's folder keep them."""

from __future__ import annotations

import json

from bridge.protocol.job import Job, State, Variation


def job_out(job: Job) -> str:
    """Return a job as text."""
    return json.dumps({name: getattr(job, name) for name in Job.__slots__})


def job_in(text: str) -> Job:
    """Return the job that `job_out` wrote."""
    fields = json.loads(text)
    fields |= {name: tuple(fields[name]) for name in ("warnings", "seconds")}
    return Job(**fields)


def variation_out(variation: Variation) -> str:
    """Return a variation as text."""
    return json.dumps({name: getattr(variation, name) for name in Variation.__slots__})


def variation_in(text: str) -> Variation:
    """Return the variation that `variation_out` wrote."""
    fields = json.loads(text)
    fields["state"] = State(fields["state"])
    return Variation(**fields)
