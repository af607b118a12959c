"""Runs public ReaScripts in the mock and compares the results with the table `public_scripts.tsv`.

The scripts are not part of the project. To run them, put them in a folder as owner/name/path, with the commits that the
table's header lists, and set REASCRIPTS_FOLDER for the tests, or rewrite the table with

    python -m tests.daws.reaper.public_run FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from lupa.lua54 import LuaError

import tests.daws.reaper.public_items
import tests.daws.reaper.public_tracks  # noqa: F401 - both modules register their cases
from tests.daws.reaper.host import Violation
from tests.daws.reaper.public_cases import Case, of
from tests.daws.reaper.public_scene import Scene

TABLE = Path(__file__).with_name("public_scripts.tsv")
CHECKED, ENDS, IDLE, FAILS = "checked", "ends", "idle", "fails"  # see the table's header


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    repository: str  # owner/name on GitHub
    path: str
    result: str
    reason: str = ""  # why the script fails


def header() -> list[str]:
    """Return the comment lines at the table's start."""
    return [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("#")]


def rows() -> list[Row]:
    lines = TABLE.read_text("utf-8").splitlines()
    return [Row(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def judged(row: Row, folder: Path) -> Row:
    """Return the row with the result of a run."""
    code = (folder / row.repository / row.path).read_bytes()
    case = of(row.path)
    with tempfile.TemporaryDirectory() as temporary:
        scene = Scene(Path(temporary))
        try:
            changes = _run(scene, code, row, case)
        except (LuaError, Violation, AssertionError, TypeError) as error:
            return replace(row, result=FAILS, reason=_reason(scene, error))
    return replace(row, result=CHECKED if case else ENDS if changes else IDLE, reason="")


def _run(scene: Scene, code: bytes, row: Row, case: Case | None) -> bool:
    """Run a script, and return whether it changed or showed anything."""
    steps = case.steps(scene) if case else iter(())
    next(steps, None)
    before = scene.state()
    scene.run(code, case.file_name if case and case.file_name else row.path)
    changes = scene.state() != before
    next(steps, None)
    return changes


def _reason(scene: Scene, error: Exception) -> str:
    """Return the first violation, or the error's first line without the script's path."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return scene.host.violations[0] if scene.host.violations else lines[0].rpartition(".lua:")[2][:150]


def totals(found: list[Row]) -> str:
    """Return the table's totals as one line."""
    count = Counter(row.result for row in found)
    ended = count[CHECKED] + count[ENDS] + count[IDLE]
    parts = f"{count[CHECKED]} as expected, {count[ENDS]} with changes, {count[IDLE]} without changes"
    return f"# {len(found)} scripts: {ended} run to the end ({parts}), {count[FAILS]} fail"


def write(folder: Path) -> None:
    found = [judged(row, folder) for row in rows()]
    kept = [line for line in header() if " scripts: " not in line]
    lines = [*kept[:-1], totals(found), kept[-1]]
    lines += ["\t".join([row.repository, row.path, row.result, row.reason]) for row in found]
    TABLE.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
