"""The folders of this machine in which `find` looks for DAWs: Documents, drives and the usual folders for programs."""

from __future__ import annotations

import contextlib
import os
import re
import string
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import HomeError
from bridge.installers.registry import Registry

FIXED_OR_REMOVABLE = (2, 3)  # GetDriveTypeW: a network drive that does not answer would block for half a minute
_SHELL_FOLDERS = r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders in which to look for a DAW."""

    user: Path  # the user's home directory
    documents: tuple[Path, ...]  # the user's Documents folder; on Windows, it may be in OneDrive or on another drive
    drives: tuple[Path, ...] = ()  # roots of other local drives
    programs: tuple[Path, ...] = ()  # folders for programs, such as /opt

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders in which users keep portable programs; each folder once."""
        own = (self.user, *(self.user / name for name in ("Desktop", "Downloads", "Applications")), *self.documents)
        return tuple(dict.fromkeys((*own, *self.programs, *self.drives)))


def usual_places(environ: Mapping[str, str], platform: str) -> Places:
    """Return the usual folders of this user and this machine."""
    user = user_folder(environ, platform)
    if platform == "win32":
        return Places(user, documents(environ), tuple(_windows_drives()), tuple(_program_files(environ)))
    if platform == "darwin":
        return Places(user, (user / "Documents",), tuple(_folders(Path("/Volumes"))), (Path("/Applications"),))
    mounted = [Path(base) / user.name for base in ("/media", "/run/media")]
    drives = [drive for base in mounted for drive in _folders(base)]
    return Places(user, (user / "Documents",), tuple(drives), (Path("/opt"), user / ".local" / "opt"))


def user_folder(environ: Mapping[str, str], platform: str) -> Path:
    """Return the user's home directory.

    Raises:
        HomeError: no variable names it, and the system does not know this user.
    """
    name = "USERPROFILE" if platform == "win32" else "HOME"
    try:
        return Path(environ.get(name) or Path.home())
    except RuntimeError:
        raise HomeError(f"The environment variable {name} is not set, so your home directory is not known.") from None


def documents(environ: Mapping[str, str], registered: str | None = None) -> tuple[Path, ...]:
    """Return the possible Documents folders of a Windows user: first the folder that Windows has registered.

    The value `Personal` under `User Shell Folders` has the folder, also after a move into OneDrive or to another drive:
    https://learn.microsoft.com/en-us/windows/client-management/client-tools/shell-folders-registry-keys

    Args:
        environ: the environment, to expand variables such as %USERPROFILE%.
        registered: the registered value; None reads the value from this machine's registry, if there is one.
    """
    user = user_folder(environ, "win32")
    value = registered if registered is not None else _registered_documents()
    first = [Path(_expanded(value, environ))] if value else []
    cloud = environ.get("OneDrive") or user / "OneDrive"
    return tuple(dict.fromkeys((*first, user / "Documents", Path(cloud) / "Documents")))


def _expanded(value: str, environ: Mapping[str, str]) -> str:
    """Replace %NAME% by the variable's value, without regard to case; keep unknown names."""
    known = {name.upper(): text for name, text in environ.items()}
    return re.sub("%([^%]+)%", lambda found: known.get(found[1].upper(), found[0]), value)


def _registered_documents() -> str | None:
    value = Registry().get(_SHELL_FOLDERS, "Personal")
    return value if isinstance(value, str) else None


def _windows_drives() -> Iterator[Path]:
    """Yield the root folders of this machine's local drives."""
    if sys.platform == "win32":
        import ctypes

        for letter in string.ascii_uppercase:
            if ctypes.windll.kernel32.GetDriveTypeW(f"{letter}:\\") in FIXED_OR_REMOVABLE:
                yield Path(f"{letter}:\\")
    yield from ()


def _program_files(environ: Mapping[str, str]) -> Iterator[Path]:
    for name in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"):
        folder = next((text for known, text in environ.items() if known.upper() == name.upper()), "")
        if folder:
            yield Path(folder)


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder; an empty list if the folder is missing or cannot be read."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        return sorted(Path(entry.path) for entry in entries if _is_folder(entry))
    return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return entry.is_dir()
    return False
