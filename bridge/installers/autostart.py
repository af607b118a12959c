"""Starts the daemon when the user logs in, if the user wants it: on, off, status, and repair after a move."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import InstallRefused
from bridge.installers.autostart_entries import Entry, choose_entry
from bridge.installers.records import read_object
from bridge.installers.registry import Registry
from bridge.util import busy_files, spawn
from bridge.util.atomic import write_json
from bridge.util.store_python import is_from_store, refuse_store_python

RECORD = "autostart.json"  # in the bridge's home: which entry this home has written
TIMEOUT_SECONDS = 200.0  # longer than the daemon takes to stop


@dataclass(frozen=True, slots=True)
class AutostartStatus:
    """Whether the daemon starts at login."""

    on: bool  # whether there is an entry, it is enabled, and it starts this home
    place: str  # path of the entry, or its key in the registry
    present: bool  # whether there is an entry
    enabled: bool  # whether the system will use it at the next login
    command: tuple[str, ...] = ()  # the command in the entry, as recorded in the bridge's home
    problem: str = ""  # why the entry cannot start this home, in one sentence


class Autostart:
    """The autostart entry of one bridge home."""

    def __init__(self, home: Path, entry: Entry, python: str) -> None:
        self._record = home / RECORD
        self._entry = entry
        verb = ("run", "--quiet") if entry.supervises else ("start",)
        self._command = (python, "-P", "-m", "bridge", "--home", str(home), *verb)

    @property
    def supervises(self) -> bool:
        """Whether the system runs the daemon itself."""
        return self._entry.supervises

    def status(self) -> AutostartStatus:
        """Return whether the daemon starts at login, from the files and from the system itself."""
        text, about = self._entry.read(), read_object(self._record)
        if text is None:
            return AutostartStatus(on=False, place=self._entry.place, present=False, enabled=False)
        enabled, command = self._entry.is_enabled(), tuple(map(str, about.get("command", ())))
        problem = (
            _problem(text, about.get("text"), command) if enabled else ""
        )  # a desktop may switch it off in the file
        return AutostartStatus(enabled and not problem, self._entry.place, True, enabled, command, problem)

    def is_own(self) -> bool:
        """Return whether there is an entry that starts this home and was not changed by hand, so `off` removes it."""
        text = self._entry.read()
        if text is None:
            return False
        return text == read_object(self._record).get("text") or text == self._entry.text(self._command)

    def on(self, *, now: bool) -> None:
        """Write the entry and enable it. If `now` is set and the system supervises the daemon, it starts it too.

        Raises:
            StorePython: Windows would not see the entry, because this Python comes from the Microsoft Store.
            InstallRefused: there is an entry of this name that the bridge did not write.
            HomeError: the entry cannot be written, or the system refuses it. Then nothing is left of it.
        """
        refuse_store_python()
        before, text = self._entry.read(), self._entry.text(self._command)
        if before is not None and not self._entry.is_ours(before):
            raise InstallRefused(f"{self._entry.place} was not written by ace-bridge.", hint="Remove it or rename it.")
        self._save(text)
        try:
            self._entry.write(text)
            self._entry.enable(now=now)
        except BaseException:
            self._remove()
            raise

    def off(self) -> bool:
        """Remove the entry; return whether there was one. On macOS, this stops a daemon that the entry has started.

        Raises:
            InstallRefused: the entry was changed by hand, or starts another home.
            HomeError: the entry cannot be removed.
        """
        text = self._entry.read()
        if text is not None and not self.is_own():
            raise InstallRefused(
                f"{self._entry.place} was changed by hand, or not written by this bridge, so it was not removed.",
                hint="Remove it, or repeat the command with the --home that it starts.",
            )
        if text is not None:
            self._remove()
        busy_files.remove(self._record, missing_ok=True)
        return text is not None

    def refresh(self) -> bool:
        """Write the entry again if this copy of the bridge has moved since; return whether that was necessary.

        An entry that was changed by hand, or that another home has written since, stays as it is, and so does every
        entry if this Python comes from the Microsoft Store.
        """
        if is_from_store():
            return False
        about, text = read_object(self._record), self._entry.read()
        if not about or text is None or text != about.get("text") or about.get("command") == list(self._command):
            return False
        newer = self._entry.text(self._command)
        self._save(newer)
        self._entry.write(newer)
        self._entry.enable(now=False)
        return True

    def _save(self, text: str) -> None:
        before = read_object(self._record).get("folders", [])
        folders = [*before, *map(str, self._entry.missing_folders())]
        about = {"place": self._entry.place, "command": list(self._command), "text": text, "folders": folders}
        write_json(self._record, about)

    def _remove(self) -> None:
        """Remove the entry, its record, and the folders that were created for it, if they are empty."""
        self._entry.disable()
        self._entry.remove()
        for folder in read_object(self._record).get("folders", []):  # inner ones first
            busy_files.remove_empty(Path(folder))
        busy_files.remove(self._record, missing_ok=True)


def autostart_of(home: Path, environ: Mapping[str, str], platform: str, python: str) -> Autostart:
    """Return the autostart entry of this home on this machine."""
    booted = Path("/run/systemd/system").is_dir()  # as in sd_booted(3)
    has_systemd = booted and shutil.which("systemctl", path=environ.get("PATH")) is not None
    entry = choose_entry(environ, platform, home, run, has_systemd=has_systemd, values=Registry())
    return Autostart(home, entry, python)


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a program of the system; return its exit status (127 if it is missing) and its output."""
    try:
        done = spawn.run(command, timeout_seconds=TIMEOUT_SECONDS)
    except OSError as problem:  # TimeoutError, too
        return 127, str(problem)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _problem(text: str, written: object, command: Sequence[str]) -> str:
    if text != written:
        return "The entry was changed by hand, or starts another bridge home."
    if not Path(command[0]).exists():
        return f"The entry starts {command[0]}, which no longer exists."
    return ""
