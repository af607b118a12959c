"""Where the bar lines of a clip are, as far as its DAW tells: from its tempo map, else from tempo and time signature.

Stage render repeats short clips by whole bars, and long ones are split on bar lines (bridge/jobs/segments.py).
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from bridge.protocol.request import Clip, Project

NEAR = 0.02  # of a bar that a clip may be shorter than whole bars and still be meant to be that long
EXACT = 0.02  # s within which a length is whole bars: rounding, and edits to the pixel


def bar_length(clip: Clip, project: Project) -> float | None:
    """Return s per bar at the clip; None where no tempo is known."""
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
    """Return the bar lines from `start` to `stop`, s from the clip's start; none where no tempo is known.

    Without a tempo map the clip's start is taken for a bar line, or lies where `position_beats` says.
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
    """Return s after which a clip can be repeated so that its bar lines go on: whole bars, below one bar whole beats.

    None where no tempo is known, or the clip has not even a beat.
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
