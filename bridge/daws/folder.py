"""The adapter for everything without a DAW: the command line, a script, a Max patch. The file itself is the placing."""

from __future__ import annotations

from bridge.daws.base import Placing
from bridge.errors import PlaceError


class Folder:
    """Exactly the clip as a file, without handles; needs no confirmation."""

    name = "folder"
    confirms = False
    wants_handles = False

    def place(self, placing: Placing) -> None:
        """See that the file is there."""
        if not placing.path.is_file() or placing.path.stat().st_size == 0:
            raise PlaceError(f"The result should be at {placing.path}, and it is not there.")


# Live: a clip begins where its file begins only if there is no handle before it, and whether a script can move a clip's
# start in the Arrangement without moving the clip is not known for every version.
WITHOUT_HANDLES = ("live",)


class Scripted:
    """A DAW whose own script places and confirms (Ardour, REAPER, Live)."""

    confirms = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.wants_handles = name not in WITHOUT_HANDLES

    def place(self, placing: Placing) -> None:
        """Never called: the script in the DAW does it."""
        raise PlaceError(f"{self.name} places {placing.path} by its own script.")
