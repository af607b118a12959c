"""The parts of an installation plan: the environment, and a DAW's files, edits and next steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

POINTER = "ace-bridge.json"  # name of a pointer file, next to the scripts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment of a plan."""

    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    folder: Path | None = None  # the DAW's folder for user files, if not the default


@dataclass(frozen=True, slots=True)
class Own:
    """A file that belongs to the bridge."""

    path: Path
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Edit:
    """A file of the DAW or its user to which the bridge adds something."""

    path: Path
    what: str  # what is added, shown to the user
    put: Callable[[bytes | None], bytes]  # content (None: no file) → content with the bridge's part; idempotent
    take: Callable[[bytes], bytes | None]  # content → content without the bridge's part; None: delete the file


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation for one DAW."""

    daw: str  # as in `daw.name` of its requests
    title: str  # shown to the user
    files: tuple[Own, ...]
    pointer: Path  # the pointer file that its scripts read
    edits: tuple[Edit, ...] = ()
    busy: Callable[[], str | None] = lambda: None  # why nothing may change now, such as a running DAW
    steps: tuple[str, ...] = ()  # next steps for the user
    caches: tuple[Path, ...] = ()  # folders that the DAW creates next to the files; deleted with them
    alone: Path | None = None  # a folder that only the bridge may use; an existing foreign one is refused
