"""Computes when Live plays each moment of a clip's file, independently of the script's code."""

from __future__ import annotations

import numpy as np

from tests.daws.live.the_set import ClipData


def beat_of(clip: ClipData, second: float) -> float:
    """Return the clip's beat at a time in its file (s), interpolated or extrapolated linearly from the markers."""
    beats, seconds = (np.array(column) for column in zip(*clip.all_markers(), strict=True))
    return _line(seconds, beats, second)


def second_of(clip: ClipData, beat: float) -> float:
    beats, seconds = (np.array(column) for column in zip(*clip.all_markers(), strict=True))
    return _line(beats, seconds, beat)


def _line(x: np.ndarray, y: np.ndarray, at: float) -> float:
    left = int(np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2))
    return float(y[left] + (at - x[left]) * (y[left + 1] - y[left]) / (x[left + 1] - x[left]))


def heard(clip: ClipData, moments: list[float], tempo: float, beats: float = 64.0) -> list[float]:
    """Return the times on the timeline at which Live plays these moments of the file, s, ascending.

    Args:
        clip: a clip in the Arrangement, or a clip in a slot that is launched at 0 s.
        moments: times in the file, s.
        tempo: tempo of the Set, BPM.
        beats: time for which a looped Session clip plays, beats.
    """
    began = (clip.start_time or 0.0) * 60.0 / tempo
    if not clip.warping:
        return sorted(began + (at - clip.start) / clip.speed for at in moments if clip.start <= at < clip.end)
    length = clip.beats(tempo) if clip.start_time is not None else (beats if clip.looping else clip.end - clip.start)
    found, at, place = [], 0.0, clip.start
    while at < length - 1e-9:
        end = clip.brace[1] if clip.looping and place < clip.brace[1] else place + length
        here = min(length - at, end - place)
        for moment in moments:
            beat = beat_of(clip, moment)
            if place <= beat < place + here:
                found.append(began + (at + beat - place) * 60.0 / tempo)
        at, place = at + here, clip.brace[0]
    return sorted(found)
