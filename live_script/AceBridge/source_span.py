"""Classes that choose which span of a clip's file to send, and whether to stretch the span first.

The span is normally sent unstretched, and the result gets the clip's warp markers, so that Live plays it like the
source. If Live stretches the source too much, or scripts cannot set warp markers, the span is stretched to the Set's
tempo before it is sent.
"""

from __future__ import annotations

import math

from . import project, span
from .live_objects import Refused
from .warp import WarpMap

GENTLE = 0.8, 1.25  # range of speeds (source seconds per played second) in which Live's stretching sounds good enough
MOST = 0.1  # fraction of a clip that may be outside the range GENTLE, to tolerate a single misplaced marker


class Warped:
    """The span of a warped clip. The clip's own time is in beats; its warp markers map beats to seconds of the file."""

    def __init__(self, song, clip, pieces):
        """Take Live's song, Live's clip and the clip's audible pieces (see span.py).

        Raises:
            Refused: Live returns too few warp markers to determine the clip's tempo.
        """
        self._clip = clip
        try:
            self._map = WarpMap([(marker.beat_time, marker.sample_time) for marker in clip.warp_markers])
        except ValueError as problem:
            text = "Live does not report this clip's tempo. Turn its Warp off and on and try again."
            raise Refused(text) from problem
        first, last = span.whole(pieces)
        self.start = max(0.0, self._map.second(first))
        self.end = min(_seconds(clip), self._map.second(last))
        self.notes = []
        length = max(self.end - self.start, 1e-3)
        end = self.start + length
        self._first, self._last = self._map.beat(self.start), self._map.beat(end)
        self.markers = self._map.cut(self.start, end)
        self.tempo = 60.0 * (self._last - self._first) / length  # tempo of the audio sent, in BPM
        self.rate = 1.0  # source seconds per second of audio sent
        self.straighten = False  # whether a source with a varying tempo is stretched to a constant tempo
        self.points = self.markers
        if self._to_be_stretched(song, end):
            self.straighten = not self._map.steady(self.start, end)
            self.rate, self.tempo = song.tempo / self.tempo, float(song.tempo)
            self.points = [[self._first, 0.0], [self._last, length / self.rate]]

    def _to_be_stretched(self, song, end):
        """Return whether to stretch the span before it is sent."""
        editable = hasattr(self._clip, "add_warp_marker")
        if project.tempo_automated(song):  # there is no single tempo to stretch to
            if not editable:
                self.notes.append("This version of Live cannot set warp markers. The result keeps the source's timing.")
            return False
        rates = [(song.tempo / tempo, seconds) for tempo, seconds in self._map.tempos(self.start, end)]
        if not editable:
            return any(abs(rate - 1.0) > 1e-6 for rate, _ in rates)
        far = sum(seconds for rate, seconds in rates if not GENTLE[0] <= rate <= GENTLE[1])
        return far > MOST * (end - self.start)

    def grid(self):
        """Return the grid of the audio sent: the times of the beats in seconds, and the indices of the downbeats."""
        bar = self._clip.signature_numerator * 4.0 / self._clip.signature_denominator  # quarter notes
        unit = 1.0 if bar == round(bar) else 4.0 / self._clip.signature_denominator
        numbers = range(math.ceil(self._first / unit - 1e-6), math.floor(self._last / unit + 1e-6) + 1)
        line = WarpMap(self.points)
        beats = [max(0.0, line.second(number * unit)) for number in numbers]
        downbeats = [index for index, number in enumerate(numbers) if number % max(1, round(bar / unit)) == 0]
        return {"beats": beats, "downbeats": downbeats} if beats else None


class Plain:
    """The span of an unwarped clip. The clip's own time is in seconds of its file."""

    rate = 1.0
    straighten = False
    markers = None
    points = ()

    def __init__(self, song, clip, pieces):
        """Take Live's song, Live's clip and the clip's audible pieces (see span.py)."""
        first, last = span.whole(pieces)
        self.start, self.end = max(0.0, first), min(_seconds(clip), last)
        self.tempo = float(song.tempo)
        self.notes = []

    def grid(self):
        """Return None: the beats of an unwarped file are unknown."""
        return None


def _seconds(clip):
    """Return the length of a clip's file in seconds; infinity if Live is older than 11.1 and does not report it."""
    rate = getattr(clip, "sample_rate", 0.0)
    return clip.sample_length / rate if rate else float("inf")
