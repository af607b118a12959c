"""Print ReaPack's index.xml for the ReaScripts: `python scripts/reapack.py v0.1.0 2026-01-31T12:00:00Z`.

The package's header is in ace-bridge_Install.lua. The address of the files comes from bridge/util/project.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from bridge.util import project

SCRIPTS = Path(__file__).resolve().parent.parent / "reaper_scripts"
PACKAGE = "ace-bridge_Install.lua"


def header(text: str) -> dict[str, str]:
    """Return the @tags in a script's first comment; a tag's text may continue on indented lines."""
    found: dict[str, list[str]] = {}
    tag = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        started = re.match(r"-- @(\w+)\s*(.*)", line)
        if started:
            tag = started[1]
            found[tag] = [started[2]] if started[2] else []
        elif tag:
            found[tag].append(line[2:].strip())
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def sources() -> list[tuple[str, str]]:
    """Return the package's files, each with its type in @provides: main, nomain or data."""
    provides = header((SCRIPTS / PACKAGE).read_text(encoding="utf-8"))["provides"]
    found = {PACKAGE: "main"}
    for line in provides.splitlines():
        option, pattern = re.fullmatch(r"\[(main|nomain|data)\] (.+)", line.strip()).groups()  # type: ignore[union-attr]
        for path in sorted(SCRIPTS.glob(pattern)):
            found.setdefault(path.relative_to(SCRIPTS).as_posix(), option)
    return sorted(found.items())


def index(base: str, time: str) -> str:
    """Return index.xml for the files under `base`, the URL of this repository's root at a tag.

    ReaPack reads the format in src/index_v1.cpp of https://github.com/cfillion/reapack.
    """
    about = header((SCRIPTS / PACKAGE).read_text(encoding="utf-8"))
    root = ElementTree.Element("index", version="1", name="ACE Bridge")
    category = ElementTree.SubElement(root, "category", name=SCRIPTS.name)
    package = ElementTree.SubElement(category, "reapack", name=PACKAGE, type="script", desc=about["description"])
    version = ElementTree.SubElement(package, "version", name=about["version"], author=about["author"], time=time)
    for name, option in sources():
        attributes = {"main": {"main": "main"}, "data": {"type": "data"}}.get(option, {})
        if name != PACKAGE:
            attributes["file"] = name
        source = ElementTree.SubElement(version, "source", attributes)
        source.text = f"{base.rstrip('/')}/{SCRIPTS.name}/{quote(name)}"
    ElementTree.SubElement(version, "changelog").text = about["changelog"]
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: reapack.py TAG TIME-OF-THE-RELEASE (2026-01-31T12:00:00Z)")
    if not project.is_public():
        sys.exit("The project has no public address yet: fill in bridge/util/project.py first.")
    print(index(project.raw(sys.argv[1]), sys.argv[2]), end="")
