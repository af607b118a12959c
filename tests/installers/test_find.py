"""Tests how DAWs are found in the folder layouts of three systems, also portable, in Flatpak and moved elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bridge.errors import HomeError
from bridge.installers.base import Surroundings
from bridge.installers.find import FoundDaw, find
from bridge.installers.installer import Installer, Pointer
from bridge.installers.places import Places, documents, usual_places
from bridge.installers.plans import plan
from bridge.installers.portable import portable_reapers

LIBRARY_CFG = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton><ContentLibrary><UserLibrary><LibraryProject>
<ProjectName Value="{name}"/><ProjectPath Value="{path}"/>
</LibraryProject></UserLibrary></ContentLibrary></Ableton>
"""


def file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def surroundings(user: Path, platform: str, **environ: str) -> Surroundings:
    return Surroundings({"HOME": str(user), "USERPROFILE": str(user), **environ}, platform)


def found(user: Path, platform: str, **environ: str) -> list[FoundDaw]:
    """Return what is found for a user without other drives or folders for programs."""
    places = Places(user, documents(environ | {"USERPROFILE": str(user)}) if platform == "win32" else ())
    return find(surroundings(user, platform, **environ), user / "home", places)


def short(found: list[FoundDaw], user: Path) -> list[tuple[str, str, str, str]]:
    return [(one.daw, one.folder.relative_to(user).as_posix(), one.kind, one.version) for one in found]


def test_linux(tmp_path: Path) -> None:
    file(tmp_path / ".config/REAPER/reaper.ini")
    file(tmp_path / ".config/REAPER/reaper-install-rev.txt", "7.22/linux-x86_64 rev abc\n")
    file(tmp_path / ".var/app/fm.reaper.Reaper/config/REAPER/reaper.ini")
    file(tmp_path / ".config/ardour7/config")
    file(tmp_path / ".config/ardour8/config")
    file(tmp_path / ".config/ardour10/config")
    file(tmp_path / ".config/ardour7-backup/config")
    file(tmp_path / ".var/app/org.ardour.Ardour/config/ardour8/config")
    file(tmp_path / ".config/ardour5/config")
    assert short(found(tmp_path, "linux"), tmp_path) == [
        ("ardour", ".config/ardour10", "normal", "10"),
        ("ardour", ".config/ardour8", "normal", "8"),
        ("ardour", ".config/ardour7", "normal", "7"),
        ("ardour", ".config/ardour5", "normal", "5"),
        ("ardour", ".var/app/org.ardour.Ardour/config/ardour8", "Flatpak", "8"),
        ("reaper", ".config/REAPER", "normal", "7.22"),
        ("reaper", ".var/app/fm.reaper.Reaper/config/REAPER", "Flatpak", ""),
    ]
    assert [one.problem for one in found(tmp_path, "linux") if one.version == "5"] == [
        "The scripts need Ardour 7 or newer."
    ]


def test_macos(tmp_path: Path) -> None:
    file(tmp_path / "Library/Application Support/REAPER/reaper.ini")
    file(tmp_path / "Library/Preferences/Ardour8/config")
    (tmp_path / "Music/Ableton/User Library").mkdir(parents=True)
    (tmp_path / "Library/Preferences/Ableton/Live 12.1.5").mkdir(parents=True)
    assert short(found(tmp_path, "darwin"), tmp_path) == [
        ("ardour", "Library/Preferences/Ardour8", "normal", "8"),
        ("live", "Music/Ableton/User Library", "normal", ""),
        ("reaper", "Library/Application Support/REAPER", "normal", ""),
    ]


def test_windows(tmp_path: Path) -> None:
    roaming, local = tmp_path / "AppData/Roaming", tmp_path / "AppData/Local"
    file(roaming / "REAPER/reaper.ini")
    file(local / "ardour8/config")
    (tmp_path / "OneDrive/Documents/Ableton/User Library").mkdir(parents=True)
    environ = {"APPDATA": str(roaming), "LOCALAPPDATA": str(local)}
    assert short(found(tmp_path, "win32", **environ), tmp_path) == [
        ("ardour", "AppData/Local/ardour8", "normal", "8"),
        ("live", "OneDrive/Documents/Ableton/User Library", "normal", ""),
        ("reaper", "AppData/Roaming/REAPER", "normal", ""),
    ]


def test_documents_may_be_registered_elsewhere(tmp_path: Path) -> None:
    environ = {"USERPROFILE": "/u", "OneDrive": "/cloud"}
    usual = (Path("/u/Documents"), Path("/cloud/Documents"))
    assert documents(environ) == usual
    assert documents(environ, "%userprofile%/OneDrive - Band/Dokumente") == (
        Path("/u/OneDrive - Band/Dokumente"),
        *usual,
    )
    assert documents(environ, "%NOT_SET%/x")[0] == Path("%NOT_SET%/x")


