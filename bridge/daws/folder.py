"""Two adapters: for clients that only need a file (the command line, a Max patch), and for DAWs with a script."""

from __future__ import annotations

from bridge.daws.base import Placing
from bridge.errors import PlaceError
from bridge.util.atomic import holds


class Folder:
    """The adapter that delivers a result as a file with exactly the clip's length, without handles or confirmation."""

    name = "folder"
    confirms = False
    wants_handles = False

    def place(self, placing: Placing) -> None:
        """Check that the result's file exists and is not empty."""
        if not holds(placing.path):
            raise PlaceError(f"The result {placing.path} is missing or empty.")


# DAWs that get results without handles. In Live, a new clip starts at the start of its file. In the Arrangement of some
# versions, a script may be unable to change this start without moving the clip.
WITHOUT_HANDLES = ("live",)


class Scripted:
    """The adapter for a DAW whose own script places and confirms results (Ardour, REAPER, Live)."""

    confirms = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.wants_handles = name not in WITHOUT_HANDLES

    def place(self, placing: Placing) -> None:
        """Raise `PlaceError`, because only the DAW's script can place results."""
        raise PlaceError(f"{placing.path} must be placed by the script in {self.name}.")
