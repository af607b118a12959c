"""Finds the DAWs on this machine in which `ace-bridge install` can install its scripts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bridge.installers import ardour, live, reaper
from bridge.installers.base import Surroundings
from bridge.installers.places import Places, usual_places
from bridge.installers.portable import is_portable, portable_reapers
from bridge.installers.records import pointer_in, read_object, records

Kind = Literal["normal", "portable", "Flatpak", "chosen"]
FLATPAK = ".var"  # folder of the settings of Flatpak programs, in the user's home directory
ARDOUR_FLATPAK = Path(".var", "app", "org.ardour.Ardour", "config")  # https://flathub.org/apps/org.ardour.Ardour
_LIVE = re.compile(r"Live (\d[\d.]*)")  # a folder of Live's settings


@dataclass(frozen=True, slots=True)
class FoundDaw:
    """A DAW's folder for user files, in which the bridge's scripts can be installed."""

    daw: str  # "ardour", "live" or "reaper", as for `ace-bridge install`
    folder: Path  # value for `--folder`
    kind: Kind  # "chosen": the user has moved the folder in the DAW's settings, or named it with `--folder`
    version: str = ""  # the DAW's version, such as "7.22"; empty if no file shows it
    installed: str = ""  # version of the bridge's scripts in the folder; empty if there are none
    notes: tuple[str, ...] = ()  # what the user should know, in whole sentences
    problem: str = ""  # why nothing can be installed there now, in one sentence; empty if it can


def find(surroundings: Surroundings, home: Path, places: Places | None = None) -> list[FoundDaw]:
    """Return the DAWs on this machine, sorted by DAW; for each DAW, the one to suggest is first.

    Only folders and files are read: no DAW is started, no network drive is searched, and nothing is written.

    Args:
        surroundings: the environment and the platform. `folder` is one more folder in which to look.
        home: the bridge's home, which has the records of earlier installations, also in unusual folders.
        places: where to look; None: the usual folders of this machine.
    """
    where = places or usual_places(surroundings.environ, surroundings.platform)
    recorded = {one.folder: one for one in records(home)}
    looked = [found for look in (_ardours, _lives, _reapers) for found in look(surroundings, where)]
    named = [surroundings.folder] if surroundings.folder else []
    looked += [found for folder in (*named, *recorded) for found in recognised(folder)]
    distinct: dict[tuple[str, Path], FoundDaw] = {}
    for one in looked:
        record = recorded.get(one.folder)
        installed = record.version if record and record.daw == one.daw else _version_in_pointer(one)
        distinct.setdefault((one.daw, one.folder.resolve()), replace(one, installed=installed))
    return sorted(distinct.values(), key=lambda one: one.daw)


def recognised(folder: Path) -> Iterator[FoundDaw]:
    """Yield the DAW whose folder for user files this is, if any."""
    if (folder / "reaper.ini").is_file():
        yield _reaper(folder, "portable" if is_portable(folder) else "chosen")
    elif ardour.major_version(folder) is not None and folder.is_dir():
        yield FoundDaw("ardour", folder, "chosen", _ardour_version(folder))
    elif (folder / "Remote Scripts").is_dir() or (folder.name == live.USUAL.name and folder.is_dir()):
        yield FoundDaw("live", folder, "chosen")


def _reapers(surroundings: Surroundings, places: Places) -> Iterator[FoundDaw]:
    for folder in reaper.candidates(surroundings.environ, surroundings.platform):
        yield _reaper(folder, "Flatpak" if FLATPAK in folder.parts else "normal")
    for folder in portable_reapers(places.roots):
        yield _reaper(folder, "portable")


def _reaper(folder: Path, kind: Kind) -> FoundDaw:
    """Return a REAPER with its version, which REAPER's installers write to the resource folder."""
    text = ""
    with contextlib.suppress(OSError):
        text = (folder / "reaper-install-rev.txt").read_text("utf-8", "replace")
    version = re.match(r"[\d.]*", text.strip())
    return FoundDaw("reaper", folder, kind, version[0] if version else "", notes=_reapack(folder))


def _reapack(folder: Path) -> tuple[str, ...]:
    if folder.joinpath("Scripts", *reaper.REAPACK, reaper.INSTALL).is_file():
        return ("ReaPack has installed the scripts, so only the bridge's location is written.",)
    return ()


def _lives(surroundings: Surroundings, places: Places) -> Iterator[FoundDaw]:
    """Yield the User Libraries: those in the settings of each version of Live, then the default ones."""
    versions = _live_versions(surroundings)
    for library, version in versions:
        missing = "" if library.is_dir() else f"Live's User Library {library} is not there. Is its drive connected?"
        kind: Kind = "normal" if library in _usual_libraries(surroundings, places) else "chosen"
        yield FoundDaw("live", library, kind, version, problem=missing)
    newest = next((version for _, version in versions), "")
    for library in _usual_libraries(surroundings, places):
        if library.is_dir():
            yield FoundDaw("live", library, "normal", newest)


def _live_versions(surroundings: Surroundings) -> list[tuple[Path, str]]:
    """Return the User Library in the settings of each version of Live, with the version, last used version first."""
    found = []
    for settings in live.own_files(surroundings.environ, surroundings.platform, "Library.cfg"):
        version = next((match[1] for part in settings.parts if (match := _LIVE.fullmatch(part))), "")
        found += [(library, version) for library in live.moved([settings])]
    return found


def _usual_libraries(surroundings: Surroundings, places: Places) -> list[Path]:
    parents = places.documents if surroundings.platform == "win32" else [places.user / "Music"]
    return [parent / live.USUAL for parent in parents]


def _ardours(surroundings: Surroundings, places: Places) -> Iterator[FoundDaw]:
    """Yield Ardour's settings folders, newest version first; each major version has its own.

    https://manual.ardour.org/appendix/files-and-directories/ describes where they are.
    """
    parents = [ardour.settings_base(surroundings.environ, surroundings.platform)]
    if surroundings.platform not in ("darwin", "win32"):
        parents.append(places.user / ARDOUR_FLATPAK)
    for parent in parents:
        kind: Kind = "Flatpak" if FLATPAK in parent.parts else "normal"
        for folder in reversed(ardour.settings_folders(parent)):
            yield FoundDaw("ardour", folder, kind, _ardour_version(folder), problem=_too_old(folder))


def _ardour_version(folder: Path) -> str:
    return str(ardour.major_version(folder) or "")


def _too_old(folder: Path) -> str:
    is_old = (ardour.major_version(folder) or 0) < ardour.OLDEST
    return f"The scripts need Ardour {ardour.OLDEST} or newer." if is_old else ""


def _version_in_pointer(one: FoundDaw) -> str:
    return str(read_object(pointer_in(one.daw, one.folder)).get("version", ""))
