"""Presets: a name a producer understands, and what it sets. Shipped ones lie in presets/, a user's own in the home.

Requests and surfaces choose them by name; jobs/recipe.py lays what was asked for over what they set.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bridge.config import resources
from bridge.errors import HomeError, PresetInvalid, PresetUnknown
from bridge.presets.preset import FAMILIES, Preset, load, new, slug
from bridge.util.suggest import did_you_mean

__all__ = ["FAMILIES", "Preset", "Presets", "load", "new", "slug", "standard"]


RESTED = 2.0  # s; the coarsest clock of a file system, FAT's
Stamp = tuple[int, int, int] | None  # of a file: when it was changed, its size, its number; None: not to be relied on


class Presets:
    """All presets of some folders; a file that was changed is read anew when it is asked for."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)  # the later ones win
        self._loaded: dict[Path, tuple[Stamp, Preset | PresetInvalid]] = {}
        self._listed: dict[Path, tuple[Stamp, dict[str, Path]]] = {}

    def all(self) -> list[Preset]:
        """Return the valid ones, by name; `problems` tells of the others."""
        return [found for found in self._read_all() if isinstance(found, Preset)]

    def names(self) -> list[str]:
        """Return what presets can be selected by, whether their files are right or not."""
        return sorted(self._files())

    def problems(self) -> list[PresetInvalid]:
        """Return one error for each file that cannot be used."""
        return [found for found in self._read_all() if isinstance(found, PresetInvalid)]

    def get(self, name: str) -> Preset:
        """Return a preset by its name or its title; upper case, blanks and underscores make no difference.

        Raises:
            PresetUnknown: there is none; the text names the nearest.
            PresetInvalid: its file has an error.
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
        """Return the preset after the one of this name, in a ring; the first if there is none of it.

        Raises:
            PresetUnknown: there are none at all.
        """
        return self._step(name, 1)

    def previous(self, name: str) -> Preset:
        """Return the preset before the one of this name, in a ring; the last if there is none of it.

        Raises:
            PresetUnknown: there are none at all.
        """
        return self._step(name, -1)

    def _step(self, name: str, direction: int) -> Preset:
        """Look at one file after the other, until one is a preset."""
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
        """Read a file, unless it is as it was: buttons that step through presets do not wait for that."""
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
        """Return the file of each name; whatever came in is only ever compared with these, never made into a path."""
        files: dict[str, Path] = {}
        for folder in self._folders:
            files |= self._listing(folder)
        return files

    def _listing(self, folder: Path) -> dict[str, Path]:
        """Return a folder's files by name; a system stamps a folder anew whenever one comes or goes."""
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
    """Return what is another as soon as a file or folder has changed.

    A change within the same tick of the file system's clock as the look before it would not be seen, so what has only
    just changed has no stamp that is worth anything: it is read again until it has rested for a moment.
    """
    try:
        about = path.stat()
    except OSError:
        return None
    return None if abs(time.time() - about.st_mtime) < RESTED else (about.st_mtime_ns, about.st_size, about.st_ino)


def standard(home: Path) -> Presets:
    """Return the shipped presets with those of the home over them."""
    return Presets([resources.folder("presets"), home / "presets"])
