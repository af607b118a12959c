"""Finds the paid remixes that would be lost if the bridge's home were removed now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.cli import history
from bridge.protocol.job import State, Variation
from bridge.store import job_folder

RAW = "raw.audio"  # a downloaded result, in a variation's or segment's folder
WITH_RESULT = ("fetch", "fit", "place")  # stages that begin when the engine has a result


def unsaved(home: Path) -> list[str]:
    """Return the display names of jobs with paid results that are not in a file of the user yet.

    Raises:
        StoreDamaged, StoreNewer: the journal cannot be read, so nothing is known.
    """
    known = history.newest(home, 10**9)
    lost = [history.title(found[0]) for found in known if _is_unsaved(found, home)]
    return lost + list(_not_in_journal(home, {job.id for job, _ in known}))


def _is_unsaved(found: history.Found, home: Path) -> bool:
    job, variations = found
    folder = home / "jobs" / job.id
    return job.price > 0 and any(_has_paid_work(one, folder) for one in variations)


def _has_paid_work(variation: Variation, folder: Path) -> bool:
    path = (variation.result or {}).get("path")
    if path is not None and Path(path).is_file():
        return folder.resolve() in Path(path).resolve().parents  # the home may be reached by a link
    if variation.handed_over or variation.state is State.DONE:  # the user has moved or deleted the file
        return False
    own = job_folder.of_variation(folder, variation)
    if any(own.rglob(RAW)):
        return True
    if variation.state is State.FAILED:
        return variation.stage in WITH_RESULT
    return variation.state is not State.CANCELLED and (variation.ordered or any(own.rglob(job_folder.ORDER)))


def _not_in_journal(home: Path, known: set[str]) -> Iterator[str]:
    """Yield the IDs of jobs with submissions that the journal has lost; the next start recovers them."""
    for folder in sorted((home / "jobs").glob("*")):
        is_job = folder.name not in known and folder.is_dir() and not folder.is_symlink()
        if is_job and any((*folder.rglob(RAW), *folder.rglob(job_folder.ORDER))):
            yield folder.name[:8]
