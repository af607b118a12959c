"""jobs, show, cancel: list jobs, show one, stop one."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator

from bridge.cli import history
from bridge.cli.console import ago
from bridge.cli.history import Found
from bridge.cli.output import print_path
from bridge.cli.progress_text import LABELS
from bridge.cli.terminal import coloured, cut, labelled, width
from bridge.client import Client
from bridge.config.home import home
from bridge.errors import NotPossibleNow
from bridge.presets.parameters import INSTRUMENTAL, PARAMS
from bridge.protocol.job import ENDED, Job, State, Variation

SEARCHED = 10_000  # maximum number of jobs to search with a filter, newest first
ROOMY = 72  # minimum terminal width, in columns, at which `jobs` shows the engine
COLUMN = 16  # width of the labels in `show`, in columns


def jobs(options: argparse.Namespace) -> int:
    """List jobs, newest first."""
    filtered = options.state or options.engine or options.search
    found = history.newest(home(), SEARCHED if filtered else options.limit)
    chosen = [one for one in found if _wanted(one, options)][: options.limit]
    for one in chosen:
        print(json.dumps(history.document(one)) if options.json else _row(one))
    if not chosen and not options.json:
        print("No job matches." if found else "There are no jobs yet: try `ace-bridge remix FILE`.")
    return 0


def show(options: argparse.Namespace) -> int:
    """Show everything about a job."""
    found = history.one(home(), options.job)
    job, variations = found
    if options.json:
        answers = {one.id: history.answers(home(), one) for one in variations}
        more = {"recipe": dict(job.recipe), "request": dict(job.request), "answers": answers}
        print(json.dumps(history.document(found) | more))
        return 0
    print(history.title(job))
    state = str(history.state_of(found))
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
    print(f"  {'state':<{COLUMN}}{coloured(state)}")
    money = _money(job, history.unbilled(home(), job.id), ended=not history.is_open(found))
    for label, text in (("requested", f"{created}, {ago(job.created)}"), *_about(job, money)):
        for line in labelled(label, text, COLUMN, 2):
            print(line)
    names = history.clip_names(job)
    for one in variations:
        print(f"  {names.get(one.clip_id, one.clip_id)} {one.index + 1} [{one.id[:8]}]: ", end="")
        print(f"{coloured(str(one.state))}, seed {one.seed}")
        if one.result:
            print_path(one.result["path"], indent=4)  # not wrapped, so that it can be copied
        for text in (*_outcome(one), *_reported(job, one)):
            for line in labelled("", text, 0, 4):
                print(line)
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Cancel a job or a variation; without an ID, cancel the newest unfinished job."""
    client = Client(home())
    client.need_daemon()
    found = _to_stop(options.job)
    job, variations = found
    meant = [one for one in variations if options.job and one.id.startswith(options.job)] or variations
    if all(one.state in ENDED for one in meant):
        state = meant[0].state if len(meant) == 1 else history.state_of(found)
        raise NotPossibleNow(f"{history.title(job)} is already {state}.", hint="There is nothing to stop.")
    client.answer(client.send("cancel", {"job_id": options.job or job.id}))
    client.bye()
    if options.json:
        print(json.dumps({"event": "cancel", "asked": True, "job_id": job.id}))
    else:
        print(f"Stopping {history.title(job)}; `ace-bridge show {job.id[:8]}` shows the outcome.")
    return 0


def _to_stop(start: str | None) -> Found:
    """Return the job with this ID prefix or, without a prefix, the newest unfinished job, or else the newest job."""
    unfinished = [] if start else history.still_open(home())
    return unfinished[-1] if unfinished else history.one(home(), start)


def _wanted(found: Found, options: argparse.Namespace) -> bool:
    job, variations = found
    if options.state == "open":
        if not history.is_open(found):
            return False
    elif options.state and options.state not in {history.state_of(found), *(one.state for one in variations)}:
        return False
    if options.engine and options.engine != job.engine:
        return False
    words = [*history.clip_names(job).values(), str(job.recipe["preset"]), str(job.recipe["params"].get("tags"))]
    return not options.search or options.search.lower() in " ".join(words).lower()


