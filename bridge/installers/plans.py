"""The plans by DAW: what `ace-bridge install DAW` puts where; `installer` carries one out."""

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
    """Return what a DAW gets here.

    Raises:
        HomeError: this installation of the bridge lacks its scripts, or the DAW's folder is not to be found.
    """
    return PLANS[daw](surroundings)
