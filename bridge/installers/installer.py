"""Installs the bridge's files into a DAW and removes them, with backups and a record of every installed file.

`bridge.installers.plans` has one plan per DAW, which `ace-bridge install` and `ace-bridge uninstall` carry out. The
daemon updates the pointer files, which contain the bridge's location, at each start.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bridge.errors import BridgeError, DawRunning, InstallRefused
from bridge.installers.base import FOLDER, POINTER, Edit, Installation, Own
from bridge.installers.records import folder_of, pointer_in, records, within
from bridge.installers.terminal import terminal_text
from bridge.util import busy_files
from bridge.util.atomic import explained, write_bytes, write_json
from bridge.util.store_python import is_from_store, refuse_store_python


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one file, made or planned."""

    action: Literal["create", "replace", "edit", "remove", "keep"]
    path: Path
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """The location of the bridge, which scripts in a DAW need."""

    home: Path
    command: tuple[str, ...]  # command that starts the daemon from any working directory
    version: str

    def bytes(self, pointer: Path, files: Mapping[str, str]) -> bytes:
        """Return the content of a pointer file.

        It lists the installed files too, so that they can be removed even if the bridge's home is lost.

        Args:
            pointer: path of the pointer file. The listed paths are relative to its folder, because a drive may move.
            files: digests of the installed files, by path; the pointer file itself is left out.
        """
        listed = {_relative(path, pointer): digest for path, digest in files.items() if Path(path) != pointer}
        value = {"home": str(self.home), "command": list(self.command), "version": self.version}
        value["terminal"] = terminal_text(self.command)
        return json.dumps({**value, "files": dict(sorted(listed.items()))}, indent=1).encode() + b"\n"


