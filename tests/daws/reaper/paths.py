"""Paths as three systems write them: what scripts see of the folders that a test has on this machine."""

from __future__ import annotations

from pathlib import Path

PLACES = {  # system → where the resource folder and the bridge's home are said to be; with letters of other alphabets
    "Win64": ("C:\\Users\\Jörg Ωλέγ\\AppData\\Roaming\\REAPER", "C:\\Users\\Jörg Ωλέγ\\ace-bridge"),
    "macOS-arm64": (
        "/Users/Jörg Ωλέγ/Library/Application Support/REAPER",
        "/Users/Jörg Ωλέγ/Library/Application Support/ace-bridge",
    ),
}


class Paths:
    """Translates both ways; everything outside the two folders is as it is."""

    def __init__(self, system: str, resources: Path) -> None:
        self.is_windows = system.startswith("Win")
        self._places = PLACES.get(system)
        self._pairs: list[tuple[str, Path]] = []
        if self._places:
            self._pairs.append((self._places[0], resources))

    def has_home(self, home: Path) -> None:
        """Say where the bridge's home really is."""
        if self._places:
            self._pairs.append((self._places[1], home))

    def shown(self, path: Path | str) -> str:
        """What a script sees of a path of this machine."""
        for shown, real in self._pairs:
            if Path(path).is_relative_to(real):
                rest = str(path)[len(str(real)) :]
                return shown + (rest.replace("/", "\\") if self.is_windows else rest)
        return str(path)

    def real(self, path: str) -> str:
        """Where a script's path leads; Windows takes both kinds of slash."""
        for shown, real in self._pairs:
            if path.startswith(shown):
                rest = path[len(shown) :]
                return str(real) + (rest.replace("\\", "/") if self.is_windows else rest)
        return path
