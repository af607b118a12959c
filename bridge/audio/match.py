"""Finds where two versions of the same music are most similar, so that a cross-fade between them is least audible.

The `join` task uses this module for the overlap of two segments of a long clip.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.audio import onsets
from bridge.audio.block import Block

EDGE = 0.15  # fraction of the overlap excluded at each end, since a result is worst at its start and end
MIDDLE = 0.25  # rise of the cost from the middle to the ends of the overlap, relative to the mean cost
ONSETS = 0.5  # weight of an onset within the fade, relative to a spectral difference

Values = npt.NDArray[np.float64]


def best_point(first: Block, second: Block, rate: int, fade: int) -> int:
    """Return the frame at which a cross-fade of `fade` frames from `first` to `second` is least audible.

    At this frame, the weighted sum of two costs is smallest: the difference between the sounds over all bands, and the
    strength of their onsets.

    Args:
        first: the sound that fades out, frames × channels.
        second: the sound that fades in, of the same length.
        rate: Hz.
        fade: length of the cross-fade in frames, at most the length of the sounds.

    >>> one, other = np.random.default_rng(1).standard_normal((2, 48000, 2)).astype(np.float32)
    >>> other[20000:32000] = one[20000:32000]
    >>> 20000 <= best_point(one, other, 48000, fade=4800) <= 32000 - 4800
    True
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
    """Return the moving mean over `width` values, scaled to a mean of 1."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    mean = (sums[width:] - sums[:-width]) / width
    even: Values = mean / max(float(mean.mean()), 1e-9)
    return even
