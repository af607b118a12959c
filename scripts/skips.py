"""Fail if a test was skipped: after the set-up of `scripts/test --all`, a skip means that something is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def skipped(report: Path) -> list[str]:
    """Return a line for each skipped test in pytest's XML report."""
    root = ElementTree.parse(report).getroot()
    return [
        f"{case.get('classname')}.{case.get('name')}: {skip.get('message')}"
        for case in root.iter("testcase")
        for skip in case.iter("skipped")
        if skip.get("type") == "pytest.skip"
    ]


def main() -> int:
    """Print the skipped tests and return the exit status."""
    found = skipped(Path(sys.argv[1]))
    for line in found:
        print(f"skipped: {line}")
    if found:
        print(f"{len(found)} tests were skipped, so something they need is missing.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
