"""What each DAW gets: one module per DAW with a function `plan`; `installer` carries the plans out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from bridge.installers.installer import Installation


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a plan looks."""

    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    folder: Path | None = None  # the DAW's folder for its user's files, where it is not the usual one


def plan(daw: str, surroundings: Surroundings) -> Installation:
    """Return what a DAW gets here.

    Raises:
        HomeError: this installation of the bridge lacks its scripts, or the DAW's folder is not to be found.
    """
    found: Installation = import_module(f"bridge.installers.{daw}").plan(surroundings)
    return found
