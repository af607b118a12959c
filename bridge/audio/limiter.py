"""Keeps peaks under a ceiling by turning down around each of them, ahead of it and slowly back: a look-ahead limiter.

The task `fit` uses it where a plain gain would leave the result quieter than its source. The gain curve is laid over
the whole piece before it is applied, at a low rate, so that it never overshoots and has no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block, heights
from bridge.audio.true_peak import HALF, TAPS

CONTROL = 32  # frames per value of the gain curve: 0.67 ms at 48 kHz
ATTACK = 1000.0  # dB/s: 6 dB take 6 ms, ahead of the peak
RELEASE = 40.0  # dB/s: 6 dB take 150 ms, slow enough not to follow a bass note's wave, too fast to hear a level breathe
SMOOTH = 4  # values to both sides over which the curve's corners are rounded
MARGIN = 0.15  # dB below the ceiling; covers what a peak can exceed its value at four times the rate

Curve = npt.NDArray[np.float32]


class PeakCurve:
    """The highest point, between samples too, in each CONTROL frames of a stream of blocks (frames × channels)."""

    def __init__(self, threshold: float) -> None:
        """Begin; what lies under half of `threshold` (full scale 1.0) is not looked at between the samples."""
        self._threshold = threshold / 2
        self._rest: Block | None = None
        self._values: list[Curve] = []

    def add(self, block: Block) -> None:
        """Take the next block."""
        if self._rest is None:
            self._rest = np.zeros((HALF, block.shape[1]), np.float32)
        joined = np.concatenate((self._rest, block))
        whole = max(0, len(joined) - 2 * HALF) // CONTROL * CONTROL
        if whole:
            self._values.append(self._peaks(joined[: whole + 2 * HALF], whole))
        self._rest = joined[whole:]

    def value(self) -> Curve:
        """Return one value per CONTROL frames, the last one over what is left. Ends the measuring."""
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
    """Return by how many dB to turn down, one value per CONTROL frames.

    Args:
        peaks: as PeakCurve gives them, full scale 1.0.
        rate: Hz.
        gain_db: what is applied before, dB.
        ceiling: dBTP.
    """
    over = 20 * np.log10(np.maximum(peaks, np.float32(1e-9))) + (gain_db - ceiling + MARGIN)
    needed = np.maximum(over, 0).astype(np.float64)
    if not needed.any():
        return np.zeros(len(peaks), np.float32)
    wide = needed.copy()
    for shift in range(1, SMOOTH + 2):  # as far as the rounding and the interpolation reach
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
    """Yield the stream with a gain (dB) and the curve of `reduction` applied."""
    centres = (np.arange(len(curve)) + 0.5) * CONTROL
    position = 0
    for block in blocks:
        places = position + np.arange(len(block))
        gain = 10 ** ((gain_db - np.interp(places, centres, curve)) / 20)
        yield block * gain.astype(np.float32)[:, None]
        position += len(block)
