"""Tests `ace-bridge install reaper` with the resource folders of three operating systems, and the Install action."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import HomeError, InstallRefused
from bridge.installers.base import Surroundings
from bridge.installers.installer import Installer, Pointer
from bridge.installers.places import Places
from bridge.installers.plans import plan
from bridge.installers.reaper import REAPACK, STARTUP_MARK, has_actions
from tests.daws.reaper.host import Host
from tests.daws.reaper.rig import SCRIPTS
from tests.fakes.processes import environment
from tests.waiting import PATIENCE

PLACES = {
    "linux": ".config/REAPER",
    "darwin": "Library/Application Support/REAPER",
    "win32": "AppData/Roaming/REAPER",
}


def resources(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "reaper.ini").write_bytes(b"[REAPER]\n")
    return folder


def surroundings(tmp_path: Path, platform: str = "linux", folder: Path | None = None) -> Surroundings:
    environ = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "ACE_BRIDGE_HOME": str(tmp_path / "home")}
    return Surroundings(environ, platform, folder)


@pytest.mark.parametrize("platform", PLACES)
def test_each_system_has_its_resource_folder(tmp_path: Path, home: Path, platform: str) -> None:
    folder = resources(tmp_path / PLACES[platform])
    ini = (folder / "reaper.ini").read_bytes()
    planned = plan("reaper", surroundings(tmp_path, platform))
    installer = Installer(Pointer(home, ("python", "start"), "1"))
    installer.install(planned)
    target = folder / "Scripts" / "ACE Bridge"
    for icon in SCRIPTS.glob("toolbar_icons/**/*.png"):
        assert (folder / "Data" / icon.relative_to(SCRIPTS)).read_bytes() == icon.read_bytes()
    for path in SCRIPTS.rglob("*.lua"):
        assert (target / path.relative_to(SCRIPTS)).read_bytes() == path.read_bytes()
    assert json.loads((target / "ace-bridge.json").read_bytes())["home"] == str(home)
    catalogue = json.loads((target / "catalogue.json").read_bytes())
    assert len(catalogue["presets"]) > 10
    assert catalogue["price"]["per_second"] > 0
    assert not [change for change in installer.install(planned) if change.action != "keep"]
    assert (folder / "reaper.ini").read_bytes() == ini
    installer.uninstall(planned)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["reaper.ini"]


def test_several_reapers_need_a_choice(tmp_path: Path, home: Path) -> None:
    resources(tmp_path / PLACES["linux"])
    flatpak = resources(tmp_path / ".var/app/fm.reaper.Reaper/config/REAPER")
    with pytest.raises(HomeError, match="several"):
        plan("reaper", surroundings(tmp_path))
    assert plan("reaper", surroundings(tmp_path, folder=flatpak)).pointer.is_relative_to(flatpak)


@pytest.mark.parametrize("named", [True, False])
def test_a_folder_without_reaper_ini_is_refused(
    tmp_path: Path, home: Path, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.installers.reaper.usual_places", lambda *_: Places(tmp_path, ()))
    with pytest.raises(HomeError, match=r"reaper\.ini"):
        plan("reaper", surroundings(tmp_path, folder=tmp_path if named else None))


def test_a_portable_reaper_is_used_if_there_is_no_other(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.installers.reaper.usual_places", lambda *_: Places(tmp_path, ()))
    portable = resources(tmp_path / "Downloads" / "REAPER")
    (portable / "reaper").touch()
    assert plan("reaper", surroundings(tmp_path)).pointer.is_relative_to(portable)
    normal = resources(tmp_path / PLACES["linux"])
    assert plan("reaper", surroundings(tmp_path)).pointer.is_relative_to(normal)


@pytest.mark.parametrize("theirs", [b"", b"reaper.ShowConsoleMsg('hello')\n-- no end of line"])
def test_uninstall_removes_the_line_in_the_startup_script(tmp_path: Path, home: Path, theirs: bytes) -> None:
    folder = resources(tmp_path / PLACES["linux"])
    installer = Installer(Pointer(home, ("python", "start"), "1"))
    installer.install(plan("reaper", surroundings(tmp_path)))
    line = folder / "Scripts" / "__startup.lua"
    if theirs:
        line.write_bytes(theirs)
    host = Host(folder)
    host.home = home
    host.open_project(tmp_path)
    host.answers = [False, True, False]
    host.run(folder / "Scripts" / "ACE Bridge" / "ace-bridge_Install.lua")
    host.tick()
    host.verify()
    assert STARTUP_MARK in line.read_bytes()
    again = installer.install(plan("reaper", surroundings(tmp_path)))
    assert {change.action for change in again} == {"keep"}
    installer.uninstall(plan("reaper", surroundings(tmp_path)))
    assert (line.read_bytes() if line.exists() else b"") == (theirs + b"\n" if theirs else b"")


def test_actions_that_only_reaper_can_remove_are_noticed(tmp_path: Path) -> None:
    folder = resources(tmp_path / PLACES["linux"])
    assert not has_actions(folder)
    (folder / "reaper-kb.ini").write_text('SCR 4 0 RS1 "Script: ace-bridge_Self-test.lua" "ACE Bridge/…"\n')
    assert has_actions(folder)


def test_a_foreign_file_is_refused_and_kept(tmp_path: Path, home: Path) -> None:
    folder = resources(tmp_path / PLACES["linux"])
    foreign = folder / "Scripts" / "ACE Bridge" / "lib" / "json.lua"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("-- mine")
    with pytest.raises(InstallRefused):
        Installer(Pointer(home, ("python", "start"), "1")).install(plan("reaper", surroundings(tmp_path)))
    assert foreign.read_text() == "-- mine"
    assert not (folder / "Scripts" / "ACE Bridge" / "ace-bridge_Install.lua").exists()


def with_reapack(folder: Path) -> Path:
    """Copy the scripts and the icons as ReaPack installs them; return the folder of the scripts."""
    packaged = folder.joinpath("Scripts", *REAPACK)
    for path in SCRIPTS.rglob("*"):
        if path.is_file():
            target = (folder / "Data" if path.suffix == ".png" else packaged) / path.relative_to(SCRIPTS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return packaged


@pytest.mark.parametrize("first", ["ReaPack", "the command"])
def test_with_reapack_the_command_writes_only_the_location(tmp_path: Path, home: Path, first: str) -> None:
    folder = resources(tmp_path / PLACES["linux"])
    installer = Installer(Pointer(home, ("python", "start"), "1"))
    if first == "the command":
        installer.install(plan("reaper", surroundings(tmp_path)))
    packaged = with_reapack(folder)
    reapacks = {path: path.read_bytes() for path in (*packaged.rglob("*.lua"), *folder.rglob("*.png"))}
    planned = plan("reaper", surroundings(tmp_path))
    assert str(packaged) in planned.steps[0]
    assert any("twice" in step for step in planned.steps) is (first == "the command")
    installer.install(planned)
    own = {path.name for path in packaged.parent.glob("*") if path.is_file()}
    assert own == {"ace-bridge.json", "catalogue.json"}
    installer.uninstall(plan("reaper", surroundings(tmp_path)))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in (".lua", ".png")} == reapacks
    assert not (packaged.parent / "ace-bridge.json").exists()


def test_the_command_installs_and_the_install_action_registers(tmp_path: Path, home: Path) -> None:
    folder = resources(tmp_path / "portable REAPER")
    command = [sys.executable, "-m", "bridge", "install", "reaper", "--resource-path", str(folder)]
    environ = environment(home)
    said = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert "ace-bridge_Install.lua" in said
    host = Host(folder)
    host.home = home
    host.open_project(tmp_path)
    host.answers = [False, False, False]
    host.run(folder / "Scripts" / "ACE Bridge" / "ace-bridge_Install.lua")
    host.tick()
    assert len(host.registered) == len([*SCRIPTS.glob("*.lua")])
    commands = json.loads((home / "reaper" / "logs" / "commands.json").read_bytes())
    assert "ace-bridge_Service.lua" not in commands  # users need not run it
    host.run(folder / "Scripts" / "ACE Bridge" / "ace-bridge_Uninstall.lua")
    assert not host.registered
    host.verify()


DIRECT, PACKAGED = "Scripts/ACE Bridge", "Scripts/" + "/".join(REAPACK)


def in_reaper(host: Host, folder: str, name: str, answers: list[bool] | None = None) -> None:
    host.answers = [False] * 3 if answers is None else answers
    host.run(host.resources / folder / f"ace-bridge_{name}.lua")
    host.tick()
    host.answers = []


def actions(host: Host) -> set[str]:
    """Return the folders of the scripts in the action list."""
    return {path.parent.relative_to(host.resources).as_posix() for path in host.registered.values()}


@pytest.fixture
def twice(tmp_path: Path, home: Path) -> Host:
    """Return a REAPER in which both ways of installing have been used, before any script ran."""
    folder = resources(tmp_path / PLACES["linux"])
    Installer(Pointer(home, ("python", "start"), "1")).install(plan("reaper", surroundings(tmp_path)))
    with_reapack(folder)
    host = Host(folder)
    host.home = home
    host.open_project(tmp_path)
    return host


def test_a_second_copy_does_not_add_the_actions_again(twice: Host) -> None:
    in_reaper(twice, DIRECT, "Install")
    assert not twice.registered
    assert PACKAGED in twice.boxes[-1]
    in_reaper(twice, PACKAGED, "Install")
    assert actions(twice) == {PACKAGED}
    twice.verify()


def test_reapacks_copy_says_that_the_actions_are_already_there(twice: Host) -> None:
    packaged, aside = twice.resources / PACKAGED, twice.resources / "aside"
    packaged.rename(aside)
    in_reaper(twice, DIRECT, "Install", [True, True, False])
    menus, line = twice.resources / "reaper-menu.ini", twice.resources / "Scripts" / "__startup.lua"
    before = menus.read_bytes(), line.read_bytes()
    aside.rename(packaged)
    in_reaper(twice, PACKAGED, "Install")
    assert DIRECT in twice.boxes[-1]
    in_reaper(twice, PACKAGED, "Uninstall")
    assert actions(twice) == {DIRECT}
    assert (menus.read_bytes(), line.read_bytes()) == before
    in_reaper(twice, DIRECT, "Uninstall")
    assert not twice.registered
    assert not menus.exists()
    assert not line.exists()
    in_reaper(twice, PACKAGED, "Install")
    assert actions(twice) == {PACKAGED}
    twice.verify()
