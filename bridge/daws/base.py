"""What a DAW is to the bridge: a name, two facts, and for those without a script of their own the way to place.

A DAW with a script (Ardour, REAPER, Live) is offered its results in the outbox and confirms by a `placed` message; the
folder adapter places by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Placing:
    """One result to be placed."""

    variation_id: str
    path: Path  # the fitted file, in its final place
    samples: int  # frames of the clip in it


class Daw(Protocol):
    """The bridge's side of one kind of DAW."""

    @property
    def name(self) -> str:
        """Return the name that requests carry in `daw.name`."""
        ...

    @property
    def confirms(self) -> bool:
        """Tell whether a script in the DAW places and confirms; otherwise `place` does it at once."""
        ...

    @property
    def wants_handles(self) -> bool:
        """Tell whether the result's file should go on before and after the clip."""
        ...

    def place(self, placing: Placing) -> None:
        """Place at once (only where `confirms` is false).

        Raises:
            PlaceError: the result is not where it should be.
        """
        ...
