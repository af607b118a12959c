"""The entry point of the offline engine: remixes a clip block by block.

The steps are survey, plan, chain (per section) and level. `bridge/workers/tasks/offline.py` does the same for files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bridge.audio.limiter import PeakCurve, limited, reduction
from bridge.audio.loudness import integrated_loudness
from bridge.audio.offline.arrays import Audio, decibels, fade_in
from bridge.audio.offline.chain import render
from bridge.audio.offline.plan import JOIN, Plan, Wish, make_plan, sections
from bridge.audio.offline.survey import SILENCE, Surveyor

Read = Callable[[int, int], Audio]  # (start, stop) → that part of the clip, frames × 2, float32, finite

LARGEST_GAIN = 15.0  # dB; limit of the final gain in both directions
CEILING = -0.35  # dBTP; highest true peak of a remix


@dataclass(frozen=True, slots=True)
class Remixed:
    """A remix in memory."""

    audio: Audio  # frames × 2, as long as the clip
    plan: Plan  # plan of the remix


def render_clip(read: Read, plan: Plan, progress: Callable[[float], None]) -> Iterator[Audio]:
    """Yield the remix in blocks, without its final gain and exactly as long as the clip.

    Args:
        read: function that reads a part of the clip.
        plan: from `make_plan`.
        progress: function that is called after each section with the progress, 0..1.
    """
    parts = sections(plan)
    join = round(JOIN * plan.survey.rate)
    tail: Audio | None = None
    for part in parts:
        made = render(read(part.origin, part.end), part, plan)[part.start - part.origin :]
        if tail is not None:
            rise = fade_in(join)[:, None]
            made[:join] = made[:join] * rise + tail * rise[::-1]
        kept = part.stop - part.start
        tail = made[kept : kept + join].copy() if part is not parts[-1] else None
        yield made[:kept]
        progress(part.stop / plan.survey.frames)


def final_gain(plan: Plan, measured: float | None) -> float:
    """Return the gain in dB that makes the remix as loud as the clip, or 0 if either is silent.

    Args:
        plan: plan of the remix.
        measured: loudness of the remix without its final gain, LUFS; None if the remix is silent.
    """
    if plan.survey.loudness <= SILENCE or measured is None:
        return 0.0
    return min(max(plan.survey.loudness - measured, -LARGEST_GAIN), LARGEST_GAIN)


def finish(read: Callable[[], Iterable[Audio]], rate: int, gain_db: float) -> Iterator[Audio]:
    """Yield the remix at its final level, limited to `CEILING`.

    Args:
        read: function that returns the remix without its final gain, in blocks of frames × 2; it is called twice.
        rate: Hz.
        gain_db: from `final_gain`.
    """
    highest = decibels(CEILING)
    peaks = PeakCurve(decibels(CEILING - gain_db))
    for block in read():
        peaks.add(block)
    curve = reduction(peaks.value(), rate, gain_db, CEILING)
    for block in limited(read(), curve, gain_db):
        yield np.clip(block, -highest, highest)


def remix(audio: Audio, rate: int, wish: Wish) -> Remixed:
    """Remix a clip that is in memory.

    Args:
        audio: frames × 2, float32; NaN and infinity count as silence.
        rate: Hz.
        wish: parameters of the remix.

    Returns:
        The remix, exactly as long and about as loud as the clip, and limited to `CEILING`.

    Raises:
        ValueError: the clip is empty.
    """
    surveyor = Surveyor(rate, listen=not wish.has_beats)
    audio = np.nan_to_num(audio, copy=True, posinf=0.0, neginf=0.0)
    surveyor.add(audio)
    plan = make_plan(surveyor.survey(), wish)
    raw = np.concatenate(list(render_clip(lambda start, stop: audio[start:stop], plan, lambda _: None)))
    gain_db = final_gain(plan, integrated_loudness([raw], rate))
    return Remixed(np.concatenate(list(finish(lambda: [raw], rate, gain_db))), plan)
