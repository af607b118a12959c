"""The permissions of new files: private in the bridge's home, and as the user's umask says in other folders.

A umask that would take the user's own access away (such as 0277) is reduced at the start of every command.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o077  # umask with which only this user has access to new files
_users = [0o077]  # the user's umask; until `make_private` is called, the strictest


def keep_own_access() -> None:
    """Change this process's umask so that the user can read and write new files; call this before threads start."""
    os.umask(os.umask(PRIVATE) & PRIVATE)


def make_private() -> None:
    """Make all new files of this process and of its workers private; call this before threads start."""
    _users[0] = os.umask(PRIVATE)


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Make the files private that are created in this block, in a process without other threads."""
    before = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(before)


def share(path: Path, home: Path) -> None:
    """Give a new file or folder the permissions of the user's umask, unless it is in the home.

    Args:
        path: a file or folder that is complete, for example in a project's media folder.
        home: the bridge's folder.
    """
    if os.name == "posix" and home not in path.parents:
        usual, own = (0o777, 0o700) if path.is_dir() else (0o666, 0o600)
        with contextlib.suppress(OSError):  # some file systems have no permissions
            path.chmod(usual & ~_users[0] | own)
