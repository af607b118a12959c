"""Finds a clip's bar lines in the DAW's tempo map or, without a map, from the tempo and time signature.

The render stage repeats short clips by whole bars and splits long clips on bar lines (bridge/jobs/segments.py).
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from bridge.protocol.request import Clip, Project

NEAR = 0.02  # a clip counts as whole bars even if it falls short of them by up to this fraction of a bar
EXACT = 0.02  # seconds: a length this close to whole bars is kept; rounding or a mouse edit causes such differences


def bar_length(clip: Clip, project: Project) -> float | None:
    """Return the length of one bar of the clip in seconds, or None if the tempo is unknown."""
    beats, grid = project.time_signature[0], clip.grid
    if grid is not None and len(grid.downbeats) > 1:
        lines = [grid.beats[index] for index in grid.downbeats if index < len(grid.beats)]
        return median(after - before for before, after in pairwise(lines))
    if grid is not None and len(grid.beats) > 1:
        return beats * median(after - before for before, after in pairwise(grid.beats))
    if project.tempo is None:
        return None
    return beats * 60.0 / project.tempo * 4 / project.time_signature[1]  # tempo counts quarter notes


def bar_lines(clip: Clip, project: Project, start: float, stop: float) -> list[float]:
    """Return the bar lines from `start` to `stop`, in seconds from the clip's start.

    The list is empty if the tempo is unknown. Without a tempo map, `position_beats` gives the clip's position in the
    bar; if `position_beats` is missing too, the clip is assumed to start on a bar line.
    """
    grid, bar = clip.grid, bar_length(clip, project)
    if bar is None or bar <= 0:
        return []
    if grid is not None and grid.beats:
        beats = project.time_signature[0]
        chosen = grid.downbeats or tuple(range(0, len(grid.beats), beats))
        lines = [grid.beats[index] for index in chosen if index < len(grid.beats)]
        if len(lines) > 1:
            return [line for line in lines if start <= line <= stop]
    beats = project.time_signature[0]
    into = 0.0 if clip.position_beats is None else (clip.position_beats % beats) / beats * bar
    first = math.ceil((start + into) / bar - 1e-9)
    last = math.floor((stop + into) / bar + 1e-9)
    return [number * bar - into for number in range(first, last + 1)]


def period(clip: Clip, project: Project, length: float) -> float | None:
    """Return the period, in seconds, at which the clip can repeat in tempo.

    The period is a whole number of bars, or of beats if the clip is shorter than a bar. It is None if the tempo is
    unknown or the clip is shorter than a beat.
    """
    bar = bar_length(clip, project)
    if bar is None or bar <= 0:
        return None
    for step in (bar, bar / project.time_signature[0]):
        count = math.floor(length / step + NEAR)
        if count:
            whole = count * step
            return length if abs(whole - length) <= EXACT else min(whole, length)
    return None
