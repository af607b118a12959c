"""A clip that is longer than its engine takes, split into segments: each is sent, ordered and paid by itself.

Stage render splits on bar lines, the pipeline takes the segments one after the other, the task `join` makes one result
of them. A clip that the engine takes whole is one segment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

OVERLAP = 8.0  # s that two segments share: what a model makes near its edges is its worst, and a join needs a choice
SHARE = 4  # an engine that takes little shares at most one in so many of it
MOST = 24  # segments of one clip; more is more money than a slip of the finger should cost


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of what is sent of a clip."""

    start: float  # s from the beginning of everything that is sent
    seconds: float  # its length

    @property
    def stop(self) -> float:
        """Return where it ends, s from the beginning of everything that is sent."""
        return self.start + self.seconds


def split(seconds: float, longest: float | None, lines: Sequence[float]) -> list[Segment] | None:
    """Split a clip into as few segments of about equal length as can be.

    Args:
        seconds: of everything that is sent.
        longest: that the engine takes, s; None: no limit.
        lines: bar lines, s from the beginning, rising; none known: the overlaps lie anywhere.

    Returns:
        The segments in order, each sharing about OVERLAP with the next, on bar lines; None where MOST are not enough.
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
    """Return what two segments share: from bar line to bar line near `start`, or exactly there if no lines fit."""
    near = [line for line in lines if abs(line - start) <= overlap / 2]
    first = min(near, key=lambda line: abs(line - start), default=start)
    last = min((line for line in lines if line > first), key=lambda line: abs(line - first - overlap), default=start)
    if near and overlap / 2 <= last - first <= overlap * 1.5:
        return first, last
    return start, start + overlap
