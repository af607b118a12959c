"""Prints the output of a command: live bars on a terminal, plain lines in a pipe, JSON lines for scripts.

Progress goes to stderr and results to stdout, so that `$(ace-bridge remix …)` gives only the path.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.cli.output import print_path
from bridge.cli.progress_text import LABELS, Describe, Lines
from bridge.errors import BudgetReached

Show = Callable[[Mapping[str, Any]], None]


class Console:
    """The output of one command."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def say(self, text: str) -> None:
        """Print a sentence, except in JSON mode."""
        if not self._json:
            print(text, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def progress(self, describe: Describe) -> Iterator[Show]:
        """Yield a function that shows the current state of a job.

        Args:
            describe: function that returns a job's heading and the names of its clips.
        """
        if self._json:
            yield lambda job: print(json.dumps({"event": "job", **job}), flush=True)
            return
        if sys.stderr.isatty():
            from rich.console import Console as Terminal  # imported only here, because the import is slow

            from bridge.cli.progress_bars import Bars

            with Bars(Terminal(stderr=True), describe) as bars:
                yield bars
        else:
            yield Lines(self.say, describe)

    def finish(self, job: Mapping[str, Any], unbilled: float = 0.0) -> int:
        """Print the outcome, then the results' paths; return 0 if every result exists, else 1.

        Args:
            job: the job as the outbox shows it.
            unbilled: cost of the submissions for which the engine may charge but has not reported the charge.
        """
        results = [one["result"]["path"] for one in job["variations"] if one["state"] == "done" and one["result"]]
        complete = len(results) == len(job["variations"]) and job["state"] == "done"
        if self._json:
            cost = {**job["cost"], "unbilled": unbilled}
            print(json.dumps({"event": "end", "state": job["state"], "paths": results, "cost": cost}), flush=True)
            return 0 if complete else 1
        for warning in job["warnings"] if results else ():
            if warning["code"] != "not_ace_step":  # already in the summary, which names the engine
                self.say(f"note: {warning['text']}")
        for one in job["variations"]:
            if one["error"]:
                self.say(f"{one['error']['text']}\n  {one['error']['hint']}\n  [{one['error']['code']}]")
            elif one["reason"] == "budget":
                self.say(f"{one['message']}\n  {BudgetReached.hint}\n  [{BudgetReached.code}]")
            elif one["state"] != "done":
                self.say(one["message"])
        self.say(_summary(job, len(results), unbilled))
        for path in results:
            print_path(path)
        return 0 if complete else 1


def _summary(job: Mapping[str, Any], results: int, unbilled: float) -> str:
    """Return the line that names the engine and what is known about the cost."""
    cost = job["cost"]
    by = LABELS.get(job["engine"], job["engine"])
    states = {one["state"] for one in job["variations"]}
    billed = None if cost["billed"] is None else f"billed {cost['billed']:.4f} {cost['currency']}"
    if "unknown" in states:
        return f"{by}: {billed or 'possibly billed'}; one remix costs about {_each(job):.4f} {cost['currency']}"
    maybe = f"about {unbilled:.4f} {cost['currency']} may be billed" if unbilled else ""
    if not results:
        known = ", ".join(text for text in (billed, maybe) if text)
        return f"no remix was made{f'; {known}' if known else ' and nothing was charged'}"
    if not cost["estimated"] and not billed:
        return f"{by}; free"
    if billed is None:
        return f"{by}; about {cost['estimated']:.4f} {cost['currency']}, final cost not known yet"
    return f"{by}; {billed}{f', {maybe}' if maybe else ''} (estimate {cost['estimated']:.4f})"


def _each(job: Mapping[str, Any]) -> float:
    return float(job["cost"]["estimated"]) / max(1, len(job["variations"]))


def ago(moment: float) -> str:
    """Return the time since a Unix time, such as "5 min ago"."""
    seconds = max(0.0, time.time() - moment)
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word} ago"
    return "just now"
