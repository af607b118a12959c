"""Shared test steps that remix with a real daemon and read its outbox."""

from __future__ import annotations

from typing import Any

from tests.daws.reaper.rig import Rig

QUESTIONS = ("REAPER must first render", "overlap on several tracks", "Submit ")


def states(rig: Rig) -> list[str]:
    return [one["state"] for job in rig.outbox()["jobs"] for one in job["variations"]]


def results(rig: Rig, count: int = 1) -> list[dict[str, Any]]:
    """Wait until the daemon has received the confirmation of `count` results, and return the results.

    Both are read from the same file, because the daemon removes the file when REAPER's service has ended.
    """

    def look() -> list[dict[str, Any]] | None:
        made = [one for job in rig.outbox()["jobs"] for one in job["variations"]]
        return [one["result"] for one in made] if [one["state"] for one in made] == ["done"] * count else None

    found: list[dict[str, Any]] = rig.until(look)
    return found


def press(rig: Rig, name: str = "Remix with last settings", count: int = 1) -> list[dict[str, Any]]:
    """Run an action, wait for its results, and return them."""
    rig.act(name)
    found = results(rig, count)
    rig.host.verify()
    told = [box for box in rig.host.boxes if not any(words in box for words in QUESTIONS)]
    assert not told, told  # a message box may open for a question, but never for success
    return found
