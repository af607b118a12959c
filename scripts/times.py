"""From the last report, print a table of how long each part of the tests took, or write it into CONTRIBUTING.md.

    scripts/test --all && .venv/bin/python scripts/times.py --write

The seconds of a part are the sum of its tests' times, as if the tests ran one after another. The last row has the
actual duration of the whole run.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tables import table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.parts import FAST, PARTS, SLOW  # noqa: E402 - needs the path set above

REPORT = ROOT / ".pytest_cache" / "report.xml"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- Written by scripts/times.py: -->\n", "<!-- until here -->"
WITHOUT = {
    FAST: ("everything that needs only Python; the tests of `scripts/test`", ""),
    SLOW: ("an hour of audio, kills at every stage, every fault: too long for `scripts/test`", ""),
}


@dataclass
class Time:
    """The number of tests in a part, and their times."""

    tests: int = 0
    seconds: float = 0.0  # wall time, s
    cpu: float = 0.0  # CPU time of the tests and of the processes that the tests waited for, s


def times(report: Path) -> tuple[dict[str, Time], float]:
    """Return each part's times and the wall time of the whole run in s, from pytest's XML report."""
    found: dict[str, Time] = {}
    root = ElementTree.parse(report).getroot()
    for case in root.iter("testcase"):
        about = {one.get("name"): one.get("value", "") for one in case.iter("property")}
        part = found.setdefault(about.get("part", FAST), Time())
        part.tests += 1
        part.seconds += float(case.get("time", "0"))
        part.cpu += float(about.get("cpu", "0"))
    return found, sum(float(suite.get("time", "0")) for suite in root.iter("testsuite"))


def about_parts() -> list[tuple[str, str, str]]:
    """Return, for each part, its name, what it tests and which programs it needs."""
    rows = [(name, *WITHOUT[name]) for name in (FAST, SLOW)]
    for name, part in PARTS.items():
        needs = [*part.programs, *(Path(pattern.split("|")[0]).name for pattern in part.files), *part.modules]
        rows.append((name, part.tests, ", ".join(needs)))
    return rows


def text(found: dict[str, Time], whole: float) -> str:
    """Return the table in Markdown, from the two values that `times` returns."""
    rows = []
    for name, tests, needs in about_parts():
        time = found.get(name, Time())
        rows.append((f"`{name}`", tests, needs, str(time.tests), f"{time.seconds:.0f}", f"{time.cpu:.0f}"))
    rows.append(
        ("all", "the whole run, on two cores", "", str(sum(one.tests for one in found.values())), f"{whole:.0f}", "")
    )
    return table(("part", "what it tests", "needs", "tests", "seconds", "CPU seconds"), rows)


def main() -> int:
    """Print the table, or write it into CONTRIBUTING.md if --write is given."""
    found = text(*times(REPORT))
    if "--write" not in sys.argv[1:]:
        print(found)
        return 0
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{found}\n\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
