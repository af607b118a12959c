"""Short-time Fourier transform: divides audio into windows, changes their spectra and overlap-adds the windows.

The filters and the pad of the ambient family use this module. Unchanged spectra reproduce the audio.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, Spectrum

BATCH = 256  # windows in memory at the same time


def window_count(frames: int, size: int) -> int:
    """Return how many windows cover `frames`; window k is centred at frame k·size/2."""
    return -(-frames // (size // 2)) + 1


def bin_frequencies(size: int, rate: int) -> Curve:
    """Return the frequency of each bin, Hz."""
    return np.asarray(np.fft.rfftfreq(size, 1.0 / rate), dtype=np.float64)


def change_windows(audio: Audio, size: int, change: Callable[[Spectrum, int, int], Spectrum]) -> Audio:
    """Change audio in windows of `size` frames that overlap by half.

    The analysis and synthesis windows are the square root of a Hann window, so that unchanged windows add up to the
    audio. Differences between windows are cross-faded over size/2 frames and do not click.

    Args:
        audio: frames × channels, float32.
        size: frames per window, an even number.
        change: function of spectra (windows × bins), the index of the first window, and the channel; returns spectra of
            the same shape.

    Returns:
        Audio of the same shape.
    """
    hop = size // 2
    frames, channels = audio.shape
    count = window_count(frames, size)
    shape = np.sqrt(0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(size) + 0.5) / size)).astype(np.float32)
    out = np.empty_like(audio)
    for channel in range(channels):
        padded = np.zeros((count + 1) * hop, dtype=np.float32)
        padded[hop : hop + frames] = audio[:, channel]
        halves = padded.reshape(-1, hop)
        result = np.zeros_like(halves)
        for first in range(0, count, BATCH):
            last = min(first + BATCH, count)
            windows = np.concatenate((halves[first:last], halves[first + 1 : last + 1]), axis=1) * shape
            spectrum = change(np.fft.rfft(windows, axis=1).astype(np.complex64, copy=False), first, channel)
            windows = np.fft.irfft(spectrum, size, axis=1) * shape
            result[first:last] += windows[:, :hop]
            result[first + 1 : last + 1] += windows[:, hop:]
        out[:, channel] = result.reshape(-1)[hop : hop + frames]
    return out
