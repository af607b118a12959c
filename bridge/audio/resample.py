"""Converts the sample rate of a stream with soxr; the output is bit-identical to a conversion in one piece.

The `render` task converts high rates and applies varispeed with this module; the `fit` task converts to the project's
rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import soxr

from bridge.audio.block import Block

MARGIN = 0.02  # seconds of input that the filter needs after the last wanted frame; VHQ needs 11 ms at 44.1 kHz


def resampled(
    blocks: Iterable[Block], rate_in: float, rate_out: float, quality: Literal["HQ", "VHQ"] = "VHQ"
) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another rate; the first sample stays at time 0.

    Args:
        blocks: stereo, float32.
        rate_in: Hz; need not be an integer. For varispeed, multiply this rate by the speed.
        rate_out: Hz.
        quality: setting of soxr; VHQ takes 1.5 times as long as HQ and keeps aliases below -150 dB.

    >>> sum(len(block) for block in resampled([np.zeros((44100, 2), np.float32)], 44100, 48000))  # 1 s
    48000
    """
    if rate_in == rate_out:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate_in, rate_out, 2, dtype="float32", quality=quality)
    for block in blocks:
        out = stream.resample_chunk(np.ascontiguousarray(block))
        if len(out):
            yield out
    rest = stream.resample_chunk(np.zeros((0, 2), np.float32), last=True)
    if len(rest):
        yield rest
