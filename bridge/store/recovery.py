"""Compares the job folders with the journal and recovers lost journal entries: submissions, results and entire jobs.

bridge.store.backup calls this module at every start. Nothing is submitted here, and a submission counts as sent
whenever a folder shows that the request may have been sent.

Jobs and submissions are written to the journal before they are written to the folder. Therefore, a job that the journal
lacks proves that the journal has lost entries, and so does a submission (`submit.json`) whose ID the journal lacks. If
the journal lacks two results of one variation, or the result of its `place` stage, this proves a loss as well. A
variation's state is changed only after such proof. If the journal lacks any other single result, this proves nothing:
results are written to the folder first, and a crash may have prevented the journal entry. The same is true of a DAW's
confirmation, but the variation is then done.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.errors import RequestConflict, StoreLost
from bridge.protocol.job import ENDED, SHOWN, State, Variation, of_segment
from bridge.store import job_folder
from bridge.store.database import ANY_DIGEST, Database
from bridge.store.retention import GONE
from bridge.store.rows import Mark, Result
from bridge.util.atomic import holds

OFFER_AGAIN = 24 * 3600.0  # age in seconds: an older result was probably placed or seen, so it is not offered again
PER_CLIP, PER_VARIATION = (
    ("render", "upload"),
    ("remix", "fetch", "fit", "place"),
)  # names of stages; some of these stages also run per segment
REMIX = "remix"

Results = dict[tuple[str, str], Mapping[str, Any]]  # (unit, stage) → result


@dataclass(frozen=True, slots=True)
class Recovered:
    """The numbers of recovered and stopped entries."""

    jobs: int = 0  # jobs that the journal lacked
    variations: int = 0  # variations with a submission or results that the journal lacked
    stopped: int = 0  # unfinished variations without a submission; they are no longer submitted automatically


@dataclass(frozen=True, slots=True)
class _Order:
    """The content of `submit.json`."""

    mark: Mapping[str, Any]  # the stage's marker, as in the journal
    seconds: float  # length of the submitted audio, s


def recover(database: Database, jobs: Path, now: float, *, lost: bool = False) -> Recovered:
    """Add to the journal, in one transaction, everything that only the job folders contain.

    Args:
        database: the journal.
        jobs: the home's `jobs` folder.
        now: unix time, s.
        lost: whether the journal is known to have lost entries.
    """
    whole = parts = stopped = 0
    with database.transaction():
        for folder in _folders(jobs):
            done = database.all_done(folder.name)  # if all variations are done, nothing can be missing
            if done is None or lost:
                missing, found = _complete(database, folder, now)
                whole, parts = whole + missing, parts + found
            if done is False:
                parts += _known_job(database, folder, now, lost=lost)
        if lost or whole or parts:
            stopped = _stop(database)
    return Recovered(whole, parts, stopped)


def _folders(jobs: Path) -> Iterator[Path]:
    """Yield the job folders, except links and folders that are being removed."""
    if not jobs.is_dir():
        return
    with os.scandir(jobs) as entries:
        names = sorted(one.name for one in entries if not one.name.startswith(GONE) and not one.is_symlink())
    yield from (jobs / name for name in names)


def _complete(database: Database, folder: Path, now: float) -> tuple[bool, int]:
    """Add what the journal lacks of a job: the job with its message, variations, and costs.

    Returns:
        Whether the whole job was missing, and the number of missing variations.
    """
    about = job_folder.kept(folder)
    if about is None or about.job.id != folder.name:  # a copied folder is not a second job
        return False, 0
    job = about.job
    with contextlib.suppress(RequestConflict):  # the journal contains the message but not its job
        database.take_in(job.message_id, about.digest or ANY_DIGEST, job.instance, b"", job.created)
    missing, added = database.complete_job(job, about.variations)
    for one in added:
        _merge(database, job.id, one, folder, now, new=True)
    for one in about.variations:
        units = _units(one.id, job_folder.of_variation(folder, one))
        orders = {unit: order for unit, place in units.items() if (order := _order(place)) is not None}
        _money(database, job.id, {unit: one for unit, one in orders.items() if not database.is_charged(unit)}, {}, now)
    return missing, len(added)


def _known_job(database: Database, folder: Path, now: float, *, lost: bool) -> int:
    """Compare a job's unfinished variations with their folders; return how many of them had lost journal entries."""
    open_ones = (one for one in database.variations_of(folder.name) if one.state is not State.DONE)
    return sum([_merge(database, folder.name, one, folder, now, new=False, lost=lost) for one in open_ones])


def _merge(
    database: Database, job_id: str, variation: Variation, folder: Path, now: float, *, new: bool, lost: bool = True
) -> bool:
    """Update a variation from its folder; return whether the journal had lost entries about this variation."""
    clip = folder / f"clip-{variation.clip_index + 1}"
    units = _units(variation.id, job_folder.of_variation(folder, variation))
    results = _unknown(database, units, PER_VARIATION)
    orders = {
        unit: order
        for unit, place in units.items()
        if (order := _order(place)) is not None and not _knows(database.stage(unit, REMIX)[0], order)
    }
    place = results.get((variation.id, "place"))
    confirmed = place is not None and "item" in place  # by a DAW; written before the journal, so it proves no loss
    behind = new or bool(orders) or len(results) > 1 or (place is not None and not confirmed)
    update = behind or confirmed or (lost and variation.state not in ENDED)
    if update:
        results |= _unknown(database, _units(f"{job_id}/{variation.clip_index}", clip), PER_CLIP)
    for (unit, stage), result in results.items():
        database.finish_stage(unit, stage, result)
    if update:
        _state(database, variation, orders, now)
        _money(database, job_id, orders, results, now)
    return behind


