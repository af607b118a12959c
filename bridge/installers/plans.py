"""Finds the installation plan for a DAW. `installer.py` carries out the plans."""

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
    """Return the installation plan for a DAW.

    Raises:
        HomeError: this copy of ace-bridge lacks the scripts for the DAW, or the DAW's folder was not found.
    """
    return PLANS[daw](surroundings)
