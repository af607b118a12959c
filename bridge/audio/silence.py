"""Decides whether a stream is silent. Silence includes dither and a constant offset (DC), which nobody hears.

The `render` task measures clips, the `split` task measures the segments of long clips, and the `probe` task applies the
same limit to results.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.block import Block

SILENT = 10 ** (-80 / 20)  # of full scale (-80 dB); a stream with a lower peak is silent. 16-bit dither is at -90 dB


class SoundPeak:
    """A meter for the peak of a stream without its DC offset."""

    def __init__(self) -> None:
        self._frames = 0
        self._sum = np.zeros(0)  # one value per channel, like the next two
        self._high = np.zeros(0)
        self._low = np.zeros(0)

    def add(self, block: Block) -> None:
        """Add the next block (frames × channels)."""
        if not len(block):
            return
        sides = [block[:, channel] for channel in range(block.shape[1])]  # numpy is slow over such a short axis
        high, low = np.array([side.max() for side in sides]), np.array([side.min() for side in sides])
        total = np.array([side.sum(dtype=np.float64) for side in sides])
        if self._frames:
            high, low, total = np.maximum(high, self._high), np.minimum(low, self._low), total + self._sum
        self._high, self._low, self._sum = high, low, total
        self._frames += len(block)

    def value(self) -> float:
        """Return the largest distance of a sample from its channel's mean, full scale 1.0; 0 without samples.

        >>> meter = SoundPeak()
        >>> meter.add(np.float32([[0.5], [0.75], [0.25]]))
        >>> meter.value()
        0.25
        """
        if not self._frames:
            return 0.0
        mean = self._sum / self._frames
        return float(max((self._high - mean).max(), (mean - self._low).max()))

    def is_silent(self) -> bool:
        """Return whether all added blocks are silent."""
        return self.value() < SILENT
