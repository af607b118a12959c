"""Splits a clip that is longer than its engine's limit into segments.

Each segment is sent, submitted and paid separately. The render stage splits on bar lines, the pipeline runs the
segments one after the other, and the task `join` makes one result from them. A clip within the limit is one segment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

OVERLAP = 8.0  # s that two segments share: models are worst near the edges, and a join needs material to choose from
SHARE = 4  # the overlap is at most this fraction (one in SHARE) of the engine's limit
MOST = 24  # segments of one clip; a limit on the cost of a mistake


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a clip with its handles."""

    start: float  # s from the start of the clip with its handles
    seconds: float  # its length

    @property
    def stop(self) -> float:
        """Return its end, in s from the start of the clip with its handles."""
        return self.start + self.seconds


def split(seconds: float, longest: float | None, lines: Sequence[float]) -> list[Segment] | None:
    """Split a clip into as few segments as possible, of about equal length.

    Args:
        seconds: length of the clip with its handles.
        longest: the engine's limit in s; None: no limit.
        lines: bar lines in s, ascending; if empty, overlaps may lie anywhere.

    Returns:
        The segments in order, each overlapping the next by about OVERLAP on bar lines; None if MOST are not enough.
    """
    if longest is None or seconds <= longest:
        return [Segment(0.0, seconds)]
    overlap = min(OVERLAP, longest / SHARE)
    fewest = math.ceil((seconds - overlap) / (longest - overlap) - 1e-9)
    for count in range(fewest, MOST + 1):
        segments = _laid_out(seconds, count, overlap, lines)
        if all(segment.seconds <= longest for segment in segments):
            return segments
    return None


def _laid_out(seconds: float, count: int, overlap: float, lines: Sequence[float]) -> list[Segment]:
    step = (seconds - overlap) / count
    starts, stops = [0.0], []
    for number in range(1, count):
        first, last = _shared(number * step, overlap, lines)
        starts.append(first)
        stops.append(last)
    return [Segment(start, stop - start) for start, stop in zip(starts, [*stops, seconds], strict=True)]


def _shared(start: float, overlap: float, lines: Sequence[float]) -> tuple[float, float]:
    """Return the overlap of two segments: from bar line to bar line near `start`, or at `start` if no lines fit."""
    near = [line for line in lines if abs(line - start) <= overlap / 2]
    first = min(near, key=lambda line: abs(line - start), default=start)
    last = min((line for line in lines if line > first), key=lambda line: abs(line - first - overlap), default=start)
    if near and overlap / 2 <= last - first <= overlap * 1.5:
        return first, last
    return start, start + overlap
