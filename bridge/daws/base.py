"""The daemon's adapter for a DAW: its name, two properties, and a method that places results without a DAW script.

A DAW with a script (Ardour, REAPER, Live) finds its results in the outbox and confirms each with a `placed` message.
The folder adapter places results itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Placing:
    """A result to be placed."""

    variation_id: str
    path: Path  # final path of the fitted file
    samples: int  # length of the clip in the file, frames


class Daw(Protocol):
    """The daemon's adapter for one kind of DAW."""

    @property
    def name(self) -> str:
        """Return the DAW's name, as in the key `daw.name` of its requests."""
        ...

    @property
    def confirms(self) -> bool:
        """Return whether a script in the DAW places and confirms results. If not, `place` places them."""
        ...

    @property
    def wants_handles(self) -> bool:
        """Return whether the result's file must have handles before and after the clip."""
        ...

    def place(self, placing: Placing) -> None:
        """Place a result at once; called only if `confirms` is false.

        Raises:
            PlaceError: the result's file is missing.
        """
        ...