def _row(found: Found) -> str:
    job, _ = found
    state = str(history.state_of(found))
    engine = f"  {job.engine:<7}" if width() >= ROOMY else ""
    left = width() - 36 - len(engine)  # columns that remain for clips and style
    clips = _clips(job, left // 2)
    style = cut(history.style(job), left - left // 2)
    when = f"{ago(job.created):>10}"
    return f"{job.id[:8]}  {coloured(state, f'{state:<10}')}  {when}  {clips}  {style}{engine}".rstrip()


def _clips(job: Job, columns: int) -> str:
    """Return the first clip's name, followed by "+4" if there are four more clips, in exactly `columns` columns."""
    names = list(history.clip_names(job).values())
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return cut(cut(names[0], columns - len(more)).rstrip() + more, columns)


def _about(job: Job, money: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the text of each line about a job: its sources, engine, parameters, cost and warnings."""
    for clip in job.request["clips"]:
        source = clip.get("source") or clip.get("rendered") or {}
        path = history.plain(str(source.get("path", "")))
        yield "source", path + _span(source.get("offset") or 0.0, clip.get("length"))
    yield "engine", LABELS.get(job.engine, job.engine)
    if job.recipe["preset"]:
        yield "preset", str(job.recipe["preset"])
    asked = job.request.get("remix", {})
    params = job.recipe["params"]
    for name in sorted({"tags", *asked} & params.keys()):
        if params[name] not in (PARAMS[name].default, INSTRUMENTAL):
            yield name.replace("_", " "), str(params[name])
    if job.recipe["amount"] is not None:
        yield "amount", f"{job.recipe['amount']:g}"
    tempo = job.request.get("project", {}).get("tempo")
    if tempo:
        yield "tempo", f"{tempo:g} BPM"
    yield "seed", str(job.seed)
    yield "cost", money
    for warning in job.warnings:
        yield "note", str(warning["text"])


def _span(offset: float, length: float | None) -> str:
    """Return the span of a file as text, or "" for the whole file."""
    if length is None:
        return f", from {_clock(offset)}" if offset else ""
    return f", {_clock(offset)} to {_clock(offset + length)}"


def _clock(seconds: float) -> str:
    """Return a time as m:ss, or as m:ss.t if the tenths are not zero."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02}" + (f".{rest % 10}" if rest % 10 else "")


def _outcome(one: Variation) -> Iterator[str]:
    """Yield the lines about a variation's error or its last message."""
    if one.error:
        yield one.error["text"]
        yield f"{one.error['hint']} [{one.error['code']}]"
    elif one.state is not State.DONE and one.message:
        yield one.message


def _reported(job: Job, one: Variation) -> Iterator[str]:
    """Yield a line for each tag list, lyrics and seed that ACE-Step reported, segment by segment."""
    answers = [] if job.engine == "offline" else history.answers(home(), one)
    for number, answer in enumerate(answers, 1):
        said = {name: value for name, value in answer.items() if value not in (None, "", INSTRUMENTAL)}
        segment = f", segment {number}" if len(answers) > 1 else ""
        for name, value in said.items():
            yield f"{name} of the model{segment}: {history.plain(' / '.join(str(value).splitlines()))}"


def _money(job: Job, unbilled: float, *, ended: bool) -> str:
    """Return what a job costs: billed, perhaps billed later, or expected.

    Args:
        job: the job.
        unbilled: cost of the submissions whose bill is not known.
        ended: whether nothing more is submitted.
    """
    if not job.price:
        return "free"
    maybe = f"about {unbilled:.4f} {job.currency} may be billed" if unbilled else ""
    if job.billed is not None:
        return f"{job.billed:.4f} {job.currency} billed{f', {maybe}' if maybe else ''} (estimate {job.estimated:.4f})"
    if ended:
        return maybe or "nothing was charged"
    return f"about {job.estimated:.4f} {job.currency}"
