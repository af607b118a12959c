"""A piecewise linear map between a clip's beats and the seconds of its file, which represents the warp markers.

source_span.py reads the map from the source clip, and clip_properties.py writes it to the result.
"""

from __future__ import annotations

import bisect

EPSILON = 1e-6  # minimum distance between points, in seconds and in beats


class WarpMap:
    """An increasing, piecewise linear map. The first and last segments also apply beyond the ends of the map."""

    def __init__(self, points):
        """Take at least two different (beat, second) pairs, in any order."""
        kept = []
        for beat, second in sorted((float(beat), float(second)) for beat, second in points):
            if not kept or (beat > kept[-1][0] + EPSILON and second > kept[-1][1] + EPSILON):
                kept.append((beat, second))
        if len(kept) < 2:
            raise ValueError("a warp map needs two markers")
        self.points = kept
        self._axes = [beat for beat, _ in kept], [second for _, second in kept]

    def second(self, beat):
        """Return the position in the file, in seconds, that corresponds to a beat."""
        (beat0, second0), (beat1, second1) = self._around(0, beat)
        return second0 + (beat - beat0) * (second1 - second0) / (beat1 - beat0)

    def beat(self, second):
        """Return the beat at a position in the file; the position is given in seconds."""
        (beat0, second0), (beat1, second1) = self._around(1, second)
        return beat0 + (second - second0) * (beat1 - beat0) / (second1 - second0)

    def cut(self, start, end):
        """Return [beat, second from `start`] at both ends of a span of the file and at each tempo change inside it."""
        bends = [(beat, second) for beat, second in self.points if start + 1e-4 < second < end - 1e-4]
        ends = [(self.beat(start), start)], [(self.beat(end), end)]
        return [[beat, second - start] for beat, second in ends[0] + self._bends(bends) + ends[1]]

    def steady(self, start, end):
        """Return whether the tempo is constant over a span of the file, to a thousandth of a beat."""
        beat = self.beat(start)
        slope = (self.beat(end) - beat) / (end - start)
        inner = [(there, second) for there, second in self.points if start < second < end]
        return all(abs(beat + (second - start) * slope - there) < 1e-3 for there, second in inner)

    def tempos(self, start, end):
        """Yield (tempo in BPM, length in seconds) for each part of a span of the file that has a constant tempo."""
        points = self.cut(start, end)
        for (beat0, second0), (beat1, second1) in zip(points, points[1:]):
            yield 60.0 * (beat1 - beat0) / (second1 - second0), second1 - second0

    def _bends(self, points):
        """Return only the points at which the tempo changes, which excludes Live's hidden last marker."""
        kept = []
        for beat, second in points:
            before, after = self.beat(second - 1e-3), self.beat(second + 1e-3)
            if abs((before + after) / 2.0 - beat) > 1e-9:
                kept.append((beat, second))
        return kept

    def _around(self, axis, value):
        right = min(bisect.bisect_right(self._axes[axis], value, 1), len(self.points) - 1)
        return self.points[right - 1], self.points[right]
