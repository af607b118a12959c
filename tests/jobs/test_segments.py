"""Tests splitting long clips into as few segments as possible, within the limit and overlapping on bar lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.jobs.segments import MOST, OVERLAP, split


def test_a_clip_within_the_limit_is_one_segment() -> None:
    for longest in (240.0, 30.0, None):
        (segment,) = split(30.0, longest, []) or []
        assert (segment.start, segment.seconds) == (0.0, 30.0)


def test_twelve_minutes_are_four_segments_on_bar_lines() -> None:
    lines = [2.0 * bar for bar in range(361)]
    segments = split(720.0, 240.0, lines) or []
    assert len(segments) == 4
    for before, after in pairwise(segments):
        assert after.start in lines
        assert before.stop in lines
        assert before.stop - after.start == OVERLAP
    assert max(segment.seconds for segment in segments) - min(segment.seconds for segment in segments) < 2 * OVERLAP


def test_a_clip_that_is_too_long_gives_none() -> None:
    assert split(24 * 232.0 + 8.0, 240.0, []) is not None
    assert split(24 * 232.0 + 9.0, 240.0, []) is None


@settings(max_examples=300, deadline=None)
@given(
    seconds=st.floats(0.1, 6000),
    longest=st.floats(0.1, 400),
    bar=st.none() | st.floats(0.2, 30),
    into=st.floats(0, 1),
)
def test_the_segments_cover_the_clip(seconds: float, longest: float, bar: float | None, into: float) -> None:
    lines = [] if bar is None else [(into + number) * bar for number in range(int(seconds / bar))]
    segments = split(seconds, longest, lines)
    if segments is None:
        assert seconds > MOST * longest / 2
        return
    assert len(segments) <= MOST
    assert segments[0].start == 0.0
    assert segments[-1].stop == pytest.approx(seconds)
    for segment in segments:
        assert 0 < segment.seconds <= longest
    for before, after in pairwise(segments):
        assert before.start < after.start
        shared = before.stop - after.start
        assert min(OVERLAP, longest / 4) * 0.49 <= shared <= min(OVERLAP, longest / 4) * 1.51
    for before, after in zip(segments, segments[2:], strict=False):
        assert before.stop <= after.start + 1e-9  # three segments never overlap
