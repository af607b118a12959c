"""Measures how a clip's loudness is spread over the spectrum, to predict how much a filter changes the loudness.

`survey.py` measures a clip; `plan.py` then finds the gain that makes up for a family's filter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.loudness import k_weighting
from bridge.audio.offline.arrays import Audio, Curve


@dataclass(frozen=True, slots=True)
class Balance:
    """A K-weighted power spectrum."""

    frequencies: Curve  # Hz
    power: Curve  # power at each frequency, arbitrary unit

    def change(self, gain: Curve) -> float:
        """Return how much a filter changes the loudness, dB.

        Args:
            gain: power gain at each of the frequencies.
        """
        before, after = float(self.power.sum()), float(self.power @ gain)
        return float(10.0 * np.log10(after / before)) if before > 0.0 and after > 0.0 else 0.0


class BalanceMeter:
    """A meter for the K-weighted spectrum of a clip, which adds up windows of 100 ms block by block."""

    def __init__(self, rate: int) -> None:
        self._size = max(round(rate / 10), 2)
        self._frequencies = np.asarray(np.fft.rfftfreq(self._size, 1.0 / rate), dtype=np.float64)
        self._weights = np.abs(k_weighting(rate, self._size).astype(np.complex128)) ** 2
        self._rest = np.zeros((0, 2), dtype=np.float32)
        self._power = np.zeros(len(self._frequencies))

    def add(self, audio: Audio) -> None:
        """Add the next block, frames × 2."""
        audio = np.concatenate((self._rest, audio)) if len(self._rest) else audio
        count = len(audio) // self._size
        self._rest = audio[count * self._size :].copy()
        windows = audio[: count * self._size].reshape(count, self._size, 2)
        for channel in range(2):
            spectrum = np.fft.rfft(windows[:, :, channel], axis=1)
            self._power += (spectrum.real**2 + spectrum.imag**2).sum(axis=0) * self._weights

    def balance(self) -> Balance:
        """Return the spectrum of all added blocks."""
        return Balance(self._frequencies, self._power)
