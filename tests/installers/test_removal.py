"""Tests that `uninstall` finds everything that was installed: in unusual folders, and after the loss of the home."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import DawRunning
from bridge.installers import ardour, ardour_slots
from bridge.installers.base import Surroundings
from bridge.installers.installer import Installer, Pointer, refresh
from bridge.installers.plans import plan
from bridge.installers.records import records
from bridge.installers.removal import Removal, remove
from tests.fakes.processes import environment
from tests.waiting import PATIENCE


def tree(folder: Path) -> dict[str, str]:
    """Return every file's hash and every folder in a folder, with their permissions."""
    return {
        path.relative_to(folder).as_posix(): f"{stat.S_IMODE(path.lstat().st_mode):o} "
        + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder")
        for path in folder.rglob("*")
    }


def reaper_in(folder: Path) -> Path:
    (folder / "Scripts").mkdir(parents=True)
    (folder / "reaper.ini").write_bytes(b"[REAPER]\n")
    (folder / "Scripts" / "mine.lua").write_bytes(b"-- mine\n")
    return folder


class Machine:
    """A user's machine: a bridge, and DAWs in folders."""

    def __init__(self, folder: Path) -> None:
        self.user = folder / "user"
        self.home = self.user / "bridge"
        self.home.mkdir(parents=True)
        self.environ = {"HOME": str(self.user), "ACE_BRIDGE_HOME": str(self.home)}
        self.installer = Installer(Pointer(self.home, ("python", "start"), "1"))

    def surroundings(self, folder: Path | None = None) -> Surroundings:
        return Surroundings(self.environ, "linux", folder)

    def install(self, daw: str, folder: Path | None = None) -> None:
        self.installer.install(plan(daw, self.surroundings(folder)))

    def remove(self, daw: str, folder: Path | None = None, *, dry: bool = False) -> list[Removal]:
        return remove(daw, self.surroundings(folder), self.home, self.installer, dry=dry)

    @property
    def recorded(self) -> list[Path]:
        return [one.folder for one in records(self.home)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_all_recorded_places_are_cleaned(machine: Machine, tmp_path: Path) -> None:
    usual, stick = reaper_in(machine.user / ".config" / "REAPER"), reaper_in(tmp_path / "stick" / "My REAPER")
    before = tree(tmp_path / "stick"), tree(machine.user / ".config")
    machine.install("reaper", usual)
    machine.install("reaper", stick)
    assert {one.folder for one in machine.remove("reaper", dry=True)} == {usual, stick}
    assert set(machine.recorded) == {usual, stick}
    removals = machine.remove("reaper")
    assert all(one.changes and not one.gone and one.error is None for one in removals)
    assert (tree(tmp_path / "stick"), tree(machine.user / ".config")) == before
    assert machine.recorded == []
    assert machine.remove("reaper") == []


@pytest.mark.parametrize("empty_mount_point", [False, True])
def test_a_drive_that_is_not_connected_stays_recorded(
    machine: Machine, tmp_path: Path, empty_mount_point: bool
) -> None:
    usual = reaper_in(machine.user / ".config" / "REAPER")
    drive = tmp_path / "drive"
    reaper_in(drive)
    before = tree(drive)
    machine.install("reaper", drive)
    machine.install("reaper", usual)
    drive.rename(tmp_path / "in the bag")
    if empty_mount_point:
        drive.mkdir()
    there = {one.folder: one.gone for one in machine.remove("reaper")}
    assert there == {drive: True, usual: False}
    assert machine.recorded == [drive]
    if empty_mount_point:
        drive.rmdir()
    (tmp_path / "in the bag").rename(drive)
    assert [one.gone for one in machine.remove("reaper")] == [False]
    assert tree(drive) == before
    assert machine.recorded == []


def test_without_the_home_the_folder_itself_shows_what_was_installed(machine: Machine, tmp_path: Path) -> None:
    """Also on a stick that was connected elsewhere when the scripts were installed, and after an update."""
    stick = reaper_in(tmp_path / "stick")
    machine.install("reaper", stick)
    old = stick / "Scripts" / "ACE Bridge" / "lib" / "json.lua"
    old.write_bytes(b"-- of an older version\n")
    pointer = stick / "Scripts" / "ACE Bridge" / "ace-bridge.json"
    about = json.loads(pointer.read_bytes())
    about["files"]["lib/json.lua"] = hashlib.sha256(old.read_bytes()).hexdigest()
    pointer.write_text(json.dumps(about))
    shutil.rmtree(machine.home)
    moved = stick.rename(tmp_path / "elsewhere")
    (one,) = machine.remove("reaper", moved)
    assert {change.action for change in one.changes} == {"remove"}
    assert {name for name, kind in tree(moved).items() if "folder" not in kind} == {"reaper.ini", "Scripts/mine.lua"}


def test_scripts_of_a_lost_home_are_found_in_the_usual_folders(machine: Machine, tmp_path: Path) -> None:
    library = machine.user / "Music" / "Ableton" / "User Library"
    library.mkdir(parents=True)
    machine.install("live", library)
    shutil.rmtree(machine.home)
    assert [one.folder for one in machine.remove("live")] == [library]
    assert [path for path in library.rglob("*") if path.is_file()] == []


def test_scripts_of_another_home_stay(machine: Machine, tmp_path: Path) -> None:
    usual = reaper_in(machine.user / ".config" / "REAPER")
    other = tmp_path / "other home"
    other.mkdir()
    Installer(Pointer(other, ("python", "start"), "1")).install(plan("reaper", machine.surroundings(usual)))
    before = tree(usual)
    assert machine.remove("reaper") == []
    assert tree(usual) == before


def test_the_daemon_keeps_the_list_in_the_pointer_file(machine: Machine, tmp_path: Path) -> None:
    stick = reaper_in(tmp_path / "stick")
    before = tree(stick)
    machine.install("reaper", stick)
    refresh(Pointer(machine.home, ("moved", "start"), "2"))
    shutil.rmtree(machine.home)
    machine.remove("reaper", stick)
    assert set(tree(stick)) - set(before) <= {"Data"}  # the pointer file does not list the created folders


def test_a_folder_that_is_no_reaper_any_more_is_cleaned_too(machine: Machine, tmp_path: Path) -> None:
    stick = reaper_in(tmp_path / "stick")
    machine.install("reaper", stick)
    (stick / "reaper.ini").unlink()
    (machine.home / "config.toml").write_text("not toml")
    (one,) = machine.remove("reaper")
    assert one.error is None
    assert set(tree(stick)) == {"Scripts", "Scripts/mine.lua"}


@pytest.mark.only_on("posix", because="permissions keep the folder")
def test_only_folders_that_the_installer_created_are_removed(machine: Machine) -> None:
    library, config = machine.user / "Music/Ableton/User Library", machine.user / ".config/ardour7"
    library.mkdir(parents=True)
    config.mkdir(parents=True)
    (config / "config").write_bytes(b"<Ardour/>")
    (config / "scripts").mkdir()
    (library / "Ableton Folder Info").mkdir()
    before = tree(machine.user / "Music"), tree(machine.user / ".config")
    machine.install("live", library)
    machine.install("ardour", config)
    machine.remove("live")
    machine.remove("ardour")
    assert (tree(machine.user / "Music"), tree(machine.user / ".config")) == before


def test_a_file_that_the_user_changed_is_kept_although_there_is_a_backup(machine: Machine, tmp_path: Path) -> None:
    stick = reaper_in(tmp_path / "stick")
    foreign = stick / "Scripts" / "ACE Bridge" / "lib" / "json.lua"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"-- third party\n")
    machine.installer.install(plan("reaper", machine.surroundings(stick)), force=True)
    foreign.write_bytes(b"-- mine now\n")
    machine.remove("reaper")
    assert foreign.read_bytes() == b"-- mine now\n"