class Installer:
    """An installer that carries out plans for one bridge home folder."""

    def __init__(self, pointer: Pointer) -> None:
        self._pointer = pointer
        self._notes = pointer.home / FOLDER

    def install(self, plan: Installation, *, dry: bool = False, force: bool = False) -> list[Change]:
        """Install the files for a DAW and return the changes. A second installation changes nothing.

        Args:
            plan: the installation plan for the DAW.
            dry: whether to return the changes without making them.
            force: whether to replace files that ace-bridge did not install, after a backup.

        Raises:
            StorePython: the DAW would not see the files, because this Python comes from the Microsoft Store.
            DawRunning: the DAW is running and would overwrite the edited files.
            InstallRefused: a file not installed by ace-bridge is in the way.
            HomeError: a folder is not writable.
        """
        refuse_store_python()
        note = self._note(plan)
        digests = {str(file.path): _digest(file.data) for file in plan.files}
        files = (*plan.files, Own(plan.pointer, self._pointer.bytes(plan.pointer, digests)))
        _refuse_foreign(plan, note, force)
        changes = [self._own(file, note, force) for file in files]
        changes += [_edited(edit) for edit in plan.edits]
        kept = {str(file.path) for file in files}
        left = [path for path in note["files"] if path not in kept]
        changes += [_removal(Path(path), note["files"][path]) for path in left]
        if dry or not _any(changes):
            return changes
        _refuse_while_busy(plan)
        for file in files:
            self._back_up(file.path, plan, note, unless=note["files"].get(str(file.path)))
            note["folders"] += _write(file.path, file.data, file.mode)
            note["files"][str(file.path)] = _digest(file.data)
        for edit in plan.edits:
            self._edit(edit, plan, note)
        for path in left:
            _remove_own(Path(path), note["files"].pop(path))
        _remove_empty(note["folders"])
        self._save(plan, note)
        return changes

    def uninstall(self, plan: Installation, *, dry: bool = False) -> list[Change]:
        """Remove all installed files except those that the user has changed, and return the changes.

        Without a record in the bridge's home, the pointer file shows which files were installed.

        Raises:
            DawRunning, HomeError: as in `install`.
        """
        note = self._note(plan)
        changes = [_removal(Path(path), digest) for path, digest in note["files"].items()]
        changes += [_taken(edit) for edit in plan.edits]
        if dry:
            return changes
        if _any(changes):
            _refuse_while_busy(plan)
            for cache in plan.caches:
                busy_files.remove_tree(cache, ignore_errors=True)
        for path, digest in note["files"].items():
            _remove_own(Path(path), digest)
            if not Path(path).exists():  # the user has changed it otherwise
                self._restore(Path(path), note)
        for edit in plan.edits:
            self._take(edit, note)
        _remove_empty(note["folders"])
        busy_files.remove(self._note_path(plan), missing_ok=True)
        return changes

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _own(self, file: Own, note: Mapping[str, Any], force: bool) -> Change:
        """Return the change that is needed for one of the bridge's own files."""
        now = _read(file.path)
        if now == file.data:
            return Change("keep", file.path, "up to date")
        if now is None:
            return Change("create", file.path)
        if note["files"].get(str(file.path)) == _digest(now):
            return Change("replace", file.path, "from another version of the bridge")
        if not force and file.path.name != POINTER:
            raise InstallRefused(f"{file.path} already exists. It was changed, or not installed by ace-bridge.")
        return Change("replace", file.path, "keeps a backup")

    def _edit(self, edit: Edit, plan: Installation, note: dict[str, Any]) -> None:
        now = _read(edit.path)
        then = edit.put(now)
        if then == now:
            return
        self._back_up(edit.path, plan, note, unless=note["edits"].get(str(edit.path)))
        _write(edit.path, then, _mode(edit.path))
        note["edits"][str(edit.path)] = _digest(then)

    def _take(self, edit: Edit, note: Mapping[str, Any]) -> None:
        """Undo an edit: restore the backup if the file is still as edited, otherwise remove only the bridge's part."""
        now = _read(edit.path)
        if now is None:
            return
        if note["edits"].get(str(edit.path)) == _digest(now) and self._restore(edit.path, note):
            return
        then = edit.take(now)
        if then is None:
            with explained(edit.path):
                busy_files.remove(edit.path)
        elif then != now:
            _write(edit.path, then, _mode(edit.path))

    def _back_up(self, path: Path, plan: Installation, note: dict[str, Any], unless: str | None) -> None:
        """Back up a file before it is changed, unless its digest is `unless`, so the bridge itself wrote it."""
        now = _read(path)
        if now is None or _digest(now) == unless:
            return
        folder = self._notes / f"{self._note_path(plan).stem}-backup"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        backup = folder / f"{_digest(now)[:12]}-{path.name}"
        _write(backup, now, 0o600)
        note["backups"][str(path)] = str(backup)

    def _restore(self, path: Path, note: Mapping[str, Any]) -> bool:
        backup = _read(Path(note["backups"].get(str(path), path / "none")))
        if backup is None or path.name == POINTER:
            return False
        _write(path, backup, _mode(path))
        return True

    def _note_path(self, plan: Installation) -> Path:
        """Return the path of a plan's record. Each location has its own, because REAPER may be installed twice."""
        return self._notes / f"{plan.daw}-{_digest(os.fsencode(plan.pointer))[:8]}.json"

    def _note(self, plan: Installation) -> dict[str, Any]:
        empty: dict[str, Any] = {"files": {}, "edits": {}, "backups": {}}
        note = empty | (_note_of(self._note_path(plan)) or {"files": _listed_in(plan.pointer)})
        folder = folder_of(plan.daw, plan.pointer)
        note |= {name: within(folder, note[name]) for name in empty}
        created = note.get("folders", [str(Path(path).parent) for path in note["files"]])
        note["folders"] = sorted(within(folder, dict.fromkeys(map(str, created), "")))
        given_up = {str(path) for path in plan.given_up}
        note["files"] = {path: digest for path, digest in note["files"].items() if path not in given_up}
        return note

    def _save(self, plan: Installation, note: Mapping[str, Any]) -> None:
        self._notes.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = {"daw": plan.daw, "version": self._pointer.version, "pointer": str(plan.pointer)}
        write_json(self._note_path(plan), {**about, **note})


