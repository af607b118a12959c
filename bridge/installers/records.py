"""The records of installed scripts in the bridge's home: where the scripts are, also outside the usual folders."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.installers.base import FOLDER, POINTER

TITLES = {"ardour": "Ardour", "live": "Ableton Live", "reaper": "REAPER"}  # names shown to the user
SCRIPTS = {  # folder of the scripts and the pointer file, in the DAW's folder for user files
    "ardour": Path("ace-bridge"),
    "live": Path("Remote Scripts", "AceBridge"),
    "reaper": Path("Scripts", "ACE Bridge"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """Where the bridge's scripts for one DAW were installed."""

    daw: str
    folder: Path  # the DAW's folder for user files, as for `--folder`
    version: str  # version of the bridge that installed the scripts
    path: Path  # path of the record in the bridge's home


def records(home: Path) -> Iterator[Record]:
    """Yield the records of all installations.

    A record that cannot be read, or whose pointer file is not where the bridge puts it, is skipped; the doctor reports
    it.
    """
    for path in sorted((home / FOLDER).glob("*.json")):
        about = read_object(path)
        daw, pointer = str(about.get("daw", "")), Path(str(about.get("pointer", "")))
        if daw in SCRIPTS and _is_plain(pointer) and pointer_in(daw, folder_of(daw, pointer)) == pointer:
            yield Record(daw, folder_of(daw, pointer), str(about.get("version", "")), path)


def within(folder: Path, listed: object) -> dict[str, str]:
    """Return the part of a list of files that is in a folder: a pointer file from another machine may name any file.

    Args:
        folder: the DAW's folder for user files.
        listed: texts by path, such as digests; anything else is left out.
    """
    texts = {path: text for path, text in listed.items() if isinstance(text, str)} if isinstance(listed, dict) else {}
    return {path: text for path, text in texts.items() if _is_plain(Path(path)) and folder in Path(path).parents}


def pointer_in(daw: str, folder: Path) -> Path:
    """Return the path of a DAW's pointer file."""
    return folder / SCRIPTS[daw] / POINTER


def folder_of(daw: str, pointer: Path) -> Path:
    """Return the DAW's folder for user files that a pointer file is in."""
    return Path(pointer.anchor, *pointer.parts[bool(pointer.anchor) : -1 - len(SCRIPTS[daw].parts)])


def _is_plain(path: Path) -> bool:
    return path.is_absolute() and ".." not in path.parts


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, or an empty dictionary if there is none."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    return {}
