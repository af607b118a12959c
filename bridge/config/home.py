"""The bridge's home folder: where it is on each system, and the folders inside it.

Every command imports this module. To keep `ace-bridge send` fast, it imports only what that command needs.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import HomeError
from bridge.util.umask import private_files

FOLDERS = ("inbox", "inbox/rejected", "outbox", "jobs", "results", "rendered", "logs", "presets")


def home() -> Path:
    """Return the path of the bridge's home for this process; the folder need not exist yet.

    Raises:
        HomeError: HOME (on Windows, USERPROFILE) is needed but not set.
    """
    return home_folder(os.environ, sys.platform)


def is_fresh(home: Path) -> bool:
    """Return whether nothing was set up in this home yet: no key, no settings, no DAW, and no daemon has started."""
    return not any((home / name).exists() for name in ("bridge.db", "credentials", "config.toml", "installed"))


def home_folder(environ: Mapping[str, str], platform: str) -> Path:
    """Return the path of the bridge's home; the folder need not exist yet.

    Args:
        environ: the environment variables. ACE_BRIDGE_HOME has priority; next, on Linux, an absolute XDG_DATA_HOME.
        platform: the system's name, as in `sys.platform`.

    Raises:
        HomeError: HOME (on Windows, USERPROFILE) is needed but not set.
    """
    chosen = environ.get("ACE_BRIDGE_HOME", "").strip()
    if chosen:
        return _expanded(chosen, environ, platform)
    user = _user_home(environ, platform)
    if platform == "darwin":
        return user / "Library" / "Application Support" / "ace-bridge"
    if platform == "win32":
        return user / "ace-bridge"  # not AppData: Python from the Microsoft Store sees a private copy of it
    data = environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else user / ".local" / "share"  # XDG: relative paths are ignored
    return base / "ace-bridge"


def prepare_home(home: Path) -> None:
    """Create the home and its folders, so that only this user has access.

    If the home already exists, its permissions are kept, but the folders inside it are closed to other users: anyone
    who can write to the inbox can submit remixes.

    Raises:
        HomeError: a folder cannot be created, or a file is in the way.
    """
    try:
        with private_files():  # also for parents of the home
            home.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            folder = home / name
            folder.mkdir(mode=0o700, exist_ok=True)
            mode = folder.stat().st_mode & 0o777
            if os.name == "posix" and mode & 0o077:
                folder.chmod(mode & 0o700)
        _make_private(home)
    except OSError as problem:
        where = problem.filename or home
        raise HomeError(f"The bridge's folder {where} cannot be created: {problem.strerror}.") from problem


def _make_private(home: Path) -> None:
    """Make the files private that an older version did not; the credentials file is checked when it is read.

    Raises:
        OSError: a folder cannot be listed.
    """
    for folder in (home, home / "logs", home / "backups"):
        for path in folder.iterdir() if os.name == "posix" and folder.is_dir() else ():
            about = path.lstat()
            if stat.S_ISREG(about.st_mode) and about.st_mode & 0o077 and path.name != "credentials":
                with contextlib.suppress(OSError):  # another user's file, or a file that was just removed
                    path.chmod(about.st_mode & 0o700)


def _user_home(environ: Mapping[str, str], platform: str) -> Path:
    name = "USERPROFILE" if platform == "win32" else "HOME"
    folder = environ.get(name, "").strip()
    if not folder:
        raise HomeError(f"The environment variable {name} is not set, so the bridge cannot find its home folder.")
    return Path(folder)


def _expanded(chosen: str, environ: Mapping[str, str], platform: str) -> Path:
    """Make a path absolute. "~" is the user's home directory; other relative paths start at the current directory."""
    if chosen == "~" or chosen.startswith(("~/", "~\\")):
        return _user_home(environ, platform) / chosen[2:]
    return Path(chosen).absolute()
