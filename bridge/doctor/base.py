"""The interface of the doctor's modules. Each module checks a `Context` and yields findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from bridge.config.settings import Config
from bridge.store.database import Database

Level = Literal["well", "hint", "trouble"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str  # name of the check; stable, because scripts may use it
    level: Level  # "well", "hint" (works, but could be better) or "trouble" (does not work)
    text: str  # what was found, in one sentence
    fix: str = ""  # what the user should do; empty if there is nothing to do

    def plain(self) -> dict[str, str]:
        """Return the finding as a dictionary for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Context:
    """The setup that the doctor checks, and the functions that query the system."""

    home: Path
    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    settings: Config  # the settings in effect, or the defaults if they cannot be read
    settings_error: str  # why the settings cannot be read; empty if they can be read
    clock: Callable[[], float]  # returns the Unix time in seconds
    which: Callable[[str], str | None]  # returns the path of a program, or None
    mounts: Callable[[str], str]  # returns the system's mount table
    device: Callable[[], str]  # returns the name of the audio output; raises AudioDeviceMissing
    midi: Callable[[], Sequence[str]]  # returns the names of the MIDI inputs; raises MidiMissing or MidiUnavailable
    keychain: Callable[[], str | None]  # returns the fal key from the system's keychain, or None
    online: bool = False  # whether to contact fal


def from_journal(home: Path, query: Callable[[Database], list[T]]) -> list[T]:
    """Query the journal read-only. Return an empty list if it is missing or unreadable (home.py reports this)."""
    path = home / "bridge.db"
    if not path.is_file():
        return []
    try:
        database = Database(path, read_only=True)
        try:
            return query(database)
        finally:
            database.close()
    except sqlite3.Error:
        return []


def worst(findings: list[Finding]) -> Level:
    """Return the level of the worst finding."""
    levels: tuple[Level, ...] = ("trouble", "hint", "well")
    return next((level for level in levels if any(one.level == level for one in findings)), "well")


def summary(findings: list[Finding]) -> dict[str, Any]:
    """Return the number of findings at each level."""
    return {level: sum(one.level == level for one in findings) for level in ("trouble", "hint", "well")}
