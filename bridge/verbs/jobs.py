"""jobs, show, cancel: what was made, and stopping what is being made."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from bridge.answers import cost_answer, variation_answer
from bridge.cli import home
from bridge.client import Client
from bridge.console import LABELS, ago, plain
from bridge.errors import UnknownJob
from bridge.job import ENDED, Job, State, Variation, job_state
from bridge.store import Store

Found = tuple[Job, list[Variation]]
LOOK_THROUGH = 10_000  # jobs that a filter searches


def jobs(options: argparse.Namespace) -> int:
    """List jobs, newest first."""
    filtered = options.state or options.engine or options.search
    found = _history(home(), LOOK_THROUGH if filtered else options.limit)
    chosen = [one for one in found if _wanted(one, options)][: options.limit]
    for job, variations in chosen:
        if options.json:
            print(json.dumps(_document(job, variations)))
        else:
            print(_row(job, variations))
    if not chosen and not options.json:
        print("There is no such job." if found else "Nothing was made yet: try `ace-bridge demo`.")
    return 0


def show(options: argparse.Namespace) -> int:
    """Show one job whole."""
    job, variations = _one(home(), options.job)
    if options.json:
        print(json.dumps(_document(job, variations) | {"recipe": dict(job.recipe), "request": dict(job.request)}))
        return 0
    print(_row(job, variations))
    print(f"  made by   {LABELS.get(job.engine, job.engine)}")
    print(f"  seed      {job.seed}")
    print(f"  cost      {_money(job)}")
    for name in job.recipe["chosen"]:
        print(f"  {name:<9} {job.recipe['params'][name]}")
    for warning in job.warnings:
        print(f"  note      {warning['text']}")
    for one in variations:
        print(f"  {plain(one.clip_id)} {one.index + 1} [{one.id[:8]}]: {one.state}, seed {one.seed}")
        if one.result:
            print(f"    {one.result['path']}")
        if one.error:
            print(f"    {one.error['text']}\n    {one.error['hint']} [{one.error['code']}]")
        elif one.state is not State.DONE:
            print(f"    {one.message}")
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Stop a job."""
    client = Client(home())
    client.need_daemon()
    args = {"job_id": options.job} if options.job else {}
    client.answer(client.send("cancel", args))
    client.bye()
    if options.json:
        print(json.dumps({"event": "cancel", "asked": True}))
    else:
        print("Asked to stop; `ace-bridge show` tells how it ended.")
    return 0


def _history(folder: Path, limit: int) -> list[Found]:
    if not (folder / "bridge.db").exists():
        return []
    store = Store(folder / "bridge.db", read_only=True)
    try:
        return store.jobs(limit)
    finally:
        store.close()


def _one(folder: Path, start: str | None) -> Found:
    if not (folder / "bridge.db").exists():
        raise UnknownJob("There is no job yet.")
    store = Store(folder / "bridge.db", read_only=True)
    try:
        found = store.find(start) if start else store.jobs(1)
    finally:
        store.close()
    if len(found) != 1:
        what = (
            "There is no job yet." if not start else f"{len(found) or 'No'} jobs have an id that begins with {start}."
        )
        raise UnknownJob(what)
    return found[0]


def _wanted(found: Found, options: argparse.Namespace) -> bool:
    job, variations = found
    state = job_state(one.state for one in variations)
    if options.state and options.state != state and not (options.state == "open" and state not in _CLOSED):
        return False
    if options.engine and options.engine != job.engine:
        return False
    words = " ".join([*_names(job), str(job.recipe["preset"]), str(job.recipe["params"].get("tags"))]).lower()
    return not options.search or options.search.lower() in words


def _document(job: Job, variations: list[Variation]) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "created": job.created,
        "state": str(job_state(one.state for one in variations)),
        "engine": job.engine,
        "daw": job.daw,
        "seed": job.seed,
        "preset": job.recipe["preset"],
        "tags": job.recipe["params"].get("tags"),
        "clips": _names(job),
        "cost": msgspec.to_builtins(cost_answer(job)),
        "warnings": [dict(one) for one in job.warnings],
        "variations": [msgspec.to_builtins(variation_answer(one)) for one in variations],
    }


def _row(job: Job, variations: list[Variation]) -> str:
    state = job_state(one.state for one in variations)
    names = _names(job)
    clips = names[0] if len(names) == 1 else f"{len(names)} clips"
    style = job.recipe["preset"] or job.recipe["params"].get("tags", "")
    return f"{job.id[:8]}  {state:<9}  {ago(job.created):>9}  {clips[:32]:<32}  {style[:32]:<32}  {job.engine}"


def _names(job: Job) -> list[str]:
    return [plain(str(clip.get("name") or clip.get("id"))) for clip in job.request["clips"]]


def _money(job: Job) -> str:
    if not job.price:
        return "free"
    if job.billed is None:
        return f"about {job.estimated:.4f} {job.currency}"
    return f"{job.billed:.4f} {job.currency} billed (estimate {job.estimated:.4f})"


_CLOSED = (*ENDED, State.PARTIAL)
