"""The entries that start the daemon when the user logs in: a systemd unit, a desktop file, a launch agent, a Run value.

Each class writes, reads and removes one entry. `bridge.installers.autostart` decides when.
"""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Protocol

from bridge.errors import HomeError
from bridge.installers.places import user_folder
from bridge.util import busy_files
from bridge.util.atomic import write_bytes

NAME = "ace-bridge"
UNREADABLE = ""  # text of an entry that cannot be read, which the bridge did not write
MARK = "Written by `ace-bridge autostart on`."
STOP_SECONDS = 150  # the daemon first waits for fal to answer a submission, up to two minutes
LONGEST_RUN_VALUE = (
    260  # characters; https://learn.microsoft.com/en-us/windows/win32/setupapi/run-and-runonce-registry-keys
)
SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')  # systemd refuses a program whose path has quotes or backslashes
UNIT = """\
# {mark}
[Unit]
Description=ACE Bridge
StartLimitIntervalSec=300
StartLimitBurst=3

[Service]
Type=exec
ExecStart={command}
# After a crash only: an error, such as an invalid setting, would occur again.
Restart=on-abnormal
RestartSec=5
KillMode=mixed
TimeoutStopSec={seconds}

[Install]
WantedBy=default.target
"""
DESKTOP = """\
# {mark}
[Desktop Entry]
Type=Application
Name=ACE Bridge
Comment=Starts the bridge, which DAW scripts and controllers use
Exec={command}
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""

Run = Callable[[Sequence[str]], tuple[int, str]]  # runs a program; returns its exit status and its output


class Entry(Protocol):
    """A way to start the daemon at login."""

    supervises: bool  # whether the system runs the daemon itself and restarts it after a crash

    @property
    def place(self) -> str:
        """The entry's path, or its key in the registry."""

    def read(self) -> str | None:
        """Return the entry's text, or None if there is none."""

    def text(self, command: Sequence[str]) -> str:
        """Return the text of an entry with this command."""

    def is_ours(self, text: str) -> bool:
        """Return whether the bridge wrote this text."""

    def is_enabled(self) -> bool:
        """Return whether the system will use the entry at the next login."""

    def write(self, text: str) -> None:
        """Write the entry, or replace it."""

    def enable(self, *, now: bool) -> None:
        """Switch the entry on; start the daemon if `now` is set and the system supervises it."""

    def disable(self) -> None:
        """Switch the entry off, so that it can be removed."""

    def remove(self) -> None:
        """Remove the entry."""

    def missing_folders(self) -> list[Path]:
        """Return the folders that `write` will create."""


@dataclass
class _File:
    """An entry that is a file."""

    path: Path

    @property
    def place(self) -> str:
        return str(self.path)

    def read(self) -> str | None:
        try:
            return self.path.read_text("utf-8", "surrogateescape")
        except OSError:
            return UNREADABLE if os.path.lexists(self.path) else None  # for example a folder, or a link to nowhere

    def is_ours(self, text: str) -> bool:
        return MARK in text

    def write(self, text: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise HomeError(f"{self.path.parent} cannot be created: {problem.strerror}.") from problem
        write_bytes(self.path, text.encode("utf-8", "surrogateescape"), mode=0o644)

    def remove(self) -> None:
        try:
            busy_files.remove(self.path, missing_ok=True)
        except OSError as problem:
            raise HomeError(f"{self.path} cannot be removed: {problem.strerror}.") from problem

    def missing_folders(self) -> list[Path]:
        return [folder for folder in self.path.parents if not folder.exists()]


@dataclass
class SystemdUnit(_File):
    """A service of the user's systemd, which restarts the daemon after a crash.

    https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
    """

    run: Run
    supervises = True

    def text(self, command: Sequence[str]) -> str:
        quoted = " ".join(unit_word(word) for word in (*SHELL, *command))
        return UNIT.format(mark=MARK, command=quoted, seconds=STOP_SECONDS)

    def is_enabled(self) -> bool:
        return self.run(("systemctl", "--user", "is-enabled", "--quiet", self.path.name))[0] == 0

    def enable(self, *, now: bool) -> None:
        _must(self.run, "systemctl", "--user", "daemon-reload")
        _must(self.run, "systemctl", "--user", "enable", *(["--now"] if now else []), self.path.name)

    def disable(self) -> None:
        self.run(("systemctl", "--user", "disable", self.path.name))

    def remove(self) -> None:
        super().remove()
        self.run(("systemctl", "--user", "daemon-reload"))


@dataclass
class DesktopEntry(_File):
    """A desktop file in the autostart folder, for desktops without systemd.

    https://specifications.freedesktop.org/autostart-spec/latest/
    """

    supervises = False

    def text(self, command: Sequence[str]) -> str:
        return DESKTOP.format(mark=MARK, command=" ".join(map(desktop_word, command)))

    def is_enabled(self) -> bool:
        lines = (self.read() or "").splitlines()
        return bool(lines) and "Hidden=true" not in lines and "X-GNOME-Autostart-enabled=false" not in lines

    def enable(self, *, now: bool) -> None:
        """Do nothing: the desktop reads the folder at login."""

    def disable(self) -> None:
        """Do nothing: the file's removal is enough."""


@dataclass
class LaunchAgent(_File):
    """An agent of macOS's launchd, which restarts the daemon after a crash; see `man launchd.plist`."""

    run: Run
    log: Path  # file for messages of a daemon that cannot start
    user_id: int
    supervises = True

    def text(self, command: Sequence[str]) -> str:
        about = {
            "Label": NAME,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"Crashed": True},
            "ProcessType": "Interactive",
            "ExitTimeOut": STOP_SECONDS,
            "StandardErrorPath": str(self.log),
        }
        text = plistlib.dumps(about, sort_keys=False).decode()
        return text.replace("<plist ", f"<!-- {MARK} -->\n<plist ", 1)

    def is_enabled(self) -> bool:
        """Return whether the user has not switched the agent off, for example in the settings for login items."""
        _, output = self.run(("launchctl", "print-disabled", f"gui/{self.user_id}"))
        return re.search(rf'"{NAME}" => (disabled|true)', output) is None

    def enable(self, *, now: bool) -> None:
        """Load the agent, which also starts the daemon; at a login, macOS loads all agents by itself."""
        self.run(("launchctl", "enable", f"gui/{self.user_id}/{NAME}"))
        if now:
            self.run(("launchctl", "bootout", f"gui/{self.user_id}/{NAME}"))  # an earlier one, or it is refused
            _must(self.run, "launchctl", "bootstrap", f"gui/{self.user_id}", str(self.path))

    def disable(self) -> None:
        self.run(("launchctl", "bootout", f"gui/{self.user_id}/{NAME}"))


