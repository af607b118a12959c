"""Reads a raw result: removes its DC offset and drift, and converts it to stereo with a given rate and length.

The result of a mono clip becomes two equal channels: the mean of the result's channels, which cannot clip and keeps the
level of what they share. A result whose channels would cancel each other is read from its louder channel.

The tasks `fit` and `join` read raw results with this module, in blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from bridge.audio import block, channels, files, resample, stretch
from bridge.audio.block import Block
from bridge.audio.stream_stats import Passed

FADE = 0.005  # s; fade-out of a result that is too short
DIRECT = 0.002  # of full scale (-54 dB); a larger mean counts as DC and is removed; a smaller mean may be random
CANCELS = 0.25  # of the power (-6 dB); channels whose mean keeps less cancel each other (unrelated channels keep half)


@dataclass(frozen=True, slots=True)
class Take:
    """The settings for reading a raw result."""

    rate: int  # output rate, Hz
    skip: float  # s to skip at the start of the stretched result; below 0: silence to insert
    frames: int  # output length, frames
    speed: float  # playback speed, at the same pitch
    mean: tuple[float, ...]  # DC offset to remove from each channel
    mode: str = "normal"  # one of channels.MODES; other than "normal" for a mono clip


def mode_for(passed: Passed, wanted: int) -> str:
    """Return the channel mode (one of channels.MODES) for reading a result.

    Args:
        passed: statistics of the raw result.
        wanted: number of channels of the clip, 1 or 2.
    """
    if wanted != 1:
        return "normal"
    power = sum(passed.power)
    if len(passed.power) != 2 or power == 0 or 0.5 + passed.shared / power >= CANCELS:
        return "downmix"
    return "left" if passed.power[0] >= passed.power[1] else "right"


def offset(mean: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Return the DC offset of each channel: the channel's mean, or 0 if the mean is small enough to be random."""
    return tuple(float(value) if abs(value) > DIRECT else 0.0 for value in mean)


def stereo(
    reader: files.Reader,
    start: int,
    frames: int,
    mean: tuple[float, ...] = (),
    mode: str = "normal",
    size: int = block.FRAMES,
) -> Iterator[Block]:
    """Yield frames of the raw result as stereo (frames × 2) at the result's own rate."""
    blocks = _without(reader.blocks(start, frames, size), mean)
    return channels.to_stereo(blocks, channels.mix(reader.info.channels, mode, None, False))


def played(reader: files.Reader, take: Take, size: int) -> Iterator[Block]:
    """Yield the raw result as stereo (frames × 2) with an exact length; a result that is too short is faded out.

    Args:
        reader: reader for the raw result.
        take: rate, position and length of the output.
        size: frames per block.
    """
    info = reader.info
    skip = round(take.skip * take.speed * info.sample_rate)  # in frames of the raw result, before stretching
    wanted = math.ceil((take.frames / take.rate + resample.MARGIN) * take.speed * info.sample_rate)
    there = min(info.frames, max(0, wanted + skip))
    heard = stereo(reader, max(0, skip), max(0, there - max(0, skip)), take.mean, take.mode, size)
    if (info.frames - skip) / info.sample_rate / take.speed < take.frames / take.rate:
        heard = _faded(heard, max(0, there - max(0, skip)), round(FADE * info.sample_rate))
    sound: Iterator[Block] = chain(block.silence(max(0, -skip), 2, size), heard)
    if take.speed != 1.0:
        sound = stretch.stretched(sound, info.sample_rate, take.speed, 0.0)
    return block.exactly(resample.resampled(sound, info.sample_rate, take.rate), take.frames, 2)


def _without(blocks: Iterator[Block], mean: tuple[float, ...]) -> Iterator[Block]:
    """Yield the stream without the DC offset `mean`."""
    if not any(mean):
        yield from blocks
        return
    for part in blocks:
        yield part - np.array(mean, np.float32)


def _faded(blocks: Iterator[Block], frames: int, fade: int) -> Iterator[Block]:
    """Yield a stream of `frames` frames with its last `fade` frames faded out linearly."""
    position = 0
    for part in blocks:
        left = frames - position - np.arange(len(part), dtype=np.float32)
        position += len(part)
        yield (
            part if position <= frames - fade else part * np.minimum(1.0, (left - 1) / fade)[:, None].astype(np.float32)
        )
