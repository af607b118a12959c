"""Gives the names of files to users and to libsndfile."""

from __future__ import annotations

import os
from pathlib import Path


def shown(path: Path, *, whole: bool = False) -> str:
    """Return a file's name, or its full path if `whole`, as valid Unicode; invalid bytes are replaced.

    >>> shown(Path("/music/take 1.wav"))
    'take 1.wav'
    """
    return os.fsencode(path if whole else path.name).decode(errors="replace")


def name_of(path: Path) -> str | bytes:
    """Return a path in the type that libsndfile needs: text on Windows, bytes on other systems.

    soundfile rejects text that is not valid UTF-8.

    >>> os.fsdecode(name_of(Path("take 1.wav")))
    'take 1.wav'
    """
    return str(path) if os.name == "nt" else os.fsencode(path)
