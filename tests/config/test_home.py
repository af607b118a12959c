"""Tests the location of the bridge's home on the three systems, and the home's permissions."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from bridge.client import Client
from bridge.config.home import FOLDERS, home_folder, prepare_home
from bridge.errors import HomeError


@pytest.mark.only_on("posix", because="the paths are those of other systems")
@pytest.mark.parametrize(
    ("platform", "environ", "parts"),
    [
        ("linux", {"HOME": "/home/ada"}, "/home/ada/.local/share/ace-bridge"),
        ("linux", {"HOME": "/home/ada", "XDG_DATA_HOME": "/data/ada"}, "/data/ada/ace-bridge"),
        ("linux", {"HOME": "/home/ada", "XDG_DATA_HOME": "data"}, "/home/ada/.local/share/ace-bridge"),
        ("linux", {"HOME": "/home/ada", "XDG_DATA_HOME": ""}, "/home/ada/.local/share/ace-bridge"),
        ("freebsd14", {"HOME": "/home/ada"}, "/home/ada/.local/share/ace-bridge"),
        ("darwin", {"HOME": "/Users/ada", "XDG_DATA_HOME": "/x"}, "/Users/ada/Library/Application Support/ace-bridge"),
        ("linux", {"HOME": "/home/ada", "ACE_BRIDGE_HOME": "/srv/bridge"}, "/srv/bridge"),
        ("linux", {"HOME": "/home/ada", "ACE_BRIDGE_HOME": "~/music/bridge"}, "/home/ada/music/bridge"),
        ("darwin", {"HOME": "/Users/ada", "ACE_BRIDGE_HOME": " /Volumes/Fast "}, "/Volumes/Fast"),
        ("linux", {"HOME": "/home/ada", "ACE_BRIDGE_HOME": ""}, "/home/ada/.local/share/ace-bridge"),
    ],
)
def test_home_per_system(platform: str, environ: dict[str, str], parts: str) -> None:
    assert home_folder(environ, platform) == Path(parts)


def test_home_on_windows() -> None:
    environ = {"USERPROFILE": "/Users/ada", "APPDATA": "/x"}
    assert home_folder(environ, "win32") == Path("/Users/ada/ace-bridge")


def test_a_relative_home_is_relative_to_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert home_folder({"ACE_BRIDGE_HOME": "bridge"}, sys.platform) == tmp_path / "bridge"


@pytest.mark.parametrize(("platform", "name"), [("linux", "HOME"), ("darwin", "HOME"), ("win32", "USERPROFILE")])
def test_without_a_home_directory_there_is_a_clear_error(platform: str, name: str) -> None:
    with pytest.raises(HomeError, match=name) as caught:
        home_folder({}, platform)
    assert "ACE_BRIDGE_HOME" in caught.value.hint


@pytest.mark.only_on("posix", because="permissions are POSIX's")
def test_only_the_owner_can_read_the_home(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "ace-bridge"
    before = os.umask(0)
    try:
        prepare_home(home)
    finally:
        os.umask(before)
    for folder in (home, *(home / name for name in FOLDERS)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


@pytest.mark.only_on("posix", because="permissions are POSIX's")
def test_an_existing_home_keeps_its_permissions_but_its_inbox_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "mine"
    home.mkdir(mode=0o755)
    (home / "inbox").mkdir()
    (home / "inbox").chmod(0o777)
    (home / "inbox" / "message.json").write_text("{}")
    prepare_home(home)
    prepare_home(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "inbox").stat().st_mode) == 0o700
    assert (home / "inbox" / "message.json").read_text() == "{}"


@pytest.mark.parametrize("blocked", ["home", "inbox"])
def test_a_file_in_the_way_is_named(tmp_path: Path, blocked: str) -> None:
    home = tmp_path / "home"
    if blocked == "inbox":
        home.mkdir()
    (home if blocked == "home" else home / blocked).write_text("")
    with pytest.raises(HomeError, match=blocked):
        prepare_home(home)


@pytest.mark.only_on("posix", because="permissions are POSIX's")
def test_a_home_created_by_a_command_is_closed_to_others(tmp_path: Path) -> None:
    home = tmp_path / "of" / "its own"
    Client(home).send("hello", {})
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (home, home / "inbox")] == [0o700, 0o700]
