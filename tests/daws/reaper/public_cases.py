"""What public scripts must have done at their end, written from their names and descriptions.

Each case is a generator: it prepares the project, yields while the script runs, and then checks the end state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.daws.reaper.public_scene import Scene

Steps = Callable[[Scene], Iterator[None]]


@dataclass(frozen=True)
class Case:
    """One run of a script, with its expectation."""

    steps: Steps
    file_name: str = ""  # name under which the script's package installs it, if its actions depend on it


CASES: dict[str, Case] = {}  # end of the script's path, which names one script → case


def case(path: str, file_name: str = "") -> Callable[[Steps], Steps]:
    """Register the steps of a script's case."""

    def register(steps: Steps) -> Steps:
        assert path not in CASES, path
        CASES[path] = Case(steps, file_name)
        return steps

    return register


def of(path: str) -> Case | None:
    """Return the case of a script; None if it only has to end."""
    return next((one for name, one in CASES.items() if path.endswith(name)), None)
