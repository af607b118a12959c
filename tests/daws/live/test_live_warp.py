"""Tests the warp map: for any markers, a part cut out of the map must map times to beats as the complete map does."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.config import resources


def _load() -> ModuleType:
    path = resources.file("live_script", "AceBridge/warp.py")
    spec = importlib.util.spec_from_file_location("ace_bridge_warp", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


warp = _load()
# Segments of at least 5 ms, with tempos from 5 to 999 BPM, as Live allows.
segments = st.lists(st.tuples(st.floats(0.005, 20.0), st.floats(5.0, 999.0)), min_size=1, max_size=30)


def markers(first: tuple[float, float], steps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found = [first]
    for seconds, tempo in steps:
        beat, second = found[-1]
        found.append((beat + seconds * tempo / 60, second + seconds))
    return found


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)  # independent of the machine's speed
@given(st.floats(-50, 50), st.floats(0, 5), segments, st.floats(0, 1), st.floats(0.2, 100))
def test_a_cut_maps_like_the_whole(beat: float, second: float, steps: list, where: float, length: float) -> None:
    points = markers((beat, second), steps)
    whole = warp.WarpMap(points)
    start = points[0][1] + where * (points[-1][1] - points[0][1])
    part = warp.WarpMap(whole.cut(start, start + length))
    for step in range(41):
        moment = step * length / 40
        # Markers within 0.1 ms of an end of the part are merged with that end; at 999 BPM, 0.1 ms is 0.0017 beats.
        assert part.beat(moment) == pytest.approx(whole.beat(start + moment), abs=0.004)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)  # independent of the machine's speed
@given(st.floats(-50, 50), st.floats(0, 5), segments, st.floats(-10, 500))
def test_beat_and_second_are_inverse(beat: float, second: float, steps: list, moment: float) -> None:
    whole = warp.WarpMap(markers((beat, second), steps))
    assert whole.second(whole.beat(moment)) == pytest.approx(moment, abs=1e-6)


def test_steady_tempo() -> None:
    assert warp.WarpMap([(0, 0), (4, 2), (8, 4)]).steady(0.0, 4.0)
    assert not warp.WarpMap([(0, 0), (4, 2), (8, 4.5)]).steady(0.0, 4.0)
    assert warp.WarpMap([(0, 0), (4, 2), (8, 4.5)]).steady(0.0, 1.9)


def test_a_straight_line_needs_no_inner_markers() -> None:
    assert warp.WarpMap([(0, 0), (4, 2), (8, 4), (8.03125, 4.015625)]).cut(1.0, 4.0) == [[2.0, 0.0], [8.0, 3.0]]


@pytest.mark.parametrize("points", [[], [(0, 0)], [(0, 0), (0, 1)], [(0, 0), (1, 0)]])
def test_too_few_markers(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="two markers"):
        warp.WarpMap(points)
