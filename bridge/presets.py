"""Presets: a name a producer understands, and what it sets. Shipped ones lie in presets/, a user's own in the home.

Requests and surfaces choose them by name; recipe.py lays what was asked for over what they set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bridge import assets
from bridge.errors import HomeError, PresetInvalid, PresetUnknown
from bridge.nearest import did_you_mean
from bridge.presetfile import FAMILIES, Preset, load, new, slug

__all__ = ["FAMILIES", "Preset", "Presets", "load", "new", "slug", "standard"]


class Presets:
    """All presets of some folders; read anew each time, so that an edited file counts at once."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)  # the later ones win

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
            return load(path)
        for preset in self.all():
            if preset.title.casefold() == name.strip().casefold():
                return preset
        shown = "".join(char if char.isprintable() else "?" for char in name[:60])
        raise PresetUnknown(f"There is no preset “{shown}”.{did_you_mean(name, files)}")

    def next(self, name: str) -> Preset:
        """Return the preset after this one, in a ring; the first if this one is unknown.

        Raises:
            PresetUnknown: there are none at all.
        """
        return self._step(name, 1)

    def previous(self, name: str) -> Preset:
        """Return the preset before this one, in a ring; the last if this one is unknown.

        Raises:
            PresetUnknown: there are none at all.
        """
        return self._step(name, -1)

    def _step(self, name: str, direction: int) -> Preset:
        presets = self.all()
        if not presets:
            raise PresetUnknown("There are no presets in " + " or ".join(str(folder) for folder in self._folders) + ".")
        names = [preset.name for preset in presets]
        if slug(name) not in names:
            return presets[0 if direction > 0 else -1]
        return presets[(names.index(slug(name)) + direction) % len(presets)]

    def _read_all(self) -> Iterator[Preset | PresetInvalid]:
        for _, path in sorted(self._files().items()):
            try:
                yield load(path)
            except PresetInvalid as problem:
                yield problem

    def _files(self) -> dict[str, Path]:
        """Return the file of each name; whatever came in is only ever compared with these, never made into a path."""
        files: dict[str, Path] = {}
        for folder in self._folders:
            try:
                found = sorted(folder.glob("*.toml")) if folder.is_dir() else []
            except OSError as problem:
                raise HomeError(f"The presets in {folder} cannot be read: {problem.strerror}.") from problem
            files |= {path.stem: path for path in found if not path.name.startswith(".")}
        return files


def standard(home: Path) -> Presets:
    """Return the shipped presets with those of the home over them."""
    return Presets([assets.folder("presets"), home / "presets"])
