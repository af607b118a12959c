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
from bridge.installers.plans import plan
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
    for path in (*SCRIPTS.rglob("*.lua"), *SCRIPTS.glob("*.eel")):
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
def test_a_folder_without_reaper_ini_is_refused(tmp_path: Path, home: Path, named: bool) -> None:
    with pytest.raises(HomeError, match=r"reaper\.ini"):
        plan("reaper", surroundings(tmp_path, folder=tmp_path if named else None))


def test_a_foreign_file_is_refused_and_kept(tmp_path: Path, home: Path) -> None:
    folder = resources(tmp_path / PLACES["linux"])
    foreign = folder / "Scripts" / "ACE Bridge" / "lib" / "json.lua"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("-- mine")
    with pytest.raises(InstallRefused):
        Installer(Pointer(home, ("python", "start"), "1")).install(plan("reaper", surroundings(tmp_path)))
    assert foreign.read_text() == "-- mine"
    assert not (folder / "Scripts" / "ACE Bridge" / "ace-bridge_Install.lua").exists()


def test_the_command_installs_and_the_install_action_registers(tmp_path: Path, home: Path) -> None:
    folder = resources(tmp_path / "portable REAPER")
    command = [sys.executable, "-m", "bridge", "install", "reaper", "--resource-path", str(folder)]
    environ = environment(home)
    said = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert "ace-bridge_Install.lua" in said
    host = Host(folder)
    host.home = home
    host.open_project(tmp_path)
    host.answers = [False, False]
    host.run(folder / "Scripts" / "ACE Bridge" / "ace-bridge_Install.lua")
    host.tick()
    assert len(host.registered) == len([*SCRIPTS.glob("*.lua"), *SCRIPTS.glob("*.eel")])
    commands = json.loads((home / "reaper" / "logs" / "commands.json").read_bytes())
    assert commands["ace-bridge_Service.lua"] == json.loads(host.kept["ace-bridge", "service_command"])
    host.run(folder / "Scripts" / "ACE Bridge" / "ace-bridge_Uninstall.lua")
    assert not host.registered
    host.verify()