@pytest.mark.only_on("posix", because="permissions keep the folder")
def test_a_folder_that_is_busy_does_not_stop_the_others(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name / "ardour7" for name in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "config").write_bytes(b"<Ardour/>")
        machine.install("ardour", folder)
    running = machine.recorded[0]
    monkeypatch.setattr(ardour, "_busy", lambda config, platform: "Ardour is running." if config == running else None)
    removals = machine.remove("ardour")
    assert [type(one.error) for one in removals] == [DawRunning, type(None)]
    assert machine.recorded == [running]
    assert len(ardour_slots.numbers((running / "ui_scripts").read_bytes())) == 6


@pytest.mark.parametrize("by", ["record", "pointer file"])
def test_a_list_that_names_files_elsewhere_removes_none_of_them(machine: Machine, tmp_path: Path, by: str) -> None:
    """The pointer file of a portable REAPER from another machine may name any file."""
    stick, mine = reaper_in(tmp_path / "stick"), tmp_path / "mine" / "ace-bridge.json"
    machine.install("reaper", stick)
    mine.parent.mkdir()
    mine.write_bytes(b"{}")
    (tmp_path / "empty").mkdir()
    digest = hashlib.sha256(b"{}").hexdigest()
    if by == "record":
        (listing,) = (machine.home / "installed").glob("*.json")
        names = (str(mine), f"{stick}/Scripts/../../mine/ace-bridge.json")
    else:
        listing = stick / "Scripts" / "ACE Bridge" / "ace-bridge.json"
        names = ("../../../mine/ace-bridge.json", str(mine))
        shutil.rmtree(machine.home)
    about = json.loads(listing.read_bytes())
    about["files"] |= dict.fromkeys(names, digest)
    about["folders"] = [*about.get("folders", []), str(tmp_path / "empty")]
    listing.write_text(json.dumps(about))
    (one,) = machine.remove("reaper", stick)
    assert one.error is None
    assert mine.read_bytes() == b"{}"
    assert (tmp_path / "empty").is_dir()
    assert not (stick / "Scripts" / "ACE Bridge").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"pointer": "ace-bridge.json"},
        {"pointer": "/"},
        {"pointer": 7},
        {"pointer": "{folder}/Scripts/ACE Bridge/../../../../mine/ACE Bridge/ace-bridge.json"},
        {"pointer": "{folder}/reaper.ini"},
        {"files": []},
        {"files": {"{folder}/Scripts/mine.lua": 7}, "edits": "none", "backups": None},
        {"daw": ["reaper"]},
    ],
)
def test_a_damaged_record_harms_nothing(machine: Machine, tmp_path: Path, changes: dict[str, object]) -> None:
    stick = reaper_in(tmp_path / "stick")
    machine.install("reaper", stick)
    (record,) = (machine.home / "installed").glob("*.json")
    text = json.dumps({**json.loads(record.read_bytes()), **changes})
    record.write_text(text.replace("{folder}", str(stick)))
    refresh(Pointer(machine.home, ("moved", "start"), "2"))  # the daemon starts nevertheless
    assert [one.error for one in machine.remove("reaper")] in ([], [None])
    assert (stick / "reaper.ini").read_bytes() == b"[REAPER]\n"
    assert (stick / "Scripts" / "mine.lua").read_bytes() == b"-- mine\n"


def command(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", *words],
        env=environment(machine.home, HOME=str(machine.user), XDG_CONFIG_HOME="", XDG_DATA_HOME=""),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.only_on("posix", because="permissions keep the folder")
def test_the_command_says_what_it_could_not_remove(machine: Machine, tmp_path: Path) -> None:
    usual, drive = reaper_in(machine.user / ".config" / "REAPER"), reaper_in(tmp_path / "drive")
    for folder in (usual, drive):
        assert command(machine, "install", "reaper", "--folder", str(folder)).returncode == 0
    drive.rename(tmp_path / "in the bag")
    done = command(machine, "uninstall", "reaper")
    assert done.returncode == 0, done.stderr
    assert f"nothing was removed from {drive}" in done.stdout
    assert not (usual / "Scripts" / "ACE Bridge").exists()
    named = command(machine, "uninstall", "reaper", "--folder", str(drive))
    assert named.returncode != 0
    assert str(drive) in named.stderr
    shutil.rmtree(machine.home)
    again = command(machine, "uninstall", "reaper", "--folder", str(tmp_path / "in the bag"))
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / "in the bag" / "Scripts" / "ACE Bridge").exists()
    assert not machine.home.exists(), os.listdir(machine.home)
