"""The doctor: looks at the whole chain from key to DAW and says what is wrong in a musician's words, with its fix.

verbs/doctor.py → here → one module per part of the chain. It changes and orders nothing; only `online` asks fal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from bridge.config.settings import Config

log = logging.getLogger(__name__)

Level = Literal["well", "hint", "trouble"]
PARTS = "settings", "system", "home", "connections", "engine", "daws", "live"  # modules with `look`, in this order


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


def examine(context: Context) -> list[Finding]:
    """Look at everything; a part that cannot be looked at is a finding too, and the others go on."""
    found: list[Finding] = []
    for part in PARTS:
        look: Callable[[Context], Iterator[Finding]] = import_module(f"bridge.doctor.{part}").look
        try:
            found.extend(look(context))
        except Exception as problem:
            log.exception("the doctor's part %s", part)
            text = f"The doctor could not look at the {part}: {type(problem).__name__}: {problem}."
            found.append(Finding(f"{part}.examined", "trouble", text, "Please report this, with `doctor --bundle`."))
    return found


def worst(findings: list[Finding]) -> Level:
    """Return the level of the worst finding."""
    levels: tuple[Level, ...] = ("trouble", "hint", "well")
    return next((level for level in levels if any(one.level == level for one in findings)), "well")


def summary(findings: list[Finding]) -> dict[str, Any]:
    """Return counts by level."""
    return {level: sum(one.level == level for one in findings) for level in ("trouble", "hint", "well")}
