"""Paths that are too long for Windows' usual functions, which accept 259 characters.

The bridge itself opens longer paths in their extended form, whatever the registry says
(learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation). Users and DAWs see the usual form. Other
systems have no such limit, and there a path stays as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath

LONGEST = 259  # characters in the usual form, without the final zero
ROOM = 100  # characters that a temporary file's name may add to the path of a folder or file
WINDOWS = sys.platform == "win32"
_FILE, _SHARE = "\\\\?\\", "\\\\?\\UNC\\"  # prefixes of the extended form: of a drive's path, and of a share's


def extended(path: Path) -> Path:
    """Return a path in the form in which the bridge can open it and the files beside it."""
    return Path(extended_text(str(path))) if WINDOWS else path


def plain(path: Path) -> Path:
    """Return a path in its usual form, for users and DAWs."""
    return Path(plain_text(str(path))) if WINDOWS else path


def is_too_long(path: Path) -> bool:
    """Return whether a program that uses only the usual form cannot open a path."""
    return WINDOWS and len(plain_text(str(path))) > LONGEST


def extended_text(path: str) -> str:
    r"""Return the extended form of a long absolute path on Windows; any other path stays as it is.

    >>> print(extended_text("D:/" + "x" * 20))
    D:/xxxxxxxxxxxxxxxxxxxx
    >>> print(extended_text("//nas/music/" + "x" * 300)[:20])
    \\?\UNC\nas\music\xx
    """
    whole = PureWindowsPath(path)
    if len(path) + ROOM <= LONGEST or path.startswith(("\\\\?\\", "\\\\.\\")) or not whole.is_absolute():
        return path
    parts = [part for part in whole.parts[1:] if part != "."]
    while ".." in parts:  # the extended form is taken literally
        at = parts.index("..")
        del parts[max(0, at - 1) : at + 1]
    drive = whole.drive
    start = _SHARE + drive[2:] if drive.startswith("\\\\") else _FILE + drive
    return "\\".join([start, *parts])


def plain_text(path: str) -> str:
    r"""Return the usual form of a path on Windows.

    >>> print(plain_text(r"\\?\UNC\nas\music\take.wav"), plain_text(r"\\?\D:\take.wav"))
    \\nas\music\take.wav D:\take.wav
    """
    if path.startswith(_SHARE):
        return "\\\\" + path[len(_SHARE) :]
    return path.removeprefix(_FILE)
