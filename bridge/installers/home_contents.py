"""What the bridge keeps in its home, and the removal of everything except the user's own work."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import HomeError, NotPossibleNow
from bridge.util import busy_files

KEPT = {  # folders with the user's own work
    "results": "results in the bridge's home",
    "presets": "your own presets",
}
REMOVED = {  # names or patterns of all other files and folders that the bridge and its scripts write to the home
    "the journal and its backups": ("bridge.db*", ".bridge.db*", "journal.stamp", "backups", "damaged"),
    "the audio sent and received": ("jobs", "rendered", ".draft-*"),
    "the clip of the setup": ("setup",),
    "messages": ("inbox", "outbox", "daemon.json", "daemon.lock", "catalogue.json", "autostart.json"),
    "settings and mappings": ("config.toml", "midi", "ardour-*.json"),
    "the stored fal key": ("credentials",),
    "logs and the files of DAW scripts": ("logs", "live", "reaper"),
    "the records of installed scripts": ("installed",),
}


@dataclass(frozen=True, slots=True)
class Content:
    """Files and folders in the bridge's home."""

    what: str  # description for the user
    paths: tuple[Path, ...]
    size: int  # bytes
    stays: bool  # whether they belong to the user and are never removed


def contents(home: Path) -> list[Content]:
    """Return what is in the home. Anything that the bridge did not write there is neither listed nor removed."""
    found = [Content(what, tuple(_matching(home, patterns)), 0, stays=False) for what, patterns in REMOVED.items()]
    found += [Content(what, (home / name,), 0, stays=True) for name, what in KEPT.items() if _has_file(home / name)]
    return [Content(one.what, one.paths, sum(map(_size, one.paths)), one.stays) for one in found if one.paths]


def check_own(home: Path, user: Path) -> None:
    """Check that a home belongs to the bridge alone, because folders such as `backups` may be the user's elsewhere.

    Args:
        home: the bridge's home.
        user: the user's home directory.

    Raises:
        NotPossibleNow: the home is the user's home directory, or a folder that contains it.
    """
    if home.resolve() in (user.resolve(), *user.resolve().parents):
        raise NotPossibleNow(
            f"The bridge's home is {home}, so its folders may have your own files. Nothing was removed.",
            hint="Remove the scripts with `ace-bridge uninstall DAW`, and the files of the bridge by hand.",
        )


def clear(home: Path, without: Collection[Path] = ()) -> None:
    """Remove everything that does not stay, then the folders that are empty, and the home itself if it is.

    Args:
        home: the bridge's home.
        without: files and folders that stay too.

    Raises:
        HomeError: something cannot be removed.
    """
    for one in contents(home):
        for path in () if one.stays else one.paths:
            _remove(path, without)
    for folder in (*(home / name for name in KEPT), home):
        busy_files.remove_empty(folder)


def _matching(home: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(home.glob(pattern))


def _remove(path: Path, without: Collection[Path]) -> None:
    if any(path in kept.parents for kept in without):
        for child in path.iterdir():
            _remove(child, without)
    elif path not in without:
        try:
            if path.is_dir() and not path.is_symlink():
                busy_files.remove_tree(path)
            else:
                busy_files.remove(path, missing_ok=True)
        except OSError as problem:
            raise HomeError(
                f"{problem.filename or path} cannot be removed: {problem.strerror}.", hint="Repeat the command."
            ) from problem


def _has_file(folder: Path) -> bool:
    return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))


def _size(path: Path) -> int:
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(one.lstat().st_size for one in inside if one.is_file() and not one.is_symlink())
