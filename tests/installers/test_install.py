"""Tests install and uninstall in a DAW's folder: repeated installs, backups, and other files, which stay unchanged."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import DawRunning, InstallRefused
from bridge.installers.base import Edit, Installation, Own
from bridge.installers.installer import Installer, Pointer, refresh, start_command

MARK = b"ace=1\n"


def put(now: bytes | None) -> bytes:
    return now if now is not None and MARK in now else (now or b"") + MARK


def take(now: bytes) -> bytes | None:
    return now.replace(MARK, b"") or None


def plan_in(folder: Path) -> Installation:
    scripts = folder / "scripts" / "ace"
    return Installation(
        daw="ardour",
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
    assert json.loads(inside["scripts/ace/ace-bridge.json"])["home"] == str(home)
    assert {change.action for change in installer.install(plan)} == {"keep"}
    assert tree(daw) == inside
    installer.uninstall(plan)
    assert tree(daw) == before
    assert not (daw / "scripts" / "ace").exists()
    assert {change.action for change in installer.uninstall(plan)} == {"keep"}


def test_later_changes_by_the_user_are_kept(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    daw.mkdir()
    (daw / "keys").write_bytes(b"mine=1\n")
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    installer.install(plan)
    (daw / "keys").write_bytes((daw / "keys").read_bytes() + b"later=1\n")
    (daw / "scripts/ace/one.lua").write_bytes(b"-- mine now\n")
    with pytest.raises(InstallRefused, match=r"one\.lua"):
        installer.install(plan)
    installer.uninstall(plan)
    assert (daw / "keys").read_bytes() == b"mine=1\nlater=1\n"
    assert (daw / "scripts/ace/one.lua").read_bytes() == b"-- mine now\n"
    assert not (daw / "scripts/ace/two.lua").exists()


def test_foreign_files_are_refused_or_backed_up(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    (daw / "scripts/ace").mkdir(parents=True)
    (daw / "scripts/ace/one.lua").write_bytes(b"-- third party\n")
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    with pytest.raises(InstallRefused):
        installer.install(plan)
    assert not (daw / "scripts/ace/two.lua").exists()
    installer.install(plan, force=True)
    assert (daw / "scripts/ace/one.lua").read_bytes() == b"-- one\n"
    installer.uninstall(plan)
    assert (daw / "scripts/ace/one.lua").read_bytes() == b"-- third party\n"


def test_a_new_version_replaces_files_and_removes_obsolete_ones(tmp_path: Path) -> None:
    daw = tmp_path / "daw"
    installer, plan = installer_of(tmp_path / "home"), plan_in(daw)
    installer.install(plan)
    installer.install(replace(plan, files=(Own(daw / "scripts/ace/one.lua", b"-- one, newer\n"),)))
    assert (daw / "scripts/ace/one.lua").read_bytes() == b"-- one, newer\n"
    assert not (daw / "scripts/ace/two.lua").exists()


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
        "command": [sys.executable, "-P", "-m", "bridge", "--home", str(home), "start"],
        "version": "2",
    }
    assert refresh(newer) == []
    assert {change.action for change in Installer(newer).install(plan)} == {"keep"}
    installer_of(home).uninstall(plan)
    assert tree(daw) == {}
    assert refresh(newer) == []
