"""Removes the bridge's scripts from a DAW wherever they were installed, also outside the usual folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.errors import BridgeError, HomeError
from bridge.installers.base import Installation, Surroundings
from bridge.installers.find import find
from bridge.installers.installer import Change, Installer
from bridge.installers.plans import plan
from bridge.installers.records import TITLES, pointer_in, read_object, records


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed from one folder of a DAW, or would be."""

    daw: str
    folder: Path  # the DAW's folder for user files
    changes: tuple[Change, ...] = ()
    gone: bool = False  # whether the folder is not there; its record is kept, for example until the drive is back
    error: BridgeError | None = None  # why nothing was removed


def remove(daw: str, surroundings: Surroundings, home: Path, installer: Installer, *, dry: bool) -> list[Removal]:
    """Remove the scripts for a DAW from `surroundings.folder`, or from all recorded and usual folders.

    A folder from which nothing can be removed does not stop the others.

    Args:
        daw: a DAW's name.
        surroundings: the environment; `folder` limits the removal to one folder.
        home: the bridge's home.
        installer: the installer for this home.
        dry: whether to return the changes without making them.
    """
    folders = [surroundings.folder] if surroundings.folder else list(_places(daw, surroundings, home))
    return [_remove(daw, folder, surroundings, installer, dry=dry) for folder in folders]


def _places(daw: str, surroundings: Surroundings, home: Path) -> Iterator[Path]:
    """Yield the recorded folders, and those whose pointer file names this home, in case its records were lost."""
    recorded = [one.folder for one in records(home) if one.daw == daw]
    yield from recorded
    for one in find(surroundings, home):
        if one.daw == daw and one.installed and one.folder not in recorded:
            owner = read_object(pointer_in(daw, one.folder)).get("home")
            if owner == str(home):
                yield one.folder


def _remove(daw: str, folder: Path, surroundings: Surroundings, installer: Installer, *, dry: bool) -> Removal:
    try:
        if not _is_there(folder):
            return Removal(daw, folder, gone=True)
        planned = _plan(daw, replace(surroundings, folder=folder), folder)
        return Removal(daw, folder, tuple(installer.uninstall(planned, dry=dry)))
    except BridgeError as error:
        return Removal(daw, folder, error=error)
    except OSError as problem:
        return Removal(daw, folder, error=HomeError(f"{problem.filename or folder}: {problem.strerror}."))


def _is_there(folder: Path) -> bool:
    """Return whether the folder has any entry: the mount point of a drive that is not connected may be empty."""
    return folder.is_dir() and any(folder.iterdir())


def _plan(daw: str, surroundings: Surroundings, folder: Path) -> Installation:
    """Return the plan for a removal.

    A folder that the DAW no longer recognises as its own can still have scripts, and a plan may need more than a
    removal does, such as valid settings.
    """
    try:
        return plan(daw, surroundings)
    except BridgeError:
        pointer = pointer_in(daw, folder)
        return Installation(daw, TITLES[daw], (), pointer, caches=(pointer.parent / "__pycache__",))
