"""Tests the entries that start the daemon at login, on four systems, with paths that need quoting."""

from __future__ import annotations

import contextlib
import json
import os
import plistlib
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bridge.config.home import prepare_home
from bridge.errors import HomeError, InstallRefused
from bridge.installers.autostart import RECORD, Autostart, autostart_of
from bridge.installers.autostart_entries import Entry, RunValue, choose_entry
from tests.fakes.processes import environment
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.only_on("posix", because="the entries of all systems are written with the paths of Linux")

ODD = "a b%20ü \"quoted\" $HOME `id` 'single' 100% \\ back"
SYSTEMS = ("systemd", "desktop", "darwin", "win32")


class System:
    """A strict stand-in for systemctl and launchctl: it knows the loaded entries and refuses unknown commands."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / ".config"
        self.enabled: set[str] = set()
        self.started: list[str] = []
        self.disabled: set[str] = set()  # labels of agents that the user has switched off
        self.fails = ""  # the command that fails

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        words = list(command)
        if self.fails and self.fails in words:
            return 1, "Failed to connect to bus: No medium found\n"
        return self._systemctl(words) if words[0] == "systemctl" else self._launchctl(words)

    def _systemctl(self, words: list[str]) -> tuple[int, str]:
        match words:
            case ["systemctl", "--user", "daemon-reload"]:
                return 0, ""
            case ["systemctl", "--user", "enable", *flags, "ace-bridge.service"]:
                assert (self.config / "systemd/user/ace-bridge.service").is_file()
                assert flags in ([], ["--now"])
                self.enabled.add("ace-bridge.service")
                self.started += flags
                return 0, ""
            case ["systemctl", "--user", "disable", name]:
                self.enabled.discard(name)
                return 0, ""
            case ["systemctl", "--user", "is-enabled", "--quiet", name]:
                return int(name not in self.enabled), ""
        raise AssertionError(words)

    def _launchctl(self, words: list[str]) -> tuple[int, str]:
        match words:
            case ["launchctl", "enable", name]:
                self.disabled.discard(name.rpartition("/")[2])
                return 0, ""
            case ["launchctl", "bootstrap", domain, path]:
                label = plistlib.loads(Path(path).read_bytes())["Label"]
                if label in self.enabled:
                    return 5, "Bootstrap failed: 5: Input/output error\n"
                assert domain == f"gui/{os.getuid()}"
                self.enabled.add(label)
                self.started.append(label)
                return 0, ""
            case ["launchctl", "bootout", name]:
                missing = name.rpartition("/")[2] not in self.enabled
                self.enabled.discard(name.rpartition("/")[2])
                return 3 if missing else 0, ""
            case ["launchctl", "print-disabled", _]:
                listed = "".join(f'\t\t"{label}" => disabled\n' for label in sorted(self.disabled))
                return 0, f"\n\tdisabled services = {{\n{listed}\t}}\n"
        raise AssertionError(words)


class Values:
    """The registry, as a dictionary."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}

    def get(self, key: str, name: str) -> str | bytes | None:
        return self.values.get((key, name))

    def put(self, key: str, name: str, value: str) -> None:
        self.values[key, name] = value

    def delete(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


class Login:
    """A user's account on one of the systems."""

    def __init__(self, folder: Path, system: str) -> None:
        odd = "ü b" if system == "win32" else ODD  # Windows limits the length of the command
        self.home = folder / odd / "home"
        prepare_home(self.home)
        self.system, self.values = System(folder), Values()
        platform = system if system in ("darwin", "win32") else "linux"
        environ = {"HOME": str(folder), "USERPROFILE": str(folder)}
        self.entry: Entry = choose_entry(
            environ, platform, self.home, self.system.run, has_systemd=system == "systemd", values=self.values
        )
        self.python = str(folder / odd / "python")
        Path(self.python).touch()
        self.autostart = Autostart(self.home, self.entry, self.python)


@pytest.fixture(params=SYSTEMS)
def login(request: pytest.FixtureRequest, tmp_path: Path) -> Login:
    return Login(tmp_path, request.param)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files with their content, and the folders."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_on_status_off(login: Login, tmp_path: Path) -> None:
    before = files(tmp_path)
    assert login.autostart.status().present is False
    login.autostart.on(now=True)
    status = login.autostart.status()
    assert (status.on, status.present, status.enabled, status.problem) == (True, True, True, "")
    login.autostart.on(now=True)  # again
    assert login.autostart.off() is True
    assert files(tmp_path) == before
    assert (login.system.enabled, login.values.values) == (set(), {})
    assert login.autostart.off() is False
    assert login.autostart.status().on is False


def test_an_entry_of_another_program_is_kept(login: Login) -> None:
    login.entry.write("theirs")
    for change in (lambda: login.autostart.on(now=True), login.autostart.off):
        with pytest.raises(InstallRefused):
            change()
    assert login.entry.read() == "theirs"


@pytest.mark.only_on("posix", because="only administrators may make links on Windows")
@pytest.mark.parametrize("system", ["systemd", "desktop", "darwin"])
@pytest.mark.parametrize("kind", ["folder", "link to nowhere", "link to a file"])
def test_a_folder_or_link_in_the_place_of_the_entry_is_kept(tmp_path: Path, system: str, kind: str) -> None:
    login, target = Login(tmp_path, system), tmp_path / "target"
    path = Path(login.entry.place)
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    if kind == "link to a file":
        target.write_text("mine")
    before = path.lstat().st_ino
    for change in (lambda: login.autostart.on(now=True), login.autostart.off):
        with pytest.raises(InstallRefused):
            change()
    assert login.autostart.status().on is False
    assert path.lstat().st_ino == before
    assert not target.exists() or target.read_text() == "mine"


def test_an_entry_of_another_home_is_kept(login: Login, tmp_path: Path) -> None:
    other = tmp_path / "other"
    prepare_home(other)
    login.autostart.on(now=False)
    theirs = Autostart(other, login.entry, login.python)
    assert theirs.status().on is False
    assert (theirs.is_own(), login.autostart.is_own()) == (False, True)
    with pytest.raises(InstallRefused, match="not written by this bridge"):
        theirs.off()
    theirs.on(now=False)  # the user asks for it
    assert (theirs.status().on, login.autostart.status().on) == (True, False)
    assert login.autostart.refresh() is False


def test_a_moved_clone_is_reported_and_repaired(login: Login, tmp_path: Path) -> None:
    login.autostart.on(now=False)
    Path(login.python).unlink()
    status = login.autostart.status()
    assert not status.on
    assert login.python in status.problem
    moved = tmp_path / "new" / "python"
    moved.parent.mkdir()
    moved.touch()
    newer = Autostart(login.home, login.entry, str(moved))
    assert newer.refresh() is True
    assert newer.refresh() is False
    assert (newer.status().on, newer.status().command[0]) == (True, str(moved))
    assert newer.off() is True


def test_what_was_changed_by_hand_is_not_refreshed(login: Login) -> None:
    login.autostart.on(now=False)
    text = (login.entry.read() or "") + "# mine"
    login.entry.write(text)
    assert Autostart(login.home, login.entry, "/elsewhere/python").refresh() is False
    assert login.entry.read() == text
    assert "changed by hand" in login.autostart.status().problem


@pytest.mark.parametrize(("system", "command"), [("systemd", "enable"), ("darwin", "bootstrap")])
def test_a_system_that_refuses_leaves_nothing(tmp_path: Path, system: str, command: str) -> None:
    login = Login(tmp_path, system)
    before = files(tmp_path)
    login.system.fails = command
    with pytest.raises(HomeError, match="No medium found"):
        login.autostart.on(now=True)
    assert files(tmp_path) == before


def test_windows_shows_whether_the_user_has_switched_it_off(tmp_path: Path) -> None:
    login = Login(tmp_path, "win32")
    login.autostart.on(now=False)
    for first, enabled in ((2, True), (3, False), (6, True), (7, False)):
        login.values.values[RunValue.APPROVED, "ace-bridge"] = bytes([first]) + bytes(11)
        assert login.autostart.status().enabled is enabled


def test_macos_shows_whether_the_user_has_switched_it_off(tmp_path: Path) -> None:
    login = Login(tmp_path, "darwin")
    login.autostart.on(now=False)
    login.system.disabled.add("ace-bridge")
    assert (login.autostart.status().on, login.autostart.status().enabled) == (False, False)
    login.autostart.on(now=False)
    assert login.autostart.status().on is True


def test_windows_uses_a_python_without_a_console() -> None:
    entry = RunValue(Values())
    text = entry.text([r"C:\Users\Jörg Müller\x\Scripts\python.exe", "-m", "bridge", "--home", r"C:\a b", "start"])
    assert text == r'"C:\Users\Jörg Müller\x\Scripts\pythonw.exe" -m bridge --home "C:\a b" start'
    with pytest.raises(HomeError, match="260"):
        entry.text(["C:\\" + "x" * 300])


def unit_words(text: str) -> list[str]:
    """Split ExecStart= as systemd does: quotes and C escapes, then specifiers, then variables."""
    (line,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    return [undoubled(undoubled(word, "%"), "$") for word in shlex.split(line.removeprefix("ExecStart="))]


def undoubled(text: str, sign: str) -> str:
    """Replace each doubled sign with one; a single sign would start a specifier, field code or variable."""
    assert all(len(run) % 2 == 0 for run in re.findall(f"{re.escape(sign)}+", text))
    return text.replace(sign * 2, sign)


def desktop_words(text: str) -> list[str]:
    """Split Exec= as a desktop does: first the escapes of a string value, then the quotes of the arguments."""
    (line,) = (line for line in text.splitlines() if line.startswith("Exec="))
    value = undoubled(line.removeprefix("Exec="), "%").replace("\\\\", "\\")
    return shlex.split(value.replace("\\`", "`").replace("\\$", "$"))


def words(entry: Entry, system: str) -> list[str]:
    text = entry.read()
    assert text is not None
    if system == "darwin":
        return [str(word) for word in plistlib.loads(text.encode())["ProgramArguments"]]
    return unit_words(text) if system == "systemd" else desktop_words(text)


def daemon_json(home: Path) -> dict[str, object] | None:
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, object] = json.loads((home / "daemon.json").read_bytes())
        return found
    return None


def kept_environment(folder: Path, login: Login) -> Mapping[str, str]:
    """Return the environment of a login session: without the variables that this bridge reads."""
    own = environment(login.home, HOME=str(folder))
    return {name: value for name, value in own.items() if name != "ACE_BRIDGE_HOME"}


@pytest.mark.parametrize("system", ["systemd", "desktop", "darwin"])
def test_the_command_starts_a_real_daemon(tmp_path: Path, system: str) -> None:
    """The words of the entry are run as the system would run them, from a folder with quotes, spaces and signs."""
    login = Login(tmp_path, system)
    Path(login.python).unlink()
    Path(login.python).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    Path(login.python).chmod(0o755)
    login.autostart.on(now=False)
    command = words(login.entry, system)
    assert login.python in command
    process = subprocess.Popen(
        command, env=kept_environment(tmp_path, login), stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    try:
        about = until(
            lambda: json.loads(found.read_bytes()) if (found := login.home / "daemon.json").exists() else None
        )
        stop = [sys.executable, "-m", "bridge", "--home", str(login.home), "stop"]
        subprocess.run(stop, check=True, timeout=PATIENCE, capture_output=True)
        assert process.wait(PATIENCE) == 0
        assert about["pid"]
    finally:
        process.kill()
        process.wait(PATIENCE)


def test_the_daemon_restarts_after_a_crash_but_not_after_an_error(tmp_path: Path) -> None:
    unit = (Login(tmp_path, "systemd").entry.text(["x"])).splitlines()
    assert "Restart=on-abnormal" in unit
    assert "StartLimitBurst=3" in unit
    agent = plistlib.loads(Login(tmp_path, "darwin").entry.text(["x"]).encode())
    assert agent["KeepAlive"] == {"Crashed": True}


@pytest.mark.needs("systemd")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    login = Login(tmp_path, "systemd")
    Path(login.python).chmod(0o755)
    login.autostart.on(now=False)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--recursive-errors=no", login.autostart.status().place],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "ace-bridge" not in done.stderr, done.stderr


def command(folder: Path, home: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "bridge", *words],
        env=environment(home, HOME=str(folder), XDG_CONFIG_HOME="", PATH=str(folder)),  # without systemctl
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_commands(tmp_path: Path, home: Path) -> None:
    """Switches autostart on, moves the copy of the bridge, starts it, and switches autostart off."""
    off = command(tmp_path, home, "autostart")
    assert (off.returncode, off.stdout.splitlines()[0]) == (
        3,
        "The bridge does not start at login, and is not running now.",
    )
    on = command(tmp_path, home, "autostart", "on", "--json")
    assert json.loads(on.stdout) | {"command": [], "place": ""} == {
        "on": True,
        "place": "",
        "present": True,
        "enabled": True,
        "command": [],
        "problem": "",
        "running": True,
    }
    try:
        assert command(tmp_path, home, "autostart", "status").returncode == 0
        record = json.loads((home / RECORD).read_bytes())
        entry = autostart_of(home, {"HOME": str(tmp_path)}, "linux", "/gone/python")
        entry.on(now=False)
        doctor = command(tmp_path, home, "doctor", "--json")
        assert "/gone/python" in doctor.stdout
        assert command(tmp_path, home, "start").returncode == 0
        assert json.loads((home / RECORD).read_bytes()) == record
        assert command(tmp_path, home, "autostart", "off").returncode == 0
        assert not (home / RECORD).exists()
        assert not (tmp_path / ".config" / "autostart").exists()
    finally:
        command(tmp_path, home, "stop")