def _state(database: Database, variation: Variation, orders: Mapping[str, _Order], now: float) -> None:
    """Derive a variation's state from the updated journal, and record the state and the lost submissions."""
    found = any("ticket" in order.mark for order in orders.values())
    after = _with_state(database, variation, ordered=found or variation.ordered, sent=bool(orders), now=now)
    is_open = after.state not in ENDED
    database.save_variation(after, is_open=is_open)
    for unit, order in orders.items():
        database.save_variation(after, is_open=is_open, mark=(unit, REMIX, order.mark))


def _with_state(database: Database, before: Variation, *, ordered: bool, sent: bool, now: float) -> Variation:
    """Return a copy of a variation with the state that follows from the submissions and results."""
    ended = before.state in ENDED  # if so, the recovered entries show that the variation was retried
    found = replace(
        before,
        error=None,
        reason="slot",
        message="recovered after the journal had lost it",
        cancel_asked=before.cancel_asked and not ended,
    )
    fitted, placed = database.stage(before.id, "fit")[1], database.stage(before.id, "place")[1]
    if fitted is not None and _exists(fitted):
        shown = {name: fitted[name] for name in SHOWN if name in fitted} | {
            "placed": bool((placed or {}).get("placed"))
        }
        if placed is not None or now - Path(fitted["path"]).stat().st_mtime > OFFER_AGAIN:
            text = f"recovered after the journal had lost it: {fitted['path']}"
            return replace(
                found, state=State.DONE, result=shown, handed_over=True, progress=1.0, reason="", message=text
            )
        return replace(found, state=State.WAITING, ordered=True, result=shown)
    if sent or database.was_submitted(before.id):
        return replace(found, state=State.WAITING, ordered=ordered)
    return before if ended else _stopped(before)


def _money(database: Database, job_id: str, orders: Mapping[str, _Order], results: Results, now: float) -> None:
    """Add lost costs and bills to the ledger and to the job."""
    job = database.job(job_id)
    for unit, order in orders.items():
        database.spend(unit, order.seconds * job.price, float(order.mark.get("at", now)), 0.0, float("inf"))
    billed = {unit: one.get("billed_units") for (unit, stage), one in results.items() if stage == REMIX}
    bills = {unit: float(units) for unit, units in billed.items() if units is not None}
    for unit, units in bills.items():
        database.bill(unit, round(units * job.price, 6))
    if bills:
        database.save_job(replace(job, bills={**job.bills, **bills}))


def _stop(database: Database) -> int:
    """End unfinished variations without a submission.

    The lost entries may have recorded that such a variation ended, and its folder may have been removed since then.
    """
    count = 0
    for _, variations in database.open_jobs():
        for one in variations:
            if one.state not in ENDED and not database.was_submitted(one.id):
                database.save_variation(_stopped(one), is_open=False)
                count += 1
    return count


def _stopped(variation: Variation) -> Variation:
    lost = StoreLost()
    return replace(variation, state=State.FAILED, reason="", error=lost.to_wire(), message=lost.text)


def _unknown(database: Database, units: Mapping[str, Path], stages: tuple[str, ...]) -> Results:
    """Return the results that the folders contain but the journal lacks, provided that the result's file exists."""
    found: Results = {}
    for unit, place in units.items():
        for stage in stages:
            if database.stage(unit, stage)[1] is not None:
                continue
            result = job_folder.read(place / f"{stage}.json", Result)
            if result is not None and _exists(result):
                found[unit, stage] = result
    return found


def _units(unit: str, folder: Path) -> dict[str, Path]:
    """Return the journal's keys for a unit and for the second and later segments of this unit, each with its folder."""
    segments = sorted(path for path in folder.glob("leg-*") if path.name[4:].isdigit())
    return {unit: folder, **{of_segment(unit, int(path.name[4:]) - 1): path for path in segments}}


def _order(place: Path) -> _Order | None:
    """Return the submission in a folder, or None if nothing was submitted."""
    order = job_folder.read(place / job_folder.ORDER, Mark)
    if order is None and (place / job_folder.ORDER).is_file():  # after a power cut; it may be paid for
        order = {"sent": True}
    if order is None:
        return None
    asked = order.pop("order", None)
    seconds = asked.get("seconds") if isinstance(asked, dict) else 0.0
    return _Order(order, float(seconds) if isinstance(seconds, int | float) else 0.0)


def _knows(mark: Mapping[str, Any], order: _Order) -> bool:
    """Return whether the journal contains this submission, either as the current or as a voided submission."""
    name = job_folder.name_of(order.mark)
    if name is None:
        return bool(mark.get("sent"))
    return name in (job_folder.name_of(mark), *mark.get(job_folder.VOID, ()))


def _exists(result: Mapping[str, Any]) -> bool:
    """Return whether the file of a stage's result still exists; return True for a result without a file."""
    path = result.get("path")
    return not path or holds(Path(path))
