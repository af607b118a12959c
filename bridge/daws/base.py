"""The daemon's view of a DAW: its name, two properties, and how to place a result without a DAW script.

A DAW with a script (Ardour, REAPER, Live) gets its results offered in the outbox and confirms them with `placed`
messages. The folder adapter places results itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Placing:
    """A result to be placed."""

    variation_id: str
    path: Path  # the fitted file at its final path
    samples: int  # frames of the clip in the file


class Daw(Protocol):
    """The daemon's adapter for one kind of DAW."""

    @property
    def name(self) -> str:
        """Return the name in `daw.name` of its requests."""
        ...

    @property
    def confirms(self) -> bool:
        """Return whether a script in the DAW places and confirms results; otherwise `place` does it at once."""
        ...

    @property
    def wants_handles(self) -> bool:
        """Return whether the result's file has handles before and after the clip."""
        ...

    def place(self, placing: Placing) -> None:
        """Place at once (only if `confirms` is false).

        Raises:
            PlaceError: the result's file is missing.
        """
        ...
