"""What plans are made of: where a plan looks, and the files, edits and steps of one DAW's installation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

POINTER = "ace-bridge.json"  # the usual name of a pointer file, beside the scripts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a plan looks."""

    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    folder: Path | None = None  # the DAW's folder for its user's files, where it is not the usual one


@dataclass(frozen=True, slots=True)
class Own:
    """A file that is the bridge's alone."""

    path: Path
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Edit:
    """A file of the DAW or of its user in which the bridge has a part."""

    path: Path
    what: str  # for people: what is put in
    put: Callable[[bytes | None], bytes]  # its content (None: no such file) → with the bridge's part; twice is once
    take: Callable[[bytes], bytes | None]  # its content → without the bridge's part; None: nothing is left


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that one DAW gets."""

    daw: str  # as in `daw.name` of its requests
    title: str  # for people
    files: tuple[Own, ...]
    pointer: Path  # where its scripts look for the bridge
    edits: tuple[Edit, ...] = ()
    busy: Callable[[], str | None] = lambda: None  # why nothing may be changed now, such as a DAW that runs
    steps: tuple[str, ...] = ()  # what is left to do for the person
    caches: tuple[Path, ...] = ()  # folders that the DAW makes beside our files and that go with them
    alone: Path | None = None  # a folder that is the bridge's alone, so that another's of that name is left as it is