class Values(Protocol):
    """Values of the current user in the Windows registry."""

    def get(self, key: str, name: str) -> str | bytes | None:
        """Return a value, or None if there is none."""

    def put(self, key: str, name: str, value: str) -> None:
        """Write a text value."""

    def delete(self, key: str, name: str) -> None:
        """Delete a value, if there is one."""


@dataclass
class RunValue:
    """A value under Windows's Run key, which the Task Manager lists among the start-up apps.

    A shortcut in the Startup folder would need a script to write it. The command uses pythonw.exe, which opens no
    console window.
    """

    values: Values
    supervises = False
    KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
    APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"

    @property
    def place(self) -> str:
        return rf"HKEY_CURRENT_USER\{self.KEY}\{NAME}"

    def read(self) -> str | None:
        value = self.values.get(self.KEY, NAME)
        return value if isinstance(value, str) else None

    def text(self, command: Sequence[str]) -> str:
        program = PureWindowsPath(command[0])
        if program.name.lower() == "python.exe":
            command = [str(program.with_name("pythonw.exe")), *command[1:]]
        text = subprocess.list2cmdline(command)
        if len(text) > LONGEST_RUN_VALUE:
            raise HomeError(
                f"The command to start the bridge is longer than Windows allows ({LONGEST_RUN_VALUE} characters).",
                hint="Install ace-bridge in a folder with a shorter path, or start it with `ace-bridge start`.",
            )
        return text

    def is_ours(self, text: str) -> bool:
        return " -m bridge " in text

    def is_enabled(self) -> bool:
        """Return whether the user has not switched the entry off in the Task Manager (first byte odd)."""
        approved = self.values.get(self.APPROVED, NAME)
        return not (isinstance(approved, bytes) and approved and approved[0] % 2)

    def write(self, text: str) -> None:
        self.values.put(self.KEY, NAME, text)

    def enable(self, *, now: bool) -> None:
        """Do nothing: Windows reads the key at login."""

    def disable(self) -> None:
        """Do nothing: the value's removal is enough."""

    def remove(self) -> None:
        self.values.delete(self.KEY, NAME)

    def missing_folders(self) -> list[Path]:
        return []


def choose_entry(
    environ: Mapping[str, str], platform: str, home: Path, run: Run, *, has_systemd: bool, values: Values
) -> Entry:
    """Return the kind of entry that this system uses.

    Args:
        environ: the environment.
        platform: as in `sys.platform`.
        home: the bridge's home.
        run: runs systemctl or launchctl.
        has_systemd: whether systemd runs this machine.
        values: the registry; used on Windows only.
    """
    user = user_folder(environ, platform)
    if platform == "win32":
        return RunValue(values)
    if platform == "darwin":
        agents, user_id = user / "Library" / "LaunchAgents", os.getuid() if sys.platform != "win32" else 0
        return LaunchAgent(agents / f"{NAME}.plist", run, home / "logs" / "start.log", user_id)
    config = Path(environ.get("XDG_CONFIG_HOME") or user / ".config")
    if has_systemd:
        return SystemdUnit(config / "systemd" / "user" / f"{NAME}.service", run)
    return DesktopEntry(config / "autostart" / f"{NAME}.desktop")


def unit_word(word: str) -> str:
    """Quote a word for ExecStart= in a unit file."""
    for special, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        word = word.replace(special, escaped)
    return f'"{word}"'


def desktop_word(word: str) -> str:
    """Quote a word for Exec= in a desktop file: first as an argument, then as a string value.

    https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
    """
    for special in '\\"`$':
        word = word.replace(special, "\\" + special)
    return '"' + word.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n") + '"'


def _must(run: Run, *command: str) -> None:
    status, output = run(command)
    if status:
        said = " ".join(output.split())
        raise HomeError(f"`{' '.join(command)}` failed: {said or f'exit status {status}'}.", hint=_HINT)


_HINT = "Start the bridge with `ace-bridge start` for now. The command needs a login session of your user."
