"""Makes this process refuse what Windows refuses: to replace, rename or remove a file that is open.

The check looks at the real open files of this process, so a test opens a file to hold it and closes the file to let it
go. On Windows the system itself refuses, and nothing is changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.util import busy_files

SHARING_VIOLATION, ACCESS_DENIED = 32, 5
HERE = Path("/proc/self/fd")  # the open files of this process


class WindowsFiles:
    """The refusals of one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if sys.platform != "win32" and not HERE.is_dir():
            pytest.skip("this system does not list the open files of a process")
        self.refused: list[str] = []  # name of the file, for each refusal
        self.pauses: list[float] = []  # seconds of each pause between two attempts
        self.on_pause: Callable[[int], None] = lambda count: None  # called with the number of pauses so far
        monkeypatch.setattr(busy_files, "sleep", self.pause)
        if sys.platform != "win32":
            for name in ("replace", "rename", "unlink", "remove"):
                monkeypatch.setattr(os, name, self._strict(getattr(os, name)))

    def pause(self, seconds: float) -> None:
        """Record a pause instead of sleeping, and call `on_pause`."""
        self.pauses.append(seconds)
        self.on_pause(len(self.pauses))

    def _strict(self, real: Callable[..., None]) -> Callable[..., None]:
        def strict(path: Any, *more: Any, **options: Any) -> None:
            for one, code in ((path, SHARING_VIOLATION), *((target, ACCESS_DENIED) for target in more)):
                self._check(_whole(one, options.get("dir_fd")), code)
            real(path, *more, **options)

        return strict

    def _check(self, path: Path, code: int) -> None:
        """Raise Windows' error if this process has the file, or a file in the folder, open."""
        opened = {Path(_link(one)) for one in os.listdir(HERE)}
        held = {one for one in opened if one == path or (path.is_dir() and path in one.parents)}
        if held - ({path} if path.is_dir() else set()):
            self.refused.append(path.name)
            raise sharing_violation(path, code)


def sharing_violation(path: Path, code: int | None = SHARING_VIOLATION) -> PermissionError:
    """Return the error that Python raises on Windows for a file that another program has open.

    Args:
        path: the file.
        code: Windows' error code; None: the file could not be opened, so Python knows only EACCES.
    """
    error = PermissionError(13, "The process cannot access the file", str(path))
    error.winerror = code  # type: ignore[attr-defined]  # outside Windows, the constructor does not set it
    return error


def _whole(path: Any, folder: int | None) -> Path:
    within = Path() if folder is None else Path(_link(str(folder)))
    return Path(os.path.realpath((within / os.fsdecode(path)).parent)) / Path(os.fsdecode(path)).name


def _link(number: str) -> str:
    try:
        return os.readlink(HERE / number)
    except FileNotFoundError:  # the descriptor of the listing itself
        return ""
