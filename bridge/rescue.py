"""Brings back into a journal what the jobs' folders know and it does not: orders, results, whole jobs.

bridge.storecare calls it when the journal was damaged, over the last good copy or over an empty one. It never orders
anything and never says that nothing was ordered where a folder says that something may have been.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge import jobfile
from bridge.errors import RequestConflict, StoreLost
from bridge.job import ENDED, Job, State, Variation
from bridge.stages.place import SHOWN
from bridge.store import Store
from bridge.work import of_leg

OFFER_AGAIN = 24 * 3600.0  # s: a result older than this was placed, or seen, most probably; it is not offered again
PER_CLIP, PER_VARIATION = ("render", "upload"), ("remix", "fetch", "fit", "place")  # per leg too, some of them


@dataclass(frozen=True, slots=True)
class Rescued:
    """What was brought back."""

    jobs: int  # that the journal did not have at all
    variations: int  # whose order or result it did not have


@dataclass(frozen=True, slots=True)
class _Found:
    """What a variation's folder says."""

    orders: Mapping[str, tuple[Mapping[str, Any], float]]  # unit → its order's mark, and the s of audio in it
    results: Mapping[tuple[str, str], Mapping[str, Any]]  # (unit, stage) → result


def rescue(store: Store, jobs: Path, now: float) -> Rescued:
    """Merge all jobs' folders into a journal.

    Args:
        store: the journal, a good copy or an empty one.
        jobs: the home's folder of jobs.
        now: unix time, s.
    """
    whole = parts = 0
    for folder in sorted(jobs.iterdir()) if jobs.is_dir() else ():
        about = None if folder.is_symlink() else jobfile.kept(folder)
        if about is None or about[0].id != folder.name:  # somebody's copy of a folder is not a second job
            continue
        job, variations = about
        known = {one.id: one for one in store.variations_of(job.id)}
        if not known:
            whole += 1
            with contextlib.suppress(RequestConflict):  # the copy has the message, and not yet what it came to
                store.take_in(job.message_id, "rescued", job.instance, b"", job.created)
            store.add_job(_billed(job, variations, folder), variations)
        parts += sum(_merge(store, job, one, known.get(one.id), folder, now) for one in variations)
    return Rescued(whole, parts)


def _merge(store: Store, job: Job, kept: Variation, known: Variation | None, folder: Path, now: float) -> bool:
    """Bring one variation to where its folder says it is; return whether the journal did not know that."""
    found = _look(kept, folder, job.id)
    new = {key: result for key, result in found.results.items() if store.stage(*key)[1] is None}
    for (unit, stage), result in new.items():
        store.finish_stage(unit, stage, result)
    unknown = {unit: one for unit, one in found.orders.items() if "ticket" not in store.stage(unit, "remix")[0]}
    own = bool(unknown) or any(unit.split("/")[0] == kept.id for unit, _ in new)
    if known is not None and not own:
        return False
    after = _where(known or kept, found, job, now)
    store.save_variation(after, is_open=after.state not in ENDED)
    for unit, (mark, seconds) in unknown.items():
        store.spend(unit, seconds * job.price, float(mark.get("at", now)), 0.0, float("inf"))
        store.save_variation(after, is_open=after.state not in ENDED, mark=(unit, "remix", mark))
    return own


def _where(variation: Variation, found: _Found, job: Job, now: float) -> Variation:
    """Say how a variation stands by what its folder holds."""
    results = {stage: result for (_, stage), result in found.results.items()}
    fitted = results.get("fit")
    variation = replace(variation, error=None, reason="slot", message="found again; the journal was damaged")
    if fitted is not None:
        placed = bool(results.get("place", {}).get("placed"))
        shown = {name: fitted[name] for name in SHOWN if name in fitted} | {"placed": placed}
        old = now - Path(fitted["path"]).stat().st_mtime > OFFER_AGAIN
        if placed or old:
            text = f"found again after the journal was damaged: {fitted['path']}"
            return replace(
                variation, state=State.DONE, result=shown, handed_over=True, progress=1.0, reason="", message=text
            )
        return replace(variation, state=State.WAITING, ordered=True, result=shown)
    if found.orders:
        ordered = any("ticket" in mark for mark, _ in found.orders.values())
        return replace(variation, state=State.WAITING, ordered=ordered)
    lost = StoreLost()
    return replace(variation, state=State.FAILED, reason="", error=lost.to_wire(), message=lost.text)


def _look(variation: Variation, folder: Path, job_id: str) -> _Found:
    clip = folder / f"clip-{variation.clip_index + 1}"
    own = clip / f"variation-{variation.index + 1}"
    units = _units(f"{job_id}/{variation.clip_index}", clip), _units(variation.id, own)
    places = {(unit, stage): place for unit, place in units[0].items() for stage in PER_CLIP}
    places |= {(unit, stage): place for unit, place in units[1].items() for stage in PER_VARIATION}
    read = {key: jobfile.read(place / f"{key[1]}.json") for key, place in places.items()}
    results = {key: result for key, result in read.items() if result is not None and _is_there(result)}
    orders = {unit: order for unit, place in units[1].items() if (order := _ordered(place)) is not None}
    return _Found(orders, results)


def _units(unit: str, folder: Path) -> dict[str, Path]:
    """Return the journal's names for a thing and for the further legs of it, with their folders."""
    legs = sorted(path for path in folder.glob("leg-*") if path.name[4:].isdigit())
    return {unit: folder, **{of_leg(unit, int(path.name[4:]) - 1): path for path in legs}}


def _ordered(place: Path) -> tuple[Mapping[str, Any], float] | None:
    """Return the mark of an order and the s of audio in it; None: nothing was ordered."""
    order = jobfile.read(place / jobfile.ORDER)
    if (
        order is None and (place / jobfile.ORDER).exists()
    ):  # a power cut left it empty: it was written, so it may be paid
        order = {"sent": True}
    if order is None:
        return None
    asked = order.pop("order", None) or {}
    return order, float(asked.get("seconds") or 0.0)


def _is_there(result: Mapping[str, Any]) -> bool:
    """Tell whether the file that a stage made still lies there."""
    path = result.get("path")
    return not path or Path(path).is_file()


def _billed(job: Job, variations: list[Variation], folder: Path) -> Job:
    """Put in what the engine said it charged."""
    bills = {}
    for variation in variations:
        for (unit, stage), result in _look(variation, folder, job.id).results.items():
            if stage == "remix" and result.get("billed_units") is not None:
                bills[unit] = float(result["billed_units"])
    return replace(job, bills=bills)