def test_live_says_where_its_user_library_is(tmp_path: Path) -> None:
    """Two versions of Live share one moved User Library; the library of a third is on a drive that is not there."""
    moved, preferences = tmp_path / "Müsik & Co/Live", tmp_path / "Library/Preferences/Ableton"
    (moved / "My Library").mkdir(parents=True)
    (tmp_path / "Music/Ableton/User Library").mkdir(parents=True)
    there = LIBRARY_CFG.format(name="My Library", path=str(moved).replace("&", "&amp;"))
    for age, (version, text) in enumerate(
        [
            ("12.1.5", there),
            ("11.3.4", there),
            ("10.1", LIBRARY_CFG.format(name="User Library", path=tmp_path / "gone")),
            ("9.7", "<Ableton>"),
        ]
    ):
        os.utime(file(preferences / f"Live {version}/Library.cfg", text), (1000 - age, 1000 - age))
    assert short(found(tmp_path, "darwin"), tmp_path) == [
        ("live", "Müsik & Co/Live/My Library", "chosen", "12.1.5"),
        ("live", "gone/User Library", "chosen", "10.1"),
        ("live", "Music/Ableton/User Library", "normal", "12.1.5"),
    ]
    assert [bool(one.problem) for one in found(tmp_path, "darwin")] == [False, True, False]


def test_portable_reapers(tmp_path: Path) -> None:
    for folder, program in (
        ("Downloads/reaper722/REAPER", "reaper"),
        ("opt/REAPER", "reaper"),
        ("usb/REAPER (portable)", "reaper.exe"),
        ("Desktop/Daw", "REAPER.app/Contents/MacOS/REAPER"),
    ):
        file(tmp_path / folder / "reaper.ini")
        file(tmp_path / folder / program)
    file(tmp_path / "Downloads/settings only/reaper.ini")
    file(tmp_path / "opt/program only/reaper")
    file(tmp_path / "Downloads/a/b/c/reaper.ini")
    places = Places(tmp_path, (tmp_path / "Documents",), drives=(tmp_path / "usb",), programs=(tmp_path / "opt",))
    here = find(surroundings(tmp_path, "linux"), tmp_path / "home", places)
    assert short(here, tmp_path) == [
        ("reaper", "Desktop/Daw", "portable", ""),
        ("reaper", "Downloads/reaper722/REAPER", "portable", ""),
        ("reaper", "opt/REAPER", "portable", ""),
        ("reaper", "usb/REAPER (portable)", "portable", ""),
    ]


def test_a_folder_that_cannot_be_listed_is_skipped(tmp_path: Path) -> None:
    assert list(portable_reapers([tmp_path / "missing", file(tmp_path / "file")])) == []


def test_installed_scripts_are_found_wherever_they_are(tmp_path: Path) -> None:
    """Also without a record, from the pointer file, as after the loss of the bridge's home."""
    home, stick = tmp_path / "home", tmp_path / "stick/My DAW"
    file(stick / "reaper.ini")
    here = surroundings(tmp_path, "linux")
    assert find(here, home, Places(tmp_path, ())) == []
    planned = plan("reaper", Surroundings({"HOME": str(tmp_path), "ACE_BRIDGE_HOME": str(home)}, "linux", stick))
    Installer(Pointer(home, ("python", "start"), "0.3.0")).install(planned)
    assert find(here, home, Places(tmp_path, ())) == [FoundDaw("reaper", stick, "chosen", installed="0.3.0")]
    elsewhere = Surroundings(here.environ, "linux", stick)
    assert [one.installed for one in find(elsewhere, tmp_path / "no home", Places(tmp_path, ()))] == ["0.3.0"]


@pytest.mark.parametrize(
    ("name", "daw"), [("User Library", "live"), ("ardour8", "ardour"), ("Other", None), ("missing/User Library", None)]
)
def test_a_named_folder_is_recognised(tmp_path: Path, name: str, daw: str | None) -> None:
    if not name.startswith("missing"):
        (tmp_path / "x" / name).mkdir(parents=True)
    here = Surroundings({"HOME": str(tmp_path)}, "linux", tmp_path / "x" / name)
    assert [one.daw for one in find(here, tmp_path / "home", Places(tmp_path, ()))] == ([daw] if daw else [])


def test_what_reapack_installed_is_said(tmp_path: Path) -> None:
    file(tmp_path / ".config/REAPER/reaper.ini")
    file(tmp_path / ".config/REAPER/Scripts/ACE Bridge/reaper_scripts/ace-bridge_Install.lua")
    file(tmp_path / ".config/REAPER/Scripts/ACE Bridge/ace-bridge.json", json.dumps({"version": "0.1"}))
    (one,) = found(tmp_path, "linux")
    assert (one.installed, len(one.notes)) == ("0.1", 1)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_usual_places_can_be_searched_on_this_machine(tmp_path: Path, platform: str) -> None:
    environ = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "ProgramFiles": str(tmp_path / "programs")}
    places = usual_places(environ, platform)
    assert places.roots[0] == tmp_path
    assert (tmp_path / "programs" in places.programs) is (platform == "win32")
    file(tmp_path / "Desktop/reaper.ini")
    file(tmp_path / "Desktop/reaper")
    assert tmp_path / "Desktop" in {one.folder for one in find(Surroundings(environ, platform), tmp_path / "home")}


@pytest.mark.parametrize(("platform", "name"), [("linux", "HOME"), ("darwin", "HOME"), ("win32", "USERPROFILE")])
def test_a_user_without_a_home_directory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str
) -> None:
    """As in a container whose user ID has no entry in /etc/passwd."""

    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(HomeError, match=f"environment variable {name} is not set"):
        find(Surroundings({}, platform), tmp_path)
