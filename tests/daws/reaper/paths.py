"""Translates between this machine's paths and the paths that scripts would see on another operating system."""

from __future__ import annotations

from pathlib import Path

PLACES = {  # system → (resource folder, bridge folder); the names contain non-Latin letters
    "Win64": ("C:\\Users\\Jörg Ωλέγ\\AppData\\Roaming\\REAPER", "C:\\Users\\Jörg Ωλέγ\\ace-bridge"),
    "macOS-arm64": (
        "/Users/Jörg Ωλέγ/Library/Application Support/REAPER",
        "/Users/Jörg Ωλέγ/Library/Application Support/ace-bridge",
    ),
}


class Paths:
    """A translator for paths in the resource and bridge folders, in both directions; other paths do not change."""

    def __init__(self, system: str, resources: Path) -> None:
        self.is_windows = system.startswith("Win")
        self._places = PLACES.get(system)
        self._pairs: list[tuple[str, Path]] = []
        if self._places:
            self._pairs.append((self._places[0], resources))

    def has_home(self, home: Path) -> None:
        """Set the real path of the bridge's folder."""
        if self._places:
            self._pairs.append((self._places[1], home))

    def shown(self, path: Path | str) -> str:
        """Return the path that a script sees instead of a real path."""
        for shown, real in self._pairs:
            if Path(path).is_relative_to(real):
                rest = str(path)[len(str(real)) :]
                return shown + (rest.replace("/", "\\") if self.is_windows else rest)
        return str(path)

    def real(self, path: str) -> str:
        """Return the real path for the path that a script uses; on Windows, the script may use both kinds of slash."""
        for shown, real in self._pairs:
            if path.startswith(shown):
                rest = path[len(shown) :]
                return str(real) + (rest.replace("\\", "/") if self.is_windows else rest)
        return path
