"""What Ableton Live gets: the Remote Script in the User Library, and the pointer beside it.

Live looks for scripts when it starts, so it may run meanwhile; docs/live.md has the steps with pictures in words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from bridge.config import resources
from bridge.errors import HomeError
from bridge.installers.base import POINTER, Installation, Own, Surroundings

USUAL = Path("Ableton", "User Library")
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
    places = [surroundings.folder] if surroundings.folder else libraries(surroundings.environ, surroundings.platform)
    library = next((place for place in places if place.is_dir()), None)
    if library is None:
        raise HomeError(
            f"There is no Live User Library at {places[0]}.",
            hint="Live's Settings > Library show where it is; name it with --folder (or --user-library).",
        )
    target = library / "Remote Scripts" / NAME
    parts = sorted(resources.folder("live_script").glob("*/*.py"), key=lambda path: (path.name == "__init__.py", path))
    return Installation(
        daw="live",
        title="Ableton Live",
        files=tuple(Own(target / path.name, path.read_bytes()) for path in parts),  # Live sees it with the last one
        pointer=target / POINTER,
        steps=STEPS,
        caches=(target / "__pycache__",),
        alone=target,
    )


def libraries(environ: Mapping[str, str], platform: str) -> list[Path]:
    """Return where the User Library may be, the likeliest first: where Live's settings say, then the usual places."""
    home = _home(environ, platform)
    if platform == "win32":
        cloud = environ.get("OneDrive") or home / "OneDrive"  # where Windows may keep the documents instead
        usual = [home / "Documents" / USUAL, Path(cloud) / "Documents" / USUAL]
    else:
        usual = [home / "Music" / USUAL]
    return [*_moved(own_files(environ, platform, "Library.cfg")), *usual]


def own_files(environ: Mapping[str, str], platform: str, name: str) -> list[Path]:
    """Return the files of a name among the settings of each Live of this person, the newest first."""
    home = _home(environ, platform)
    if platform == "win32":
        folder, inside = Path(environ.get("APPDATA") or home / "AppData" / "Roaming"), f"Live */Preferences/{name}"
    else:
        folder, inside = home / "Library" / "Preferences", f"Live */{name}"
    return sorted((folder / "Ableton").glob(inside), key=lambda path: path.stat().st_mtime, reverse=True)


def _home(environ: Mapping[str, str], platform: str) -> Path:
    return Path(environ.get("USERPROFILE" if platform == "win32" else "HOME") or Path.home())


def _moved(settings: Iterable[Path]) -> Iterator[Path]:
    """Yield where Live's own settings say that the User Library is."""
    for path in settings:
        with contextlib.suppress(OSError, ElementTree.ParseError):
            settings_of = ElementTree.fromstring(path.read_bytes())  # noqa: S314  # this person's own file, by Live
            for project in settings_of.iterfind(".//UserLibrary/LibraryProject"):
                folder, name = (project.find(part) for part in ("ProjectPath", "ProjectName"))
                if folder is not None and folder.get("Value"):
                    yield Path(folder.get("Value", ""), name.get("Value", "") if name is not None else "")
