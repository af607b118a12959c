"""The installation plans by DAW; `installer` carries them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.installers import ardour, live, reaper
from bridge.installers.base import Installation, Surroundings

PLANS: Mapping[str, Callable[[Surroundings], Installation]] = {
    "ardour": ardour.plan,
    "live": live.plan,
    "reaper": reaper.plan,
}


def plan(daw: str, surroundings: Surroundings) -> Installation:
    """Return a DAW's plan.

    Raises:
        HomeError: this installation lacks the DAW's scripts, or the DAW's folder was not found.
    """
    return PLANS[daw](surroundings)
