"""Finds presets by name. The user's presets in the home override the shipped presets in presets/."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bridge.config import resources
from bridge.errors import HomeError, PresetInvalid, PresetUnknown
from bridge.presets.preset import FAMILIES, Preset, load, new, slug
from bridge.util.suggest import did_you_mean

__all__ = ["FAMILIES", "Preset", "Presets", "load", "new", "slug", "standard"]


RESTED = 2.0  # s; resolution of FAT timestamps, the coarsest of any file system
Stamp = tuple[int, int, int] | None  # a file's modification time, size and inode; None: unreliable


class Presets:
    """The presets in one or more folders. A file that has changed is read again when it is next requested."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)  # later folders override earlier ones
        self._loaded: dict[Path, tuple[Stamp, Preset | PresetInvalid]] = {}
        self._listed: dict[Path, tuple[Stamp, dict[str, Path]]] = {}

    def all(self) -> list[Preset]:
        """Return the valid presets, sorted by name. `problems` returns the errors in the other files."""
        return [found for found in self._read_all() if isinstance(found, Preset)]

    def names(self) -> list[str]:
        """Return the names of all presets, valid or not."""
        return sorted(self._files())

    def problems(self) -> list[PresetInvalid]:
        """Return one error for each invalid file."""
        return [found for found in self._read_all() if isinstance(found, PresetInvalid)]

    def get(self, name: str) -> Preset:
        """Return a preset by its name or title. Case, spaces and underscores do not matter.

        Raises:
            PresetUnknown: there is no such preset; the error text suggests the nearest name.
            PresetInvalid: the preset's file has an error.
        """
        files = self._files()
        path = files.get(slug(name))
        if path is not None:
            found = self._read(path)
            if isinstance(found, PresetInvalid):
                raise found
            return found
        for preset in self.all():
            if preset.title.casefold() == name.strip().casefold():
                return preset
        shown = "".join(char if char.isprintable() else "?" for char in name[:60])
        raise PresetUnknown(f"There is no preset “{shown}”.{did_you_mean(name, files)}")

    def next(self, name: str) -> Preset:
        """Return the preset after `name`, wrapping around. For an unknown name, return the first preset.

        Raises:
            PresetUnknown: there are no presets.
        """
        return self._step(name, 1)

    def previous(self, name: str) -> Preset:
        """Return the preset before `name`, wrapping around. For an unknown name, return the last preset.

        Raises:
            PresetUnknown: there are no presets.
        """
        return self._step(name, -1)

    def _step(self, name: str, direction: int) -> Preset:
        """Return the nearest valid preset after (direction 1) or before (-1) the named preset, wrapping around."""
        files = self._files()
        names = sorted(files)
        here = names.index(name) if name in files else -1 if direction > 0 else 0
        for steps in range(1, len(names) + 1):
            found = self._read(files[names[(here + steps * direction) % len(names)]])
            if isinstance(found, Preset):
                return found
        raise PresetUnknown("There are no presets in " + " or ".join(str(folder) for folder in self._folders) + ".")

    def _read_all(self) -> Iterator[Preset | PresetInvalid]:
        for _, path in sorted(self._files().items()):
            yield self._read(path)

    def _read(self, path: Path) -> Preset | PresetInvalid:
        """Return the preset in a file, or the file's error. Only a changed file is read again, for speed."""
        stamp = _stamp(path)
        before = self._loaded.get(path)
        if before is not None and stamp is not None and before[0] == stamp:
            return before[1]
        try:
            found: Preset | PresetInvalid = load(path)
        except PresetInvalid as problem:
            found = problem
        self._loaded[path] = (stamp, found)
        return found

    def _files(self) -> dict[str, Path]:
        """Return the preset files by name. Requested names are only looked up here; they never become paths."""
        files: dict[str, Path] = {}
        for folder in self._folders:
            files |= self._listing(folder)
        return files

    def _listing(self, folder: Path) -> dict[str, Path]:
        """Return a folder's preset files by name. The folder is listed again only if it has changed."""
        stamp = _stamp(folder)
        before = self._listed.get(folder)
        if before is not None and stamp is not None and before[0] == stamp:
            return before[1]
        try:
            found = sorted(folder.glob("*.toml")) if folder.is_dir() else []
        except OSError as problem:
            raise HomeError(f"The presets in {folder} cannot be read: {problem.strerror}.") from problem
        shown = {path.stem: path for path in found if not path.name.startswith(".")}
        self._listed[folder] = (stamp, shown)
        return shown


def _stamp(path: Path) -> Stamp:
    """Return a stamp that changes with the file or folder, or None if no reliable stamp is possible.

    Two changes within one tick of the file system's clock get the same modification time. A file that changed less
    than RESTED seconds ago therefore has no reliable stamp and is read again.
    """
    try:
        about = path.stat()
    except OSError:
        return None
    return None if abs(time.time() - about.st_mtime) < RESTED else (about.st_mtime_ns, about.st_size, about.st_ino)


def standard(home: Path) -> Presets:
    """Return the shipped presets, overridden by the user's presets in the home."""
    return Presets([resources.folder("presets"), home / "presets"])
