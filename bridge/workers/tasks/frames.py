"""The layout of a clip in frames: the span of its source, its handles, and the context for the model.

The task `render` makes the layout before it reads the source. Handles are music before and after the clip, which the
result keeps for the DAW. Context is music that gives the model a lead-in; it is sent with the clip and removed from the
result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bridge.audio import resample, span
from bridge.workers.tasks.clip import Clip

STEP = 0.04  # s; a whole number of frames at every common rate, so that the clip starts on a frame
CLOSES = 0.005  # s; allowed deviation of a clip from a whole number of passes through its loop, because DAWs round


@dataclass(frozen=True, slots=True)
class Around:
    """The requested handles and context around the clip."""

    handles: tuple[float, float]  # length of the music that the DAW gets before and after the clip, s
    context: float  # length of the music that the model gets on each side, including handles, s
    period: float | None  # the clip may repeat after this time (whole bars), s on the timeline; None: no repetition
    loops: bool  # whether the DAW loops the clip


@dataclass(frozen=True, slots=True)
class Plan:
    """The layout of a clip in frames."""

    rate_in: int  # rate of the source file, Hz
    rate_out: int  # rate of the FLAC file, Hz
    start: int  # first source frame to read, in playing direction; includes any handle or context before the clip
    read: int  # number of source frames to read
    before: int  # frames before the clip, at rate_out
    clip: int  # frames of the clip, at rate_out
    after: int  # frames after the clip, at rate_out
    keep: tuple[float, float] = (0.0, 0.0)  # handles (real source audio) that the DAW gets before and after the clip, s
    own: tuple[int, int] = (0, 0)  # source frames that play without repetition: the first frame, and one past the last
    period: int = 0  # source frames after which the audio repeats outside `own`; 0: no repetition
    loops: bool = False  # whether the end must lead seamlessly into the start

    @property
    def frames(self) -> int:
        """Return the length of the FLAC file in frames."""
        return self.before + self.clip + self.after


def plan(clip: Clip, played: span.Played, rate: int, highest: int, around: Around) -> Plan:
    """Lay out the clip in frames.

    On each side, the layout uses audio from the source, up to the length of the handle or the context, whichever is
    longer. If the source has too little audio there, the clip itself supplies the rest of the context: a loop
    continues, and any other clip repeats after whole bars.

    Args:
        clip: the clip.
        played: the section of the clip's source that is played.
        rate: rate of the source file, Hz.
        highest: highest rate to send, Hz; a source with a higher rate is resampled.
        around: requested handles and context.
    """
    rate_out = min(rate, highest)
    start, frames = round(clip.offset * rate), round(clip.length * rate_out)
    wide = round(clip.length * clip.playrate * rate)  # source frames of the clip
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
    """Return the source as it sounds around the clip: repeated if the layout has a period."""
    return span.Repeated(played, *layout.own, layout.period) if layout.period else played


def _closes(frames: int, once: int, rate: int) -> bool:
    """Return whether `frames` frames are a whole number of passes through a loop of `once` frames, within CLOSES."""
    over = frames % once
    return frames + CLOSES * rate >= once and min(over, once - over) <= CLOSES * rate


def _steps(seconds: float, rate: int, rate_out: int) -> float:
    """Round `seconds` down to a multiple of 40 ms; return 0 if 40 ms is not a whole number of frames at both rates."""
    if rate % 25 or rate_out % 25:
        return 0.0
    return max(0, math.floor(seconds / STEP + 1e-9)) * STEP
