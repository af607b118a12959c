"""What a part of the doctor gets and what it says: the context that it looks at, and its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bridge.config.settings import Config

Level = Literal["well", "hint", "trouble"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str  # a name that stays the same, for scripts
    level: Level  # well; hint: works, could be better; trouble: something will not work
    text: str  # what was found, one sentence
    fix: str = ""  # what to do; empty when it is well

    def plain(self) -> dict[str, str]:
        """Return it as `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Context:
    """What is looked at, and with what."""

    home: Path
    environ: Mapping[str, str]
    platform: str  # as in `sys.platform`
    settings: Config  # in effect, or the defaults when they cannot be read
    settings_trouble: str  # why they cannot be read; empty: they can
    clock: Callable[[], float]  # unix time, s
    which: Callable[[str], str | None]  # finds a program
    mounts: Callable[[str], str]  # the system's table of file systems
    device: Callable[[], str]  # name of the audio output; raises AudioDeviceMissing
    keychain: Callable[[], str | None]  # the key in the system's keychain
    online: bool = False  # whether fal may be asked


def worst(findings: list[Finding]) -> Level:
    """Return the level of the worst finding."""
    levels: tuple[Level, ...] = ("trouble", "hint", "well")
    return next((level for level in levels if any(one.level == level for one in findings)), "well")


def summary(findings: list[Finding]) -> dict[str, Any]:
    """Return counts by level."""
    return {level: sum(one.level == level for one in findings) for level in ("trouble", "hint", "well")}
