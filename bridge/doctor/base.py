"""The interface of the doctor's modules: each checks a `Context` and yields findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
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

    check: str  # name of the check; scripts may rely on it
    level: Level  # "well", "hint" (works, but could be better) or "trouble" (does not work)
    text: str  # what was found, in one sentence
    fix: str = ""  # what to do; empty if all is well

    def plain(self) -> dict[str, str]:
        """Return the finding for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Context:
    """What the doctor checks, and the functions that query the system."""

    home: Path
    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    settings: Config  # the settings in effect, or the defaults if they cannot be read
    settings_error: str  # why the settings cannot be read; empty if they can be read
    clock: Callable[[], float]  # unix time, s
    which: Callable[[str], str | None]  # returns the path of a program
    mounts: Callable[[str], str]  # returns the system's mount table
    device: Callable[[], str]  # returns the name of the audio output; raises AudioDeviceMissing
    keychain: Callable[[], str | None]  # returns the key in the system's keychain
    online: bool = False  # whether to query fal too


def from_journal(home: Path, query: Callable[[Database], list[T]]) -> list[T]:
    """Query the journal read-only. If it is missing or unreadable, which home.py reports, return an empty list."""
    path = home / "bridge.db"
    if not path.exists():
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
