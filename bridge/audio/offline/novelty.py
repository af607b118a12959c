"""Onset strength over time, from audio that comes in blocks: what tempo and beats are found in.

`survey.py` feeds it while the clip is measured; it is needed only where the DAW gave no beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from bridge.audio.offline.arrays import Audio, Curve, mono

RATE = 16000  # Hz the clip is brought to; beats need no more
SIZE = 512  # frames of a window there, 32 ms
HOP = 80  # frames from one value to the next, 5 ms
BANDS = 24  # on a mel scale, up to RATE / 2
LOW_BANDS = 3  # of these, the ones that hold kick and bass (up to about 250 Hz)


@dataclass(frozen=True, slots=True)
class Onsets:
    """Onset strength, one value per 5 ms."""

    all: Curve  # over all bands, local mean removed, never negative
    low: Curve  # of the lowest bands alone: downbeats show there

    @property
    def seconds(self) -> float:
        """Return the length that was listened to, s."""
        return len(self.all) * HOP / RATE


def band_edges() -> list[int]:
    """Return the first spectrum bin of each mel band, rising strictly."""
    top = 2595.0 * np.log10(1.0 + RATE / 2 / 700.0)
    hertz = 700.0 * (10.0 ** (np.arange(BANDS) * top / BANDS / 2595.0) - 1.0)
    bins = np.round(hertz / (RATE / SIZE)).astype(int)
    for band in range(1, BANDS):
        bins[band] = max(bins[band], bins[band - 1] + 1)
    return [int(value) for value in bins]


class Listener:
    """Collects onset strength block by block; its memory is 200 pairs of values per second of audio."""

    def __init__(self, rate: int) -> None:
        self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="LQ")
        self._edges = band_edges()
        self._window = np.hanning(SIZE).astype(np.float32)
        # Half a window of silence before the clip: value i is then the change around i·5 ms.
        self._rest = np.zeros(SIZE // 2, dtype=np.float32)
        self._last = np.zeros((1, BANDS), dtype=np.float32)
        self._all: list[Curve] = []
        self._low: list[Curve] = []

    def add(self, audio: Audio, *, last: bool = False) -> None:
        """Take in the next block, frames × 2."""
        samples = np.concatenate((self._rest, self._resampler.resample_chunk(mono(audio), last=last)))
        if len(samples) < SIZE:
            self._rest = samples
            return
        windows = np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::HOP]
        self._rest = samples[len(windows) * HOP :]
        spectrum = np.fft.rfft(windows * self._window, axis=1)
        power = np.add.reduceat(spectrum.real**2 + spectrum.imag**2, self._edges, axis=1)
        levels = np.log1p(100.0 * np.sqrt(power))
        rise = np.maximum(np.diff(np.concatenate((self._last, levels)), axis=0), 0.0)
        self._last = levels[-1:]
        self._all.append(rise.mean(axis=1).astype(np.float64))
        self._low.append(rise[:, :LOW_BANDS].mean(axis=1).astype(np.float64))

    def onsets(self) -> Onsets:
        """Return what was heard so far."""
        empty = [np.zeros(0)]
        return Onsets(_peaks(np.concatenate(self._all or empty)), _peaks(np.concatenate(self._low or empty)))


def _peaks(rise: Curve) -> Curve:
    """Smooth over 15 ms and take away the mean of the half second around, so that swells do not count as onsets."""
    if not len(rise):
        return rise
    smooth = np.convolve(rise, [0.25, 0.5, 0.25], mode="same")
    width = min(101, len(rise))
    mean = np.convolve(
        np.pad(smooth, (width // 2, width - 1 - width // 2), mode="edge"), np.full(width, 1.0 / width), "valid"
    )
    return np.asarray(np.maximum(smooth - mean, 0.0), dtype=np.float64)
