"""Converts sample rates with soxr, or with bridge/audio/sinc.py where soxr is not installed.

The output of a stream does not depend on its division into blocks. The `render` task converts high rates and applies
varispeed with this module; the `fit` task converts to the project's rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, TypeAlias

import numpy as np

from bridge.audio.block import Block
from bridge.audio.sinc import SincStream

try:
    import soxr
except ImportError:  # no wheel for this system
    soxr = None

Quality: TypeAlias = Literal["LQ", "MQ", "HQ", "VHQ"]  # VHQ takes 1.5 times as long as HQ; aliases are below -150 dB

MARGIN = 0.02  # seconds of input that the filter needs after the last wanted frame; VHQ needs 11 ms at 44.1 kHz


class Stream(Protocol):
    """A conversion, block by block."""

    def resample_chunk(self, block: Block, last: bool = False) -> Block:
        """Return the output that is ready after this block; `last` returns the rest."""


def stream(rate_in: float, rate_out: float, channels: int, quality: Quality) -> Stream:
    """Return a conversion of a stream of float32 blocks: frames × channels, or frames if there is one channel.

    Args:
        rate_in: Hz; need not be an integer.
        rate_out: Hz.
        channels: number of channels.
        quality: setting of soxr.

    >>> halved = stream(96000, 48000, 1, "HQ")
    >>> len(halved.resample_chunk(np.zeros(96000, np.float32), last=True))
    48000
    """
    if soxr is None:
        return SincStream(rate_in, rate_out, channels, quality)
    made: Stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality=quality)
    return made


def resample(sound: Block, rate_in: float, rate_out: float, quality: Quality) -> Block:
    """Return a whole sound (frames × channels, or frames) at another rate, with the length rounded.

    >>> resample(np.zeros(3, np.float32), 1.0, 1.5, "HQ").shape
    (5,)
    """
    whole = stream(rate_in, rate_out, 1 if sound.ndim == 1 else sound.shape[1], quality)
    return whole.resample_chunk(np.ascontiguousarray(sound, np.float32), last=True)


def resampled(
    blocks: Iterable[Block], rate_in: float, rate_out: float, quality: Literal["HQ", "VHQ"] = "VHQ"
) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another rate; the first sample stays at time 0.

    Args:
        blocks: stereo, float32.
        rate_in: Hz; need not be an integer. For varispeed, multiply this rate by the speed.
        rate_out: Hz.
        quality: setting of soxr.

    >>> sum(len(block) for block in resampled([np.zeros((44100, 2), np.float32)], 44100, 48000))  # 1 s
    48000
    """
    if rate_in == rate_out:
        yield from blocks
        return
    converted = stream(rate_in, rate_out, 2, quality)
    for block in blocks:
        out = converted.resample_chunk(np.ascontiguousarray(block))
        if len(out):
            yield out
    rest = converted.resample_chunk(np.zeros((0, 2), np.float32), last=True)
    if len(rest):
        yield rest
