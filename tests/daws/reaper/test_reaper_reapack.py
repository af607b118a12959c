"""Tests the ReaPack package: the header must follow reapack-index's rules, and the index must list every file once."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from bridge.installers.reaper import REAPACK
from tests.daws.reaper.rig import SCRIPTS

sys.path.append(str(Path(__file__).parents[3] / "scripts"))

import reapack

BASE = "https://example.org/owner/ace-bridge/raw/v0.1.0"
TAGS = {"description", "version", "author", "about", "changelog", "provides"}


def test_the_header_is_complete() -> None:
    about = reapack.header((SCRIPTS / reapack.PACKAGE).read_text("utf-8"))
    assert set(about) == TAGS
    assert all(about.values())
    assert re.fullmatch(r"\d+(\.\d+)*", about["version"])
    assert all(int(part) <= 65535 for part in about["version"].split("."))


def test_its_version_is_that_of_the_bridge() -> None:
    from bridge import __version__

    assert reapack.header((SCRIPTS / reapack.PACKAGE).read_text("utf-8"))["version"] == __version__


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.lua")), ids=lambda path: path.name)
def test_every_other_action_is_part_of_the_package(path: Path) -> None:
    assert (path.name == reapack.PACKAGE) != path.read_text("utf-8").startswith("-- @noindex")
    assert not path.name.startswith((" ", "."))


def test_the_index_lists_every_file_once() -> None:
    root = ElementTree.fromstring(reapack.index(BASE, "2026-01-31T12:00:00Z"))
    sources = root.findall("./category/reapack/version/source")
    named = [unquote(str(source.text)).removeprefix(f"{BASE}/reaper_scripts/") for source in sources]
    shipped = [path for path in SCRIPTS.rglob("*") if path.is_file()]
    assert sorted(named) == sorted(path.relative_to(SCRIPTS).as_posix() for path in shipped)
    actions = [name for name, source in zip(named, sources, strict=True) if source.get("main") == "main"]
    assert sorted(actions) == sorted(path.name for path in SCRIPTS.glob("*.lua"))
    data = [name for name, source in zip(named, sources, strict=True) if source.get("type") == "data"]
    assert sorted(data) == sorted(path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.png"))


TYPES = {"script", "effect", "data", "extension", "theme", "langpack", "webinterface"}
TARGETS = {"script": "Scripts/{index}/{category}/{file}", "data": "Data/{file}"}  # as in ReaPack's src/source.cpp


def targets(root: ElementTree.Element) -> list[str]:
    """Return the paths in REAPER's resource folder to which ReaPack installs the files."""
    found = []
    for category in root.findall("category"):
        for package in category.findall("reapack"):
            for source in package.findall("version/source"):
                kind = source.get("type") or str(package.get("type"))
                file = source.get("file") or package.get("name")
                found.append(TARGETS[kind].format(index=root.get("name"), category=category.get("name"), file=file))
    return found


def test_the_index_follows_the_rules_of_reapack() -> None:
    """The rules are those of src/index_v1.cpp, src/version.cpp and src/time.cpp in https://github.com/cfillion/reapack."""
    text = reapack.index(BASE, "2026-01-31T12:00:00Z")
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("version")) == ("index", "1")
    assert not set('*\\:<>?/|"') & set(str(root.get("name")))
    (package,) = root.findall("category/reapack")
    assert package.get("type") in TYPES
    assert str(package.get("name")).endswith(".lua")
    (version,) = package.findall("version")
    assert re.fullmatch(r"\d+(\.\d+)*([a-z]\w*)?", str(version.get("name")))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(version.get("time")))
    assert version.findtext("changelog")
    for source in version.findall("source"):
        assert str(source.text).startswith("https://")
        assert source.get("main", "main") == "main"
        assert source.get("type", "script") in TYPES
        assert ".." not in str(source.get("file"))
    assert len(set(targets(root))) == len(targets(root))


def test_the_bridge_knows_where_reapack_installs_the_scripts() -> None:
    root = ElementTree.fromstring(reapack.index(BASE, "2026-01-31T12:00:00Z"))
    assert str(Path("Scripts", *REAPACK, reapack.PACKAGE)) in targets(root)
    code = (SCRIPTS / "lib" / "copies.lua").read_text("utf-8")
    assert f"'Scripts/{'/'.join(REAPACK)}/'" in code
