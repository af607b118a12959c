"""Other sample rates, block by block: soxr's stream, which equals its one-shot form bit for bit.

The render task uses it for high rates and for tape-like speed, the fit task for the project's rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import soxr

from bridge.audio.block import Block

MARGIN = 0.02  # s of input after the wanted end that the filter looks at; VHQ's reaches 11 ms at 44.1 kHz


def resampled(
    blocks: Iterable[Block], rate_in: float, rate_out: float, quality: Literal["HQ", "VHQ"] = "VHQ"
) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another rate; sample 0 stays sample 0.

    Args:
        blocks: stereo, float32.
        rate_in: Hz; need not be whole, a speed is a factor to it.
        rate_out: Hz.
        quality: soxr's name; VHQ costs half as much again as HQ and puts aliases below -150 dB.
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
