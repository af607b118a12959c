"""A look-ahead limiter, which lowers the gain before each true peak and raises the gain slowly afterwards.

The `fit` task uses the limiter if gain alone cannot make the result as loud as its source. The offline engine uses the
limiter for the final level. The gain curve of the entire sound is computed at a low rate before it is applied, so that
the output never overshoots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block, heights
from bridge.audio.true_peak import HALF, TAPS

CONTROL = 32  # frames per value of the gain curve: 0.67 ms at 48 kHz
ATTACK = 1000.0  # dB/s; before a peak, the gain falls by 6 dB in 6 ms
RELEASE = 40.0  # dB/s; 6 dB in 150 ms, too slow to distort bass notes and too fast to be heard as pumping
SMOOTH = 4  # values on each side over which the curve is smoothed
MARGIN = 0.15  # dB below the ceiling; covers peaks that fourfold oversampling underestimates

Curve = npt.NDArray[np.float32]


class PeakCurve:
    """A meter for the true peak in every CONTROL frames of a stream of blocks (frames × channels)."""

    def __init__(self, threshold: float) -> None:
        """Prepare for a stream; samples below half of `threshold` (full scale 1.0) are not interpolated."""
        self._threshold = threshold / 2
        self._rest: Block | None = None
        self._values: list[Curve] = []

    def add(self, block: Block) -> None:
        """Add the next block."""
        if self._rest is None:
            self._rest = np.zeros((HALF, block.shape[1]), np.float32)
        joined = np.concatenate((self._rest, block))
        whole = max(0, len(joined) - 2 * HALF) // CONTROL * CONTROL
        if whole:
            self._values.append(self._peaks(joined[: whole + 2 * HALF], whole))
        self._rest = joined[whole:]

    def value(self) -> Curve:
        """Return the true peaks, one per CONTROL frames, full scale 1.0. Call this once, at the end."""
        if self._rest is None:
            return np.zeros(0, np.float32)
        self.add(np.zeros((HALF + CONTROL, self._rest.shape[1]), np.float32))
        return np.concatenate(self._values) if self._values else np.zeros(0, np.float32)

    def _peaks(self, joined: Block, frames: int) -> Curve:
        highest = heights(joined[HALF : HALF + frames])
        for channel in range(joined.shape[1]):
            samples = np.ascontiguousarray(joined[:, channel])
            near = np.abs(samples[HALF : HALF + frames + 1])
            places = np.flatnonzero(np.maximum(near[:-1], near[1:]) >= self._threshold)
            windows = np.lib.stride_tricks.sliding_window_view(samples, 2 * HALF)
            for start in range(0, len(places), 2048):
                at = places[start : start + 2048]
                between = np.abs(windows[at + 1] @ TAPS).max(axis=1)
                highest[at] = np.maximum(highest[at], between)
        peaks: Curve = highest.reshape(-1, CONTROL).max(axis=1)
        return peaks


def reduction(peaks: Curve, rate: int, gain_db: float, ceiling: float) -> Curve:
    """Return the gain reduction in dB, one value per CONTROL frames.

    Args:
        peaks: from PeakCurve, full scale 1.0.
        rate: Hz.
        gain_db: gain applied before the limiter, dB.
        ceiling: highest true peak of the output, dBTP.

    >>> peaks = np.full(100, 0.25, np.float32)
    >>> peaks[50] = 1.0  # 0 dBTP
    >>> round(float(reduction(peaks, 48000, gain_db=3.0, ceiling=-1.0).max()), 2)  # 3 dB + 1 dB + MARGIN
    4.15
    """
    over = 20 * np.log10(np.maximum(peaks, np.float32(1e-9))) + (gain_db - ceiling + MARGIN)
    needed = np.maximum(over, 0).astype(np.float64)
    if not needed.any():
        return np.zeros(len(peaks), np.float32)
    wide = needed.copy()
    for shift in range(1, SMOOTH + 2):  # covers the reach of the smoothing and interpolation
        wide[shift:] = np.maximum(wide[shift:], needed[:-shift])
        wide[:-shift] = np.maximum(wide[:-shift], needed[shift:])
    seconds = np.arange(len(wide)) * (CONTROL / rate)
    falling = np.maximum.accumulate(wide + RELEASE * seconds) - RELEASE * seconds
    rising = np.maximum.accumulate((wide - ATTACK * seconds)[::-1])[::-1] + ATTACK * seconds
    window = np.hanning(2 * SMOOTH + 3)[1:-1]
    curve = np.maximum(np.maximum(falling, rising), 0)
    rounded: Curve = np.convolve(np.pad(curve, SMOOTH, mode="edge"), window / window.sum(), "valid").astype(np.float32)
    return rounded


def limited(blocks: Iterable[Block], curve: Curve, gain_db: float) -> Iterator[Block]:
    """Yield the stream (frames × channels) with a gain (dB) and the gain reduction from `reduction` applied.

    >>> ones = np.ones((64, 2), np.float32)
    >>> [block[[0, -1], 0].round(3).tolist() for block in limited([ones], np.float32([6.0206, 6.0206]), 0.0)]
    [[0.5, 0.5]]
    """
    centres = (np.arange(len(curve)) + 0.5) * CONTROL
    position = 0
    for block in blocks:
        places = position + np.arange(len(block))
        gain = 10 ** ((gain_db - np.interp(places, centres, curve)) / 20)
        yield block * gain.astype(np.float32)[:, None]
        position += len(block)
