"""The progress of a job in words: what is said once, what of each variation; and as lines for pipes and logs.

Called with the job as the outbox shows it, whenever it has changed; `bridge.cli.progress_bars` draws the same on a
terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LABELS = {"fal": "ACE-Step on fal", "offline": "offline remix, not ACE-Step"}  # of the engines, for people
ENDS = {"done": "done", "failed": "failed", "cancelled": "cancelled", "unknown": "perhaps ordered, perhaps not"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What is said once, and not before every variation."""

    names: Mapping[str, str]  # of the clips, by their ids
    style: str  # preset or tags
    family: str = ""  # the style family of an offline remix; "": not offline
    needs_model: str = ""  # sounds of the preset that the offline engine cannot add

    def line(self, engine: str) -> str:
        """Say who makes what."""
        parts = [LABELS.get(engine, engine), self.style, f"{self.family} style" if self.family else ""]
        line = " · ".join(part for part in parts if part)
        return f"{line}\nonly the model adds {self.needs_model}" if self.needs_model else line

    def name(self, one: Mapping[str, Any]) -> str:
        """Name a variation's clip."""
        return self.names.get(one["clip_id"], one["clip_id"])


Describe = Callable[[str], Heading]  # by the job's id, asked once


class Lines:
    """One line per piece of news, for pipes and logs."""

    def __init__(self, say: Callable[[str], None], describe: Describe) -> None:
        self._say = say
        self._describe = describe
        self._heading: Heading | None = None
        self._said: dict[str, str] = {}

    def __call__(self, job: Mapping[str, Any]) -> None:
        """Say what is new."""
        if self._heading is None:
            self._heading = self._describe(job["job_id"])
            self._say(self._heading.line(job["engine"]))
        for one in job["variations"]:
            line = news(one)
            if self._said.get(one["variation_id"]) != line:
                self._said[one["variation_id"]] = line
                done = 1.0 if one["state"] == "done" else one["progress"]
                name = f"{self._heading.name(one)} {one['index'] + 1}"
                self._say(f"{name}: {done * 100:3.0f} % {line}")


def news(one: Mapping[str, Any]) -> str:
    """Say in few words how a variation stands; its error, path and warnings are told below the bars."""
    if one["state"] in ENDS:
        return ENDS[one["state"]]
    if one["message"] == LABELS["offline"]:
        return "offline remix"  # the heading says the rest
    return str(one["message"] or ("starting" if one["state"] == "new" else one["state"]))
