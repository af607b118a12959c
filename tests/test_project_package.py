"""Tests that the wheel and the sdist contain what users and packagers need."""

from __future__ import annotations

import re
import tarfile
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from bridge import __version__
from bridge.util import project
from bridge.util.this_copy import Installed
from hatch_build import ProjectMetadata
from tests.packaging.building import built

ROOT = Path(__file__).resolve().parent.parent
ABOUT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAME = f"ace_bridge-{ABOUT['version']}"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and the sdist, and return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    built("wheel", ROOT, folder / "dist", "*.whl")
    return built("sdist", ROOT, folder / "dist", "*.tar.gz").parent


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(dist / f"{NAME}-py3-none-any.whl")


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_string(wheel.read(f"{NAME}.dist-info/METADATA").decode())


def test_the_wheel_has_the_licence_and_the_notices(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE", "THIRD_PARTY_NOTICES.md"]
    for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
        assert wheel.read(f"{NAME}.dist-info/licenses/{name}") == (ROOT / name).read_bytes()


@pytest.mark.parametrize("folder", ["presets", "reaper_scripts", "live_script", "ardour_scripts", "surfaces"])
def test_the_wheel_has_the_shipped_files(wheel: zipfile.ZipFile, folder: str) -> None:
    prefix = f"bridge/_assets/{folder}/"
    shipped = {name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)}
    there = {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert shipped == {name for name in there if "__pycache__" not in name} != set()


def test_the_wheel_has_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"bridge", f"{NAME}.dist-info"}
    assert {"bridge/py.typed", "bridge/config/default.toml", "bridge/midi/alsa.conf"} <= set(wheel.namelist())
    assert "ace-bridge = bridge.__main__:main" in wheel.read(f"{NAME}.dist-info/entry_points.txt").decode()


def test_the_metadata_name_the_python_versions_and_the_extras(metadata: Message) -> None:
    classifiers = metadata.get_all("Classifier") or []
    for version in ("3.11", "3.12", "3.13", "3.14"):
        assert f"Programming Language :: Python :: {version}" in classifiers
    extras = set(metadata.get_all("Provides-Extra") or ())
    assert extras == {"all", "hotkeys", "keychain", "lan", "midi", "stretch"}
    installed = Installed(requirements=metadata.get_all("Requires-Dist") or ())
    one_by_one = {name for extra in extras - {"all"} for name in installed.packages(extra, "linux")}
    assert {"jack-client", "keyring", "mido", "pynput", "python-stretch", "zeroconf"} <= one_by_one
    assert set(installed.packages("all", "linux")) == one_by_one


def test_the_wheel_says_nothing_of_a_placeholder(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert project.PLACEHOLDER not in wheel.read(f"{NAME}.dist-info/METADATA").decode()
    links = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL") or ())
    assert links == project.links()


def test_the_sdist_has_what_a_packager_needs(dist: Path) -> None:
    with tarfile.open(dist / f"{NAME}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {"LICENSE", "THIRD_PARTY_NOTICES.md", "CHANGELOG.md", "hatch_build.py", "requirements.lock"}
    wanted |= {"install/ace-bridge.cmd", "install/ace-bridge.command", "install/ace-bridge.ps1", "scripts/run.py"}
    assert wanted | {"tests/conftest.py", "docs/cli.md", "bridge/util/project.py"} <= names
    assert [name for name in names if name.startswith((".venv", ".git/")) or "node_modules" in name] == []


def test_the_metadata_derives_from_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "URL", "https://forge.example.org/somebody/ace-bridge")
    monkeypatch.setattr(project, "CONTACT", "somebody@example.org")
    found: dict[str, object] = {}
    ProjectMetadata(str(ROOT), {}).update(found)
    assert found == {"authors": project.authors(), "urls": project.links()}
    assert project.links()["Homepage"] == project.URL


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\d\S*)", changelog, re.MULTILINE)
    live = (ROOT / "live_script" / "AceBridge" / "__init__.py").read_text("utf-8")
    reaper = (ROOT / "reaper_scripts" / "ace-bridge_Install.lua").read_text("utf-8")
    assert newest is not None
    assert newest[1] == ABOUT["version"] == __version__
    assert f'VERSION = "{__version__}"' in live
    assert f"-- @version {__version__}\n" in reaper
