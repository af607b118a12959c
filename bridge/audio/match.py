"""Where two makings of the same music are most alike: the place at which one can go over into the other unheard.

The task `join` asks for it in what two segments of a long clip share.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.audio import onsets
from bridge.audio.block import Block

EDGE = 0.15  # of what is shared is left out on each side: a model's first and last moments are its worst
MIDDLE = 0.25  # how much worse the ends of the rest may be than its middle and still be taken
ONSETS = 0.5  # how much an attack within the fade counts beside a difference in sound

Values = npt.NDArray[np.float64]


def best_point(first: Block, second: Block, rate: int, fade: int) -> int:
    """Return the frame at which a cross-fade of `fade` frames from `first` to `second` is least heard.

    It is where the two sound most alike, band by band, and where nothing begins in either.

    Args:
        first: what ends, frames × channels.
        second: what begins, as long.
        rate: Hz.
        fade: frames, at most the length.
    """
    spare = len(first) - fade
    if spare <= 0:
        return 0
    one, other = onsets.levels(onsets.heard([first], rate)), onsets.levels(onsets.heard([second], rate))
    width = min(one.shape[1], max(1, round(fade / rate / onsets.STEP)))
    reference = onsets.loudest(np.maximum(one, other))
    heights = [np.log1p(levels * (onsets.COMPRESSION / reference)) for levels in (one, other)]
    apart = np.abs(heights[0] - heights[1]).mean(axis=0)
    begins = (onsets.rises(one) + onsets.rises(other)).mean(axis=0)
    cost = _even(apart, width) + ONSETS * _even(begins, width)
    places = np.arange(len(cost)) * onsets.STEP * rate
    away = np.abs(places / spare - 0.5) * 2
    allowed = away <= 1 - 2 * EDGE
    if not allowed.any():
        return spare // 2
    weighed = np.where(allowed, cost + MIDDLE * away**2 * float(cost.mean()), np.inf)
    return min(spare, round(float(places[int(np.argmin(weighed))])))


def _even(values: npt.NDArray[np.floating], width: int) -> Values:
    """Return the mean over `width` values from each on, by the mean over all."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    mean = (sums[width:] - sums[:-width]) / width
    even: Values = mean / max(float(mean.mean()), 1e-9)
    return even