def refresh(pointer: Pointer) -> list[Path]:
    """Update the pointer files of all installations, and return the paths of the updated files.

    The daemon calls this function at each start. If a DAW's folder no longer exists, the DAW is skipped. A Python from
    the Microsoft Store updates none.
    """
    if is_from_store():
        return []
    written = []
    for record in records(pointer.home):
        note, target = _note_of(record.path) or {}, pointer_in(record.daw, record.folder)
        files = within(record.folder, note.get("files"))
        data = pointer.bytes(target, files)
        if target.parent.is_dir() and _read(target) != data:
            with contextlib.suppress(BridgeError):
                write_bytes(target, data, sync=False, mode=0o644)
                write_json(record.path, {**note, "files": {**files, str(target): _digest(data)}}, sync=False)
                written.append(target)
    return written


def start_command(home: Path, python: str, platform: str = sys.platform) -> tuple[str, ...]:
    """Return the command with which DAW scripts start the daemon.

    With -P, a folder "bridge" in the working directory is ignored. On Windows, pythonw.exe runs without a console:
    REAPER can start a program minimised, but not without a window.

    Args:
        home: the bridge's home.
        python: the Python that has the bridge.
        platform: the system's name, as in `sys.platform`.
    """
    windowless = Path(python).with_name("pythonw.exe")
    if platform == "win32" and Path(python).name.lower() == "python.exe" and windowless.exists():
        python = str(windowless)
    return (python, "-P", "-m", "bridge", "--home", str(home), "start")


def _edited(edit: Edit) -> Change:
    now = _read(edit.path)
    if edit.put(now) == now:
        return Change("keep", edit.path, f"has {edit.what}")
    return Change("edit" if now is not None else "create", edit.path, edit.what)


def _taken(edit: Edit) -> Change:
    now = _read(edit.path)
    if now is None or edit.take(now) == now:
        return Change("keep", edit.path, "contains nothing from ace-bridge")
    return Change("edit", edit.path, f"without {edit.what}")


def _removal(path: Path, digest: str) -> Change:
    now = _read(path)
    if now is None:
        return Change("keep", path, "already removed")
    changed = _digest(now) != digest and path.name != POINTER
    return Change("keep", path, "was changed by hand") if changed else Change("remove", path)


def _remove_own(path: Path, digest: str) -> None:
    """Remove one of the bridge's files unless the user has changed it."""
    if _removal(path, digest).action == "remove":
        with explained(path):
            busy_files.remove(path, missing_ok=True)


def _remove_empty(folders: Iterable[str]) -> None:
    """Remove the folders that are empty, inner ones first."""
    for folder in sorted(folders, key=len, reverse=True):
        busy_files.remove_empty(Path(folder))


def _refuse_while_busy(plan: Installation) -> None:
    reason = plan.busy()
    if reason:
        raise DawRunning(reason)


def _refuse_foreign(plan: Installation, note: Mapping[str, Any], force: bool) -> None:
    """Raise `InstallRefused` if the bridge's own folder has files that did not come from the bridge."""
    if plan.alone is None or plan.pointer.exists() or force:
        return
    ours = {str(file.path) for file in plan.files} | set(note["files"])
    there = [path for path in plan.alone.glob("*") if path.is_file() and str(path) not in ours]
    if there:
        raise InstallRefused(f"{plan.alone} already exists and was not installed by ace-bridge: found {there[0].name}.")


def _any(changes: Sequence[Change]) -> bool:
    return any(change.action != "keep" for change in changes)


def _write(path: Path, data: bytes, mode: int) -> list[str]:
    """Write a file unless it has this content, and return the folders that had to be created for it."""
    if _read(path) == data:
        return []
    new = [str(folder) for folder in path.parents if not folder.exists()]
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path.resolve(), data, mode=mode)  # a settings file may be a symbolic link
    return new


def _relative(path: str, pointer: Path) -> str:
    return Path(os.path.relpath(path, pointer.parent)).as_posix()


def _listed_in(pointer: Path) -> dict[str, str]:
    """Return the digests of the files that a pointer file lists, by path, and that of the pointer file itself."""
    about, data = _note_of(pointer), _read(pointer)
    listed = about.get("files") if about else None
    if not isinstance(listed, dict) or data is None:
        return {}
    files = {os.path.normpath(pointer.parent / path): str(digest) for path, digest in listed.items()}
    return {**files, str(pointer): _digest(data)}


def _read(path: Path) -> bytes | None:
    try:
        return busy_files.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else 0o644


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _note_of(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(busy_files.read(path))
        return found if isinstance(found, dict) else None
    return None
