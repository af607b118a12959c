"""Tests bar lines (from the tempo map, or from tempo and time signature) and the periods at which clips repeat."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.jobs.bar_lines import bar_length, bar_lines, period
from bridge.protocol.request import Clip, Grid, Project, Source


def clip(**more: Any) -> Clip:
    return Clip(id="one", source=Source(path="/a.wav"), **more)


GRID = Grid(beats=tuple(0.5 * i - 0.3 for i in range(13)), downbeats=(1, 5, 9))


@pytest.mark.parametrize(
    ("grid", "project", "bar"),
    [
        (None, Project(tempo=120.0), 2.0),
        (None, Project(tempo=120.0, time_signature=(3, 4)), 1.5),
        (None, Project(tempo=120.0, time_signature=(6, 8)), 1.5),
        (None, Project(), None),
        (GRID, Project(tempo=99.0), 2.0),
        (Grid(beats=(0.0, 0.4, 0.8)), Project(time_signature=(3, 4)), 1.2),
    ],
)
def test_bar_length(grid: Grid | None, project: Project, bar: float | None) -> None:
    assert bar_length(clip(grid=grid), project) == (None if bar is None else pytest.approx(bar))


def test_bar_lines_come_from_the_tempo_map_or_the_clips_start() -> None:
    assert bar_lines(clip(grid=GRID), Project(), -1.0, 5.0) == pytest.approx([0.2, 2.2, 4.2])
    assert bar_lines(clip(), Project(tempo=120.0), -2.5, 4.0) == pytest.approx([-2.0, 0.0, 2.0, 4.0])
    assert bar_lines(clip(position_beats=7.0), Project(tempo=120.0), 0.0, 3.0) == pytest.approx([0.5, 2.5])
    assert bar_lines(clip(), Project(), 0.0, 60.0) == []


@pytest.mark.parametrize(
    ("length", "repeated"),
    [(4.0, 4.0), (4.01, 4.01), (3.99, 3.99), (5.3, 4.0), (2.6, 2.0), (1.3, 1.0), (0.7, 0.5), (0.3, None)],
)
def test_a_clip_repeats_by_whole_bars_or_whole_beats_if_shorter(length: float, repeated: float | None) -> None:
    found = period(clip(), Project(tempo=120.0), length)
    assert found == (None if repeated is None else pytest.approx(repeated))
    assert period(clip(), Project(), length) is None
