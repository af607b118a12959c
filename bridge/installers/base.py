"""The parts of an installation plan: the environment, and a DAW's files, edits and next steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

POINTER = "ace-bridge.json"  # name of a pointer file, next to the scripts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment for which a plan is made."""

    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    folder: Path | None = None  # the DAW's folder for user files; None: the default


@dataclass(frozen=True, slots=True)
class Own:
    """A file that belongs to the bridge."""

    path: Path
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Edit:
    """A file of the DAW or the user, to which the bridge adds something. The file may not exist yet."""

    path: Path
    what: str  # description of the addition, shown to the user
    put: Callable[[bytes | None], bytes]  # old content (None: no file) → content with the bridge's part; idempotent
    take: Callable[[bytes], bytes | None]  # old content → content without the bridge's part; None: delete the file


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation for one DAW."""

    daw: str  # the value of `daw.name` in the DAW's requests
    title: str  # shown to the user
    files: tuple[Own, ...]
    pointer: Path  # the pointer file, which the DAW's scripts read
    edits: tuple[Edit, ...] = ()
    busy: Callable[[], str | None] = lambda: None  # returns why nothing may change now (the DAW is running), or None
    steps: tuple[str, ...] = ()  # next steps for the user
    caches: tuple[Path, ...] = ()  # folders that the DAW creates next to the files; uninstall deletes them
    alone: Path | None = None  # a folder for the bridge's files only; if it has others, install refuses
