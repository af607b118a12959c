"""The installation plan for Ableton Live: the Remote Script in the User Library, and the pointer file next to it.

Live may be running during the installation, because it reads scripts only when it starts. docs/live.md describes the
next steps.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from bridge.config import resources
from bridge.errors import HomeError
from bridge.installers.base import POINTER, Installation, Own, Surroundings
from bridge.installers.places import documents, user_folder

USUAL = Path("Ableton", "User Library")
NAME = "AceBridge"  # name of the folder, which Live shows as the name of the control surface
STEPS = (
    "Restart Live. It looks for new scripts only when it starts.",
    "In Settings > Link, Tempo & MIDI, choose AceBridge as a Control Surface. Leave Input and Output at None.",
    "Select an audio clip and run `ace-bridge send /bridge/remix`, or bind that command to a system shortcut.",
    "For a pad, choose its port as the Input of AceBridge; docs/live.md explains how to set the note.",
)


def plan(surroundings: Surroundings) -> Installation:
    """Return the installation plan for Live.

    Raises:
        HomeError: this copy of ace-bridge lacks the script, or the User Library was not found.
    """
    places = [surroundings.folder] if surroundings.folder else libraries(surroundings.environ, surroundings.platform)
    library = next((place for place in places if place.is_dir()), None)
    if library is None:
        raise HomeError(
            f"There is no Live User Library at {places[0]}.",
            hint="Find it in Live's Settings > Library and pass it with --folder (or --user-library).",
        )
    target = library / "Remote Scripts" / NAME
    parts = sorted(resources.folder("live_script").glob("*/*.py"), key=lambda path: (path.name == "__init__.py", path))
    return Installation(
        daw="live",
        title="Ableton Live",
        # __init__.py is written last, because Live sees the script as soon as this file exists.
        files=tuple(Own(target / path.name, path.read_bytes()) for path in parts),
        pointer=target / POINTER,
        steps=STEPS,
        caches=(target / "__pycache__",),
        alone=target,
    )


def libraries(environ: Mapping[str, str], platform: str) -> list[Path]:
    """Return possible locations of the User Library: first those from Live's settings, then the default locations."""
    parents = documents(environ) if platform == "win32" else (user_folder(environ, platform) / "Music",)
    return [*moved(own_files(environ, platform, "Library.cfg")), *(parent / USUAL for parent in parents)]


def own_files(environ: Mapping[str, str], platform: str, name: str) -> list[Path]:
    """Return the path of this settings file for each of the user's Live versions, most recently changed file first."""
    home = user_folder(environ, platform)
    if platform == "win32":
        folder, inside = Path(environ.get("APPDATA") or home / "AppData" / "Roaming"), f"Live */Preferences/{name}"
    else:
        folder, inside = home / "Library" / "Preferences", f"Live */{name}"
    return sorted((folder / "Ableton").glob(inside), key=lambda path: path.stat().st_mtime, reverse=True)


def moved(settings: Iterable[Path]) -> Iterator[Path]:
    """Yield the locations of the User Library that are stored in Live's settings files."""
    for path in settings:
        with contextlib.suppress(OSError, ElementTree.ParseError):
            settings_of = ElementTree.fromstring(path.read_bytes())  # noqa: S314  # the user's own file
            for project in settings_of.iterfind(".//UserLibrary/LibraryProject"):
                folder, name = (project.find(part) for part in ("ProjectPath", "ProjectName"))
                if folder is not None and folder.get("Value"):
                    yield Path(folder.get("Value", ""), name.get("Value", "") if name is not None else "")
