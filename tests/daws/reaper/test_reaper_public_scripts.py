"""Judges the mock REAPER by public ReaScripts; `public_run.py` explains where the scripts come from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.daws.reaper.public_cases import CASES, of
from tests.daws.reaper.public_run import CHECKED, ENDS, FAILS, IDLE, Row, header, judged, rows, totals
from tests.daws.reaper.public_scene import Scene

FOLDER = os.environ.get("REASCRIPTS_FOLDER", "")
ROWS = rows()


def test_the_table_has_enough_scripts() -> None:
    assert len({(row.repository, row.path) for row in ROWS}) == len(ROWS) >= 100
    assert {row.result for row in ROWS} <= {CHECKED, ENDS, IDLE, FAILS}
    ended = [row for row in ROWS if row.result != FAILS]
    assert len(ended) >= 0.85 * len(ROWS)
    assert len([row for row in ended if row.result == CHECKED]) >= 25
    assert totals(ROWS) in header()


def test_a_failed_script_has_a_reason() -> None:
    assert all(bool(row.reason) == (row.result == FAILS) for row in ROWS)


def test_every_case_belongs_to_a_script() -> None:
    for path in CASES:
        found = [row for row in ROWS if row.path.endswith(path)]
        assert found, path
        assert all(row.result in (CHECKED, FAILS) for row in found), path


if FOLDER:  # a skipped test would fail in `scripts/test --all`

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
    def test_a_public_script_ends_as_the_table_says(row: Row) -> None:
        assert judged(row, Path(FOLDER)) == row


@pytest.mark.parametrize("path", CASES)
def test_an_expectation_rejects_a_script_that_does_nothing(tmp_path: Path, path: str) -> None:
    case = of(path)
    assert case
    scene = Scene(tmp_path)
    steps = case.steps(scene)
    next(steps)
    with pytest.raises(AssertionError):
        next(steps, None)
