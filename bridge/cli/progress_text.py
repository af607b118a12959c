"""Shows the progress of a job in words: a heading and, for pipes and logs, a line for each change.

Whenever a job changes, `console.py` calls `Lines` with the job's entry in the outbox. `progress_bars.py` shows the same
information on a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LABELS = {"fal": "ACE-Step on fal", "offline": "offline remix, not ACE-Step"}  # display names of the engines
ENDS = {"done": "done", "failed": "failed", "cancelled": "cancelled", "unknown": "submission unconfirmed"}


@dataclass(frozen=True, slots=True)
class Heading:
    """The data for the heading of a job's output, and the names of the job's clips."""

    names: Mapping[str, str]  # names of the clips by ID
    style: str  # preset or, without a preset, the tags
    family: str = ""  # style family of an offline remix; "" for other engines
    needs_model: str = ""  # sounds of the preset that the offline engine cannot add

    def line(self, engine: str) -> str:
        """Return the heading: engine, style and family and, on a second line, any sounds that only the model adds."""
        parts = [LABELS.get(engine, engine), self.style, f"{self.family} style" if self.family else ""]
        line = " · ".join(part for part in parts if part)
        return f"{line}\nonly the model adds {self.needs_model}" if self.needs_model else line

    def name(self, one: Mapping[str, Any]) -> str:
        """Return the name of a variation's clip."""
        return self.names.get(one["clip_id"], one["clip_id"])


Describe = Callable[[str], Heading]  # function that returns the heading of the job with this ID


class Lines:
    """A display for pipes and logs, with one line for each change of a variation's state."""

    def __init__(self, say: Callable[[str], None], describe: Describe) -> None:
        self._say = say
        self._describe = describe
        self._heading: Heading | None = None
        self._said: dict[str, str] = {}

    def __call__(self, job: Mapping[str, Any]) -> None:
        """Print a line for each variation whose state has changed."""
        if self._heading is None:
            self._heading = self._describe(job["job_id"])
            self._say(self._heading.line(job["engine"]))
        for one in job["variations"]:
            line = status_text(one)
            if self._said.get(one["variation_id"]) != line:
                self._said[one["variation_id"]] = line
                done = 1.0 if one["state"] == "done" else one["progress"]
                name = f"{self._heading.name(one)} {one['index'] + 1}"
                self._say(f"{name}: {done * 100:3.0f} % {line}")


def status_text(one: Mapping[str, Any]) -> str:
    """Return a variation's state in a few words, without errors, paths and warnings, which are printed at the end."""
    if one["state"] in ENDS:
        return ENDS[one["state"]]
    if one["message"] == LABELS["offline"]:
        return "offline remix"  # the heading says that it is not ACE-Step
    return str(one["message"] or ("starting" if one["state"] == "new" else one["state"]))
