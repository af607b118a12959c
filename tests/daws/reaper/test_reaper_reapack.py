"""Tests the ReaPack package: the header must follow reapack-index's rules, and the index must list every file once."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

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
    assert sorted(actions) == sorted(path.name for path in (*SCRIPTS.glob("*.lua"), *SCRIPTS.glob("*.eel")))
    data = [name for name, source in zip(named, sources, strict=True) if source.get("type") == "data"]
    assert sorted(data) == sorted(path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.png"))
