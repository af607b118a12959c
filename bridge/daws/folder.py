"""The adapters: one for clients that only need a file (the command line, a Max patch), one for DAWs with a script."""

from __future__ import annotations

from bridge.daws.base import Placing
from bridge.errors import PlaceError


class Folder:
    """Delivers a file with exactly the clip's length, without handles or confirmation."""

    name = "folder"
    confirms = False
    wants_handles = False

    def place(self, placing: Placing) -> None:
        """Check that the file exists."""
        if not placing.path.is_file() or placing.path.stat().st_size == 0:
            raise PlaceError(f"The result {placing.path} is missing or empty.")


# In Live, a new clip starts at the start of its file. For some versions it is unknown whether a script can change that
# start in the Arrangement without moving the clip.
WITHOUT_HANDLES = ("live",)


class Scripted:
    """A DAW whose script places and confirms results (Ardour, REAPER, Live)."""

    confirms = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.wants_handles = name not in WITHOUT_HANDLES

    def place(self, placing: Placing) -> None:
        """Raise an error, because only the DAW's script can place results."""
        raise PlaceError(f"{placing.path} must be placed by the script in {self.name}.")
