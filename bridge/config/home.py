"""The bridge's own folder: where it is on each system, and how it is laid out.

The first thing every command needs, so nothing is imported here that `ace-bridge send` could do without.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import HomeError

FOLDERS = ("inbox", "inbox/rejected", "outbox", "jobs", "results", "rendered", "logs", "presets")


def home() -> Path:
    """Return the bridge's home of this process; it need not exist yet.

    Raises:
        HomeError: the environment names no home directory.
    """
    return home_folder(os.environ, sys.platform)


def home_folder(environ: Mapping[str, str], platform: str) -> Path:
    """Return the bridge's home; it need not exist yet.

    Args:
        environ: the environment; ACE_BRIDGE_HOME wins, XDG_DATA_HOME counts on Linux if it is absolute.
        platform: as in `sys.platform`.

    Raises:
        HomeError: the environment names no home directory.
    """
    chosen = environ.get("ACE_BRIDGE_HOME", "").strip()
    if chosen:
        return _expanded(chosen, environ, platform)
    person = _person(environ, platform)
    if platform == "darwin":
        return person / "Library" / "Application Support" / "ace-bridge"
    if platform == "win32":
        return person / "ace-bridge"  # not AppData: the Store's Python sees a private copy of that
    data = environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else person / ".local" / "share"  # XDG: relative ones do not count
    return base / "ace-bridge"


def prepare_home(home: Path) -> None:
    """Create the home with its folders, for this person only.

    A home that exists keeps its permissions; the folders inside are closed to others, since whoever can write into the
    inbox can order remixes.

    Raises:
        HomeError: a folder cannot be created, or a file stands in its place.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in FOLDERS:
            folder = home / name
            folder.mkdir(mode=0o700, exist_ok=True)
            mode = folder.stat().st_mode & 0o777
            if os.name == "posix" and mode & 0o077:
                folder.chmod(mode & 0o700)
    except OSError as problem:
        where = problem.filename or home
        raise HomeError(f"The bridge's folder {where} cannot be made: {problem.strerror}.") from problem


def _person(environ: Mapping[str, str], platform: str) -> Path:
    name = "USERPROFILE" if platform == "win32" else "HOME"
    folder = environ.get(name, "").strip()
    if not folder:
        raise HomeError(f"The environment variable {name} is not set, so the bridge does not know where its folder is.")
    return Path(folder)


def _expanded(chosen: str, environ: Mapping[str, str], platform: str) -> Path:
    """Take "~/…" for the person's home directory, and a relative path from where the command runs."""
    if chosen == "~" or chosen.startswith(("~/", "~\\")):
        return _person(environ, platform) / chosen[2:]
    return Path(chosen).absolute()
