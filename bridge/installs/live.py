"""What Ableton Live gets: the Remote Script in the User Library, and the pointer beside it.

Live looks for scripts when it starts, so it may run meanwhile; docs/live.md has the steps with pictures in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge import assets
from bridge.errors import HomeError
from bridge.install import POINTER, Installation, Own
from bridge.installs import Surroundings

NAME = "AceBridge"  # the folder's name is the control surface's name in Live
STEPS = (
    "Restart Live: it looks for new scripts only when it starts.",
    "In Settings > Link, Tempo & MIDI, choose AceBridge as a Control Surface; leave Input and Output at None.",
    "Select an audio clip and run `ace-bridge send /bridge/remix`, or bind that command to a key of your system.",
    "For a pad, choose its port as the Input of AceBridge; docs/live.md tells how to name the note.",
)


def plan(surroundings: Surroundings) -> Installation:
    """Return what Live gets here.

    Raises:
        HomeError: this installation lacks the script, or the User Library is not to be found.
    """
    library = surroundings.folder or _library(surroundings.environ, surroundings.platform)
    if not library.is_dir():
        raise HomeError(
            f"There is no Live User Library at {library}.",
            hint="Live's Settings > Library show where it is; name it with --folder (or --user-library).",
        )
    target = library / "Remote Scripts" / NAME
    return Installation(
        daw="live",
        title="Ableton Live",
        files=tuple(
            Own(target / path.name, path.read_bytes()) for path in sorted(assets.folder("live_script").glob("*/*.py"))
        ),
        pointer=target / POINTER,
        steps=STEPS,
        caches=(target / "__pycache__",),
    )


def _library(environ: Mapping[str, str], platform: str) -> Path:
    """Return where Live keeps the User Library unless it was moved."""
    if platform == "win32":
        return Path(environ.get("USERPROFILE") or Path.home()) / "Documents" / "Ableton" / "User Library"
    return Path(environ.get("HOME") or Path.home()) / "Music" / "Ableton" / "User Library"
