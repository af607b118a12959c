"""Tests install and uninstall in a DAW's folder: repeated installs, backups, and other files, which stay unchanged."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bridge.errors import DawRunning, InstallRefused
from bridge.installers.base import Edit, Installation, Own
from bridge.installers.installer import Installer, Pointer, refresh, start_command
from bridge.installers.terminal import terminal_text

MARK = b"ace=1\n"


def put(now: bytes | None) -> bytes:
    return now if now is not None and MARK in now else (now or b"") + MARK


def take(now: bytes) -> bytes | None:
    return now.replace(MARK, b"") or None


def plan_in(folder: Path) -> Installation:
    scripts = folder / "Scripts" / "ACE Bridge"
    return Installation(
        daw="reaper",
        title="A DAW",
        files=(Own(scripts / "one.lua", b"-- one\n"), Own(scripts / "two.lua", b"-- two\n")),
        pointer=scripts / "ace-bridge.json",
        edits=(Edit(folder / "keys", "its keys", put, take),),
    )


def installer_of(home: Path, version: str = "1") -> Installer:
    return Installer(Pointer(home, start_command(home, "python"), version))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_uninstall_restores_everything(tmp_path: Path) -> None:
    daw, home = tmp_path / "daw", tmp_path / "home"
    daw.mkdir()
    (daw / "keys").write_bytes(b"mine=1\n")
    before = tree(daw)
    installer = installer_of(home)
    plan = plan_in(daw)
    assert {change.action for change in installer.install(plan, dry=True)} == {"create", "edit"}
    assert tree(daw) == before
    installer.install(plan)
    inside = tree(daw)
    assert inside["keys"] == b"mine=1\n" + MARK
    assert json.loads(inside[str(Path("Scripts/ACE Bridge/ace-bridge.json"))])["home"] == str(home)
    assert {change.action for change in installer.install(plan)} == {"keep"}
    assert tree(daw) == inside
    installer.uninstall(plan)
    assert tree(daw) == before
    assert not (daw / "Scripts" / "ACE Bridge").exists()
    assert {change.action for change in installer.uninstall(plan)} == {"keep"}


def test_later_changes_by_the_user_are_kept(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    daw.mkdir()
    (daw / "keys").write_bytes(b"mine=1\n")
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    installer.install(plan)
    (daw / "keys").write_bytes((daw / "keys").read_bytes() + b"later=1\n")
    (daw / "Scripts/ACE Bridge/one.lua").write_bytes(b"-- mine now\n")
    with pytest.raises(InstallRefused, match=r"one\.lua"):
        installer.install(plan)
    installer.uninstall(plan)
    assert (daw / "keys").read_bytes() == b"mine=1\nlater=1\n"
    assert (daw / "Scripts/ACE Bridge/one.lua").read_bytes() == b"-- mine now\n"
    assert not (daw / "Scripts/ACE Bridge/two.lua").exists()


def test_foreign_files_are_refused_or_backed_up(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    (daw / "Scripts/ACE Bridge").mkdir(parents=True)
    (daw / "Scripts/ACE Bridge/one.lua").write_bytes(b"-- third party\n")
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    with pytest.raises(InstallRefused):
        installer.install(plan)
    assert not (daw / "Scripts/ACE Bridge/two.lua").exists()
    installer.install(plan, force=True)
    assert (daw / "Scripts/ACE Bridge/one.lua").read_bytes() == b"-- one\n"
    installer.uninstall(plan)
    assert (daw / "Scripts/ACE Bridge/one.lua").read_bytes() == b"-- third party\n"


def test_a_new_version_replaces_files_and_removes_obsolete_ones(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    installer.install(plan)
    installer.install(replace(plan, files=(Own(daw / "Scripts/ACE Bridge/one.lua", b"-- one, newer\n"),)))
    assert (daw / "Scripts/ACE Bridge/one.lua").read_bytes() == b"-- one, newer\n"
    assert not (daw / "Scripts/ACE Bridge/two.lua").exists()


def test_nothing_changes_while_the_daw_runs(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    with pytest.raises(DawRunning, match="Ardour runs"):
        installer.install(replace(plan, busy=lambda: "Ardour runs."))
    assert tree(tmp_path) == {}
    installer.install(plan)
    installer.install(replace(plan, busy=lambda: "Ardour runs."))  # allowed: there is nothing to change
    with pytest.raises(DawRunning):
        installer.uninstall(replace(plan, busy=lambda: "Ardour runs."))


def test_a_daemon_start_refreshes_the_pointers(tmp_path: Path) -> None:
    daw, home = tmp_path / "daw", tmp_path / "home"
    plan = plan_in(daw)
    installer_of(home).install(plan)
    newer = Pointer(home, start_command(home, sys.executable), "2")
    assert refresh(newer) == [plan.pointer]
    assert json.loads(plan.pointer.read_bytes()) == {
        "home": str(home),
        "command": [newer.command[0], "-P", "-m", "bridge", "--home", str(home), "start"],
        "version": "2",
        "files": {"one.lua": sha256(b"-- one\n").hexdigest(), "two.lua": sha256(b"-- two\n").hexdigest()},
        "terminal": terminal_text(newer.command),
    }
    assert refresh(newer) == []
    assert {change.action for change in Installer(newer).install(plan)} == {"keep"}
    installer_of(home).uninstall(plan)
    assert tree(daw) == {}
    assert refresh(newer) == []


@pytest.mark.parametrize(
    ("platform", "installed", "expected"),
    [
        ("win32", ("python.exe", "pythonw.exe"), "pythonw.exe"),
        ("win32", ("python.exe",), "python.exe"),
        ("linux", ("python.exe", "pythonw.exe"), "python.exe"),
    ],
)
def test_scripts_start_the_daemon_without_a_console_window(
    tmp_path: Path, platform: str, installed: tuple[str, ...], expected: str
) -> None:
    for name in installed:
        (tmp_path / name).touch()
    command = start_command(tmp_path, str(tmp_path / "python.exe"), platform)
    assert command == (str(tmp_path / expected), "-P", "-m", "bridge", "--home", str(tmp_path), "start")
