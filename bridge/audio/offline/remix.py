"""The offline engine's entry: a clip, or a function that reads one, in; the remix out, block by block.

survey → plan → chain per section → level. `bridge/workers/tasks/offline.py` does the same with files between the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, decibels, fade_in
from bridge.audio.offline.chain import render
from bridge.audio.offline.level import SILENCE, limit, loudness
from bridge.audio.offline.plan import JOIN, Plan, Wish, make_plan, sections
from bridge.audio.offline.survey import Surveyor

Read = Callable[[int, int], Audio]  # frames start..stop of the clip, × 2, float32, all of them numbers

LARGEST_GAIN = 15.0  # dB; the final level changes no more than that
BLOCK = 5000  # ms of audio that are limited at once
CONTEXT = 40  # ms around them that the limiter has to see


@dataclass(frozen=True, slots=True)
class Remixed:
    """A remix in memory."""

    audio: Audio  # frames × 2, as long as the clip
    plan: Plan  # how it was made


def render_clip(read: Read, plan: Plan, progress: Callable[[float], None]) -> Iterator[Audio]:
    """Yield the remix before its final level, block after block, together exactly as long as the clip.

    Args:
        read: gives the clip's audio.
        plan: from `make_plan`.
        progress: told the share done, 0..1, after each section.
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


def final_gain(plan: Plan, measured: float) -> float:
    """Return the factor that makes the remix as loud as the clip; 1 where either is silent.

    Args:
        plan: knows the clip's loudness.
        measured: loudness of the remix before its final level, LUFS.
    """
    if plan.survey.loudness <= SILENCE or measured <= SILENCE:
        return 1.0
    return decibels(min(max(plan.survey.loudness - measured, -LARGEST_GAIN), LARGEST_GAIN))


def finish(blocks: Iterable[Audio], rate: int, gain: float) -> Iterator[Audio]:
    """Yield the remix at its final level, no sample over `level.CEILING`.

    What is limited at once is whole milliseconds long and sees `CONTEXT` around it, so that the limiter's gain is the
    same however the stream is divided.

    Args:
        blocks: the remix before its final level, frames × 2 each, any length.
        rate: Hz.
        gain: from `final_gain`.
    """
    step = max(rate // 1000, 1)
    size, context = step * BLOCK, step * CONTEXT
    held = np.zeros((0, 2), dtype=np.float32)
    before = 0  # frames of what is held that went out already
    for block in blocks:
        held = np.concatenate((held, block * np.float32(gain)))
        while len(held) >= before + size + context:
            yield limit(held[: before + size + context], rate)[before : before + size]
            held = held[before + size - context :]
            before = context
    if len(held) > before:
        yield limit(held, rate)[before:]


def remix(audio: Audio, rate: int, wish: Wish) -> Remixed:
    """Remix a clip that is in memory.

    Args:
        audio: frames × 2, float32; what is not a number counts as silence.
        rate: Hz.
        wish: what is asked for.

    Returns:
        The remix, exactly as long as the clip, about as loud, no sample over full scale.

    Raises:
        ValueError: the clip is empty.
    """
    surveyor = Surveyor(rate, listen=not wish.has_beats)
    audio = np.nan_to_num(audio, copy=True, posinf=0.0, neginf=0.0)
    surveyor.add(audio, last=True)
    plan = make_plan(surveyor.survey(), wish)
    raw = np.concatenate(list(render_clip(lambda start, stop: audio[start:stop], plan, lambda _: None)))
    gain = final_gain(plan, loudness(raw, rate))
    return Remixed(np.concatenate(list(finish([raw], rate, gain))), plan)
