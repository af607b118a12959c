"""Removes the working files of finished jobs when they are too old or take up too much space.

bridge.store.housekeeping calls this module. Only entire folders in the home's `jobs` folder are removed. Results are
stored elsewhere and belong to the user. If a paid result was not handed over, its job's folder is kept.

A clock that is wrong for some days must not make recent folders old. Therefore, a folder is removed for its age only if
two checks, a week apart, find it too old. A check that finds it recent discards the result of the first check.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.protocol.job import State, Variation
from bridge.store import job_folder
from bridge.util import busy_files
from bridge.util.atomic import explained

GONE = ".gone-"  # prefix of a folder that is being removed
EXPIRED = "expired"  # empty file in a job folder, with the time of the first check that found the folder too old
DAY, WEEK = 86_400.0, 7 * 86_400.0  # s
FINISHED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Working:
    """The working files of one job."""

    path: Path
    touched: float  # unix time of the last change, s
    size: int  # bytes
    expired: float | None  # unix time of the first check that found the folder too old, s; None: none did


async def sweep(
    jobs: Path,
    variations_of: Callable[[str], Awaitable[list[Variation]]],
    run: Callable[[Callable[[], object]], Awaitable[object]],
    *,
    now: float,
    days: float,
    largest: int,
) -> list[Path]:
    """Remove the job folders that are no longer needed and are too old or too large in total; return their paths.

    Args:
        jobs: the home's `jobs` folder.
        variations_of: returns the variations of the job with a given ID; the list is empty if there is no such job.
        run: runs a slow function outside the event loop.
        now: unix time, s.
        days: age in days at which a finished job's folder is removed, unless the clock may be wrong.
        largest: total size in bytes above which the oldest folders of finished jobs are removed.

    Raises:
        OutputUnwritable: a folder cannot be removed.
    """
    found: list[Working] = []
    await run(lambda: found.extend(measure(jobs)))
    total, gone = sum(one.size for one in found), []
    for one in sorted(found, key=lambda each: each.touched):
        is_old = now - one.touched > days * DAY
        if not is_old and total <= largest:
            await run(lambda path=one.path: busy_files.remove(path / EXPIRED, missing_ok=True))  # type: ignore[misc]
        elif may_go(await variations_of(one.path.name), one.path):
            if total <= largest and not await run(lambda one=one: confirm(one, now, days)):  # type: ignore[misc]
                continue
            await run(lambda path=one.path: remove(path))  # type: ignore[misc]
            total -= one.size
            gone.append(one.path)
    return gone


def measure(jobs: Path) -> list[Working]:
    """Finish interrupted removals, then return the job folders with the time of their last change and their size."""
    found = []
    for folder in jobs.iterdir() if jobs.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir():
            continue  # the bridge did not make this entry
        if folder.name.startswith(GONE):
            busy_files.remove_tree(folder, ignore_errors=True)
            continue
        with contextlib.suppress(OSError):  # a folder that is removed or unreadable does not protect the others
            files = {path: path.stat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
            mark = files.pop(folder / EXPIRED, None)
            touched = max((about.st_mtime for about in files.values()), default=folder.stat().st_mtime)
            size = sum(about.st_size for about in files.values())
            found.append(Working(folder, touched, size, mark.st_mtime if mark else None))
    return found


def confirm(one: Working, now: float, days: float) -> bool:
    """Return whether an earlier check, long enough ago, found a folder too old; otherwise, record this check."""
    if one.expired is not None and now - one.expired >= min(WEEK, days * DAY):
        return True
    if one.expired is None or one.expired > now:  # the first check, or the clock was set back
        mark = one.path / EXPIRED
        with explained(mark):
            mark.touch(mode=0o600)
            os.utime(mark, (now, now))
    return days == 0


def may_go(variations: Iterable[Variation], folder: Path) -> bool:
    """Return whether a job's folder is no longer needed."""
    listed = list(variations)
    return bool(listed) and all(_not_needed(one, folder) for one in listed)


def _not_needed(variation: Variation, folder: Path) -> bool:
    own = job_folder.of_variation(folder, variation)
    paid = (own / "raw.audio").exists() or (own / "submit.json").exists()
    path = (variation.result or {}).get("path")
    inside = path is not None and folder in Path(path).parents
    return variation.state in FINISHED and not inside and (variation.handed_over or not paid)


def remove(folder: Path) -> None:
    """Rename a folder, then remove it; after a crash, the new name shows that the removal is unfinished."""
    aside = folder.with_name(GONE + folder.name)
    with explained(folder):
        busy_files.replace(folder, aside)
        busy_files.remove_tree(aside)
