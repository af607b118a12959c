"""What the command line shows: live bars on a terminal, plain lines in a pipe, JSON lines for scripts.

Progress goes to standard error, results to standard output, so that `$(ace-bridge remix …)` is the path.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.errors import BudgetReached

Show = Callable[[Mapping[str, Any]], None]

LABELS = {"fal": "ACE-Step on fal", "offline": "offline remix, not ACE-Step"}


class Console:
    """Output of one command."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def say(self, text: str) -> None:
        """Print a sentence for people."""
        if not self._json:
            print(text, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def progress(self, names: Mapping[str, str]) -> Iterator[Show]:
        """Show a job while it runs.

        Args:
            names: the clips' names by their ids.
        """
        if self._json:
            yield lambda job: print(json.dumps({"event": "job", **job}), flush=True)
        elif sys.stderr.isatty():
            with _bars(names) as show:
                yield show
        else:
            yield _Lines(names)

    def finish(self, job: Mapping[str, Any]) -> int:
        """Print what came of it, the paths last; 0 only if every result is there."""
        results = [one["result"]["path"] for one in job["variations"] if one["state"] == "done" and one["result"]]
        complete = len(results) == len(job["variations"]) and job["state"] == "done"
        if self._json:
            print(
                json.dumps({"event": "end", "state": job["state"], "paths": results, "cost": job["cost"]}), flush=True
            )
            return 0 if complete else 1
        for warning in job["warnings"] if results else ():
            if warning["code"] != "not_ace_step":  # the last line says who made it
                self.say(f"note: {warning['text']}")
        for one in job["variations"]:
            if one["error"]:
                self.say(f"{one['error']['text']}\n  {one['error']['hint']}\n  [{one['error']['code']}]")
            elif one["reason"] == "budget":
                self.say(f"{one['message']}\n  {BudgetReached.hint}\n  [{BudgetReached.code}]")
            elif one["state"] != "done":
                self.say(one["message"])
        self.say(_made(job, len(results)))
        for path in results:
            print(path, flush=True)
        return 0 if complete else 1


def _made(job: Mapping[str, Any], results: int) -> str:
    """Say who made it and what it cost."""
    cost = job["cost"]
    by = LABELS.get(job["engine"], job["engine"])
    states = {one["state"] for one in job["variations"]}
    billed = None if cost["billed"] is None else f"billed {cost['billed']:.4f} {cost['currency']}"
    if "unknown" in states:
        return f"{by}: {billed or 'perhaps billed'}; one remix costs about {_each(job):.4f} {cost['currency']}"
    if not results:
        return f"nothing was made{f', {billed}' if billed else ' and nothing was charged'}"
    if not cost["estimated"] and not billed:
        return f"made by: {by}; free"
    if billed is None:
        return f"made by: {by}; about {cost['estimated']:.4f} {cost['currency']}, the bill is not known yet"
    return f"made by: {by}; {billed} (estimate {cost['estimated']:.4f})"


def _each(job: Mapping[str, Any]) -> float:
    return float(job["cost"]["estimated"]) / max(1, len(job["variations"]))


def _line(one: Mapping[str, Any]) -> str:
    """Say how a variation stands."""
    ahead = one["queue_position"]
    queue = f", {ahead} ahead" if ahead else ""
    return f"{one['message'] or one['state']}{queue}"


class _Lines:
    """One line per piece of news."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._said: dict[str, str] = {}

    def __call__(self, job: Mapping[str, Any]) -> None:
        for one in job["variations"]:
            line = _line(one)
            if self._said.get(one["variation_id"]) != line:
                self._said[one["variation_id"]] = line
                name = plain(self._names.get(one["clip_id"], one["clip_id"]))
                percent = f"{one['progress'] * 100:3.0f} %"
                print(f"{name} {one['index'] + 1}: {percent} {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bars(names: Mapping[str, str]) -> Iterator[Show]:
    from rich.console import Console as RichConsole
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bars: dict[str, Any] = {}
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[line]}"),
    )
    with Progress(*columns, console=RichConsole(stderr=True)) as progress:

        def show(job: Mapping[str, Any]) -> None:
            for one in job["variations"]:
                if one["variation_id"] not in bars:
                    name = plain(f"{names.get(one['clip_id'], one['clip_id'])} {one['index'] + 1}")
                    bars[one["variation_id"]] = progress.add_task("", total=1.0, name=escape(name), line="")
                ended = one["state"] in ("done", "failed", "cancelled", "unknown")
                done = 1.0 if one["state"] == "done" else one["progress"]
                bar = bars[one["variation_id"]]
                progress.update(bar, completed=done, line=escape(_line(one)))
                if ended:
                    progress.stop_task(bar)

        yield show


def plain(text: str) -> str:
    """Return a name for one line of a terminal: no line breaks and no control characters, whatever it has."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def ago(moment: float) -> str:
    """Say how long ago a unix time is, in one short word."""
    seconds = max(0.0, time.time() - moment)
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word} ago"
    return "just now"
