"""The parts of an installation plan for a DAW: environment, files, edits and next steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = "installed"  # folder in the bridge's home that contains the records of installed files
POINTER = "ace-bridge.json"  # name of the pointer file, which is next to the scripts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment in which a plan is carried out."""

    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    folder: Path | None = None  # the DAW's folder for user files; None: the default folder


@dataclass(frozen=True, slots=True)
class Own:
    """A file that belongs to the bridge alone."""

    path: Path
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Edit:
    """An addition to a file that belongs to the DAW or the user. The file may not exist yet."""

    path: Path
    what: str  # description of the addition, which is shown to the user
    put: Callable[[bytes | None], bytes]  # old content (None: no file) → content with the addition; idempotent
    take: Callable[[bytes], bytes | None]  # old content → content without the addition; None: delete the file


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation plan for one DAW."""

    daw: str  # the value of `daw.name` in the DAW's requests
    title: str  # name shown to the user
    files: tuple[Own, ...]
    pointer: Path  # path of the pointer file, which the scripts read
    edits: tuple[Edit, ...] = ()
    busy: Callable[[], str | None] = lambda: None  # returns why no file may be changed now, or None
    steps: tuple[str, ...] = ()  # next steps for the user
    caches: tuple[Path, ...] = ()  # folders that the DAW creates next to the files; deleted by `uninstall`
    given_up: tuple[Path, ...] = ()  # files of an earlier installation that another program now owns; never removed
    alone: Path | None = None  # folder that must contain only the bridge's files, or `install` fails
