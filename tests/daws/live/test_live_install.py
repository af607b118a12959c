"""Tests installing the script into the User Library: Live must find the script, and the script the bridge."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import HomeError
from bridge.installers.base import Surroundings
from bridge.installers.live import plan
from tests.fakes.processes import environment
from tests.waiting import PATIENCE


def cli(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge", *words]
    return subprocess.run(
        command, env=environment(home, **environ), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a User Library that contains a third-party script."""
    folder = tmp_path / "My Library"
    (folder / "Remote Scripts" / "Other").mkdir(parents=True)
    (folder / "Remote Scripts" / "Other" / "__init__.py").write_text("mine = 1\n")
    return folder


def test_install_and_uninstall(home: Path, library: Path) -> None:
    where = ["--user-library", str(library)]
    before = sorted(library.rglob("*"))
    dry = cli(home, "install", "live", "--dry-run", *where)
    assert dry.returncode == 0, dry.stderr
    assert "would create" in dry.stdout
    assert sorted(library.rglob("*")) == before
    done = cli(home, "install", "live", *where)
    assert done.returncode == 0, done.stderr
    assert "Restart Live" in done.stdout
    script = library / "Remote Scripts" / "AceBridge"
    about = json.loads((script / "ace-bridge.json").read_bytes())
    assert about["home"] == str(home)
    assert about["command"][-1] == "start"
    assert {"__init__.py", "script.py", "place.py", "osc.py"} <= {path.name for path in script.iterdir()}
    assert "nothing to do" in cli(home, "install", "live", *where).stdout
    (script / "__pycache__").mkdir()
    (script / "__pycache__" / "osc.cpython-37.pyc").write_bytes(b"x")
    assert cli(home, "uninstall", "live", *where).returncode == 0
    assert sorted(library.rglob("*")) == before


def test_a_foreign_folder_of_the_same_name_is_refused(home: Path, library: Path) -> None:
    foreign = library / "Remote Scripts" / "AceBridge" / "__init__.py"
    foreign.parent.mkdir()
    foreign.write_text("third = 'party'\n")
    done = cli(home, "install", "live", "--user-library", str(library))
    assert done.returncode == 1
    assert "not installed by ace-bridge" in done.stderr
    assert foreign.read_text() == "third = 'party'\n"
    assert list(foreign.parent.iterdir()) == [foreign]


def test_a_foreign_folder_is_refused_whatever_it_contains(home: Path, library: Path) -> None:
    theirs = library / "Remote Scripts" / "AceBridge" / "MyOwn.py"
    theirs.parent.mkdir()
    theirs.write_text("mine = 1\n")
    done = cli(home, "install", "live", "--user-library", str(library))
    assert done.returncode == 1
    assert "found MyOwn.py" in done.stderr
    assert list(theirs.parent.iterdir()) == [theirs]
    assert cli(home, "install", "live", "--force", "--user-library", str(library)).returncode == 0
    assert theirs.read_text() == "mine = 1\n"


def test_an_interrupted_installation_is_completed(home: Path, library: Path) -> None:
    """`__init__.py` is written last, because Live lists only folders that have this file."""
    planned = plan(Surroundings({}, "linux", library))
    assert planned.files[-1].path.name == "__init__.py"
    for file in planned.files[:3]:
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_bytes(file.data)
    assert cli(home, "install", "live", "--user-library", str(library)).returncode == 0
    assert all(file.path.read_bytes() == file.data for file in planned.files)


def test_an_edited_file_is_kept_and_backed_up(home: Path, library: Path) -> None:
    where = ["--user-library", str(library)]
    assert cli(home, "install", "live", *where).returncode == 0
    script = library / "Remote Scripts" / "AceBridge" / "button.py"
    shipped = script.read_bytes()
    script.write_text("HOLD = 2.0\n")
    assert cli(home, "install", "live", *where).returncode == 1
    assert cli(home, "install", "live", "--force", *where).returncode == 0
    assert script.read_bytes() == shipped
    (backup,) = (home / "installed").glob("*-backup/*")
    assert backup.read_text() == "HOLD = 2.0\n"


@pytest.mark.parametrize(
    ("platform", "variable", "parts"),
    [("darwin", "HOME", ("Music",)), ("win32", "USERPROFILE", ("Documents",)), ("linux", "HOME", ("Music",))],
)
def test_where_the_user_library_is(tmp_path: Path, platform: str, variable: str, parts: tuple[str, ...]) -> None:
    surroundings = Surroundings({variable: str(tmp_path)}, platform)
    with pytest.raises(HomeError, match="no Live User Library") as caught:
        plan(surroundings)
    assert "--user-library" in caught.value.hint
    library = tmp_path.joinpath(*parts, "Ableton", "User Library")
    library.mkdir(parents=True)
    assert plan(surroundings).pointer == library / "Remote Scripts" / "AceBridge" / "ace-bridge.json"


CFG = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton MajorVersion="5" Creator="Ableton Live 12.1"><ContentLibrary><UserLibrary><LibraryProject Id="0">
<ProjectLocation /><ProjectName Value="User Library" /><ProjectPath Value="{}" />
</LibraryProject></UserLibrary></ContentLibrary></Ableton>"""


@pytest.mark.parametrize(
    ("platform", "environ", "settings"),
    [
        ("darwin", {"HOME": ""}, "Library/Preferences/Ableton/Live {}/Library.cfg"),
        ("win32", {"USERPROFILE": "", "APPDATA": "Roaming"}, "Roaming/Ableton/Live {}/Preferences/Library.cfg"),
    ],
)
def test_a_moved_user_library_is_found(tmp_path: Path, platform: str, environ: dict[str, str], settings: str) -> None:
    """The installer uses the settings of the Live version that ran last, and skips folders that no longer exist."""
    surroundings = Surroundings({name: str(tmp_path / place) for name, place in environ.items()}, platform)
    for number, name in enumerate(("gone", "first", "second & last", "broken")):
        path = tmp_path / settings.format(f"12.{number}")
        path.parent.mkdir(parents=True)
        place = tmp_path / name
        path.write_text("<Ableton>" if name == "broken" else CFG.format(str(place).replace("&", "&amp;")))
        os.utime(path, (1e9 + number % 3, 1e9 + number % 3))
        if name != "gone":
            (place / "User Library" / "Remote Scripts").mkdir(parents=True)
    assert plan(surroundings).alone == tmp_path / "second & last" / "User Library" / "Remote Scripts" / "AceBridge"


def test_documents_in_a_cloud_folder(tmp_path: Path) -> None:
    library = tmp_path / "Cloud" / "Documents" / "Ableton" / "User Library"
    library.mkdir(parents=True)
    environ = {"USERPROFILE": str(tmp_path), "OneDrive": str(tmp_path / "Cloud")}
    assert plan(Surroundings(environ, "win32")).alone == library / "Remote Scripts" / "AceBridge"


def test_the_installed_script_finds_the_bridge(home: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli(home, "install", "live", "--user-library", str(library)).returncode == 0
    monkeypatch.syspath_prepend(str(library / "Remote Scripts"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    package = importlib.import_module("AceBridge")
    pointer = importlib.import_module("AceBridge.pointer")
    try:
        found = pointer.read(str(Path(package.__file__ or "").parent))
        assert found.home == str(home)
        assert found.version == package.VERSION
        assert pointer.daemon(found.home) == {}
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "AceBridge"]:
            del sys.modules[name]
