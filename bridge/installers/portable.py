"""Finds portable REAPER installations: a folder that has both REAPER's program and a reaper.ini.

REAPER looks for reaper.ini next to its program first (https://forum.cockos.com/showthread.php?t=210390, for Linux).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PROGRAMS = ("reaper.exe", "reaper", "REAPER.app")
INI = "reaper.ini"
MOST = 2000  # entries of a folder that are looked at; a folder of downloads may have many more


def portable_reapers(roots: Iterable[Path]) -> Iterator[Path]:
    """Yield the portable REAPER folders in these folders and one level deeper; two levels in folders named REAPER…."""
    for root in roots:
        yield from _in(root, deeper=True)


def _in(folder: Path, *, deeper: bool) -> Iterator[Path]:
    if is_portable(folder):
        yield folder
    for child in _children(folder):
        if deeper and "reaper" in child.name.lower():
            yield from _in(child, deeper=False)
        elif is_portable(child):
            yield child


def is_portable(folder: Path) -> bool:
    """Return whether the folder is that of a portable REAPER. A folder that cannot be read is not."""
    with contextlib.suppress(OSError):
        return (folder / INI).is_file() and any((folder / name).exists() for name in PROGRAMS)
    return False


def _children(folder: Path) -> list[Path]:
    found: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(MOST), strict=False):
            with contextlib.suppress(OSError):
                if entry.is_dir():
                    found.append(Path(entry.path))
    return sorted(found)
