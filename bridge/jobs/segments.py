"""Splits a clip that is longer than its engine's limit into segments.

Each segment is uploaded, submitted and billed separately. The render stage splits on bar lines, the pipeline runs the
segments one after another, and the `join` task combines their results. A clip within the limit is one segment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

OVERLAP = 8.0  # seconds: models are worst near the edges, and a join needs a choice of positions
SHARE = 4  # the overlap is at most the engine's limit divided by this number
MOST = 24  # maximum number of segments per clip, to limit the cost of a mistake


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a clip with its handles."""

    start: float  # seconds from the start of the clip with its handles
    seconds: float  # length in seconds

    @property
    def stop(self) -> float:
        """The end of the segment, in seconds from the start of the clip with its handles."""
        return self.start + self.seconds


def split(seconds: float, longest: float | None, lines: Sequence[float]) -> list[Segment] | None:
    """Split a clip into as few segments as possible, of about equal length.

    Args:
        seconds: length of the clip with its handles, in seconds.
        longest: the engine's limit in seconds; None: no limit.
        lines: bar lines in seconds, ascending; if there are none, overlaps may be anywhere.

    Returns:
        The segments in order, or None if MOST segments are not enough. Neighbouring segments overlap by about OVERLAP
        seconds, from bar line to bar line if possible.
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
    """Return the start and end of an overlap: two bar lines if possible, else `start` and `start + overlap`."""
    near = [line for line in lines if abs(line - start) <= overlap / 2]
    first = min(near, key=lambda line: abs(line - start), default=start)
    last = min((line for line in lines if line > first), key=lambda line: abs(line - first - overlap), default=start)
    if near and overlap / 2 <= last - first <= overlap * 1.5:
        return first, last
    return start, start + overlap
