"""The clip laid out in frames: what is read of its source, the handles around it, and the context the model gets.

The task `render` plans with it before it reads. Handles are music that the source has and the DAW keeps; context is
sent so that the model has something to go on from, and cut away again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bridge.audio import resample, span
from bridge.workers.tasks.clip import Clip

STEP = 0.04  # s: whole samples at every usual rate, so that the clip's start stays on a sample
CLOSES = 0.005  # s by which a loop's length may be off whole passes of it: rounding in a DAW


@dataclass(frozen=True, slots=True)
class Around:
    """What is wanted around the clip."""

    handles: tuple[float, float]  # s before and after it that the DAW wants
    context: float  # s on each side that the model wants, handles included
    period: float | None  # s, of the timeline: whole bars after which the clip may be repeated; None: it may not
    loops: bool  # it is played over and over


@dataclass(frozen=True, slots=True)
class Plan:
    """The clip in frames."""

    rate_in: int  # Hz, of the file
    rate_out: int  # Hz, of what is sent
    start: int  # first frame of the source's span, in the direction of play, all before the clip included
    read: int  # frames of source that are read
    before: int  # frames before the clip, at rate_out
    clip: int  # frames of the clip, at rate_out
    after: int  # frames after the clip, at rate_out
    keep: tuple[float, float] = (0.0, 0.0)  # s on each side that the DAW gets: the source's own
    own: tuple[int, int] = (0, 0)  # frames of the source, at rate_in, from and to which it plays itself
    period: int = 0  # frames of the source after which it is repeated outside of these; 0: it is not
    loops: bool = False  # its end has to meet its beginning

    @property
    def frames(self) -> int:
        """Return the frames of the FLAC file."""
        return self.before + self.clip + self.after


def plan(clip: Clip, played: span.Played, rate: int, highest: int, around: Around) -> Plan:
    """Lay out the clip in frames.

    A side gets what the source has there, up to handle or context; what the context lacks then comes from the clip
    itself: a loop goes round, and anything else is repeated by whole bars.

    Args:
        clip: what is asked for.
        played: the source as it is played.
        rate: of the file, Hz.
        highest: sources above are sent at this rate, Hz.
        around: what is wanted on its sides.
    """
    rate_out = min(rate, highest)
    start, frames = round(clip.offset * rate), round(clip.length * rate_out)
    wide = round(clip.length * clip.playrate * rate)  # frames of source
    loops = around.loops or (played.loop and _closes(wide, played.frames, rate))
    there = (0.0, 0.0)
    if clip.plain and not loops:
        left, right = start / rate / clip.playrate, (played.frames - start) / rate / clip.playrate - clip.length
        wanted = [max(handle, around.context) for handle in around.handles]
        there = _steps(min(wanted[0], left), rate, rate_out), _steps(min(wanted[1], right), rate, rate_out)
    more = _steps(around.context, rate, rate_out)
    period = wide if around.loops else 0 if played.loop else round((around.period or 0.0) * clip.playrate * rate)
    goes_on = played.loop or 0 < period <= wide
    before, after = (max(side, more) for side in there) if goes_on else there
    ahead = round(before * clip.playrate * rate)
    if clip.playrate == 1 and rate == rate_out:
        read = round(before * rate) + frames + round(after * rate)
    else:
        read = math.ceil((before + after + frames / rate_out + resample.MARGIN) * clip.playrate * rate)
    return Plan(
        rate,
        rate_out,
        start - ahead,
        read,
        round(before * rate_out),
        frames,
        round(after * rate_out),
        (_steps(min(there[0], around.handles[0]), 25, 25), _steps(min(there[1], around.handles[1]), 25, 25)),
        (start - round(there[0] * clip.playrate * rate), start + wide + round(there[1] * clip.playrate * rate)),
        period if goes_on else 0,
        loops,
    )


def sounding(played: span.Played, layout: Plan) -> span.Played | span.Repeated:
    """Return the source as it goes on around the clip."""
    return span.Repeated(played, *layout.own, layout.period) if layout.period else played


def _closes(frames: int, once: int, rate: int) -> bool:
    """Tell whether frames of a loop are whole passes of it."""
    over = frames % once
    return frames + CLOSES * rate >= once and min(over, once - over) <= CLOSES * rate


def _steps(seconds: float, rate: int, rate_out: int) -> float:
    """Return s in whole steps of 40 ms that fit into `seconds`; 0 where a step is no whole sample."""
    if rate % 25 or rate_out % 25:
        return 0.0
    return max(0, math.floor(seconds / STEP + 1e-9)) * STEP
