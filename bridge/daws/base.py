"""The interface of the daemon's DAW adapters.

In a DAW with a script (Ardour, REAPER, Live), the script finds the results in the outbox, places them, and confirms
each with a `placed` message. Without a script, the adapter itself places the results.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Placing:
    """A result that is ready to be placed."""

    variation_id: str
    path: Path  # final path of the result's file
    samples: int  # length of the clip within the file, in frames


class Daw(Protocol):
    """The daemon's adapter for one kind of DAW."""

    @property
    def name(self) -> str:
        """Return the name of the DAW, as it appears in the key `daw.name` of requests."""
        ...

    @property
    def confirms(self) -> bool:
        """Return whether a script in the DAW places and confirms results. If not, `place` must place them."""
        ...

    @property
    def wants_handles(self) -> bool:
        """Return whether the file of a result must include handles (extra audio) before and after the clip."""
        ...

    def place(self, placing: Placing) -> None:
        """Place a result immediately. This method is called only if `confirms` is false.

        Raises:
            PlaceError: the result's file is missing.
        """
        ...
