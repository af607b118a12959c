"""Generated sounds for tests; the same seed always gives the same samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]  # frames × channels


def noise(frames: int, channels: int = 2, *, seed: int = 1, level: float = 0.5, bits: int = 24) -> Sound:
    """Return low-passed noise, quantised to `bits` bits so that PCM files store it exactly."""
    rough = np.random.default_rng(seed).standard_normal((frames, channels))
    smooth = rough + np.roll(rough, 1, axis=0) + np.roll(rough, 2, axis=0)
    scaled = smooth / max(1e-9, float(np.abs(smooth).max())) * level
    return (np.rint(scaled * 2 ** (bits - 1)) / 2 ** (bits - 1)).astype(np.float32)


def sine(frames: int, rate: int, frequency: float, level: float = 0.5, channels: int = 2) -> Sound:
    """Return the same sine wave on all channels."""
    wave = level * np.sin(2 * np.pi * frequency * np.arange(frames) / rate)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def lag(first: Sound, second: Sound, reach: int = 3000) -> int:
    """Return the delay of `second` relative to `first` in frames, from the cross-correlation of the left channels."""
    frames = min(len(first), len(second))
    points = 2 ** int(np.ceil(np.log2(2 * frames)))
    spectrum = np.fft.rfft(second[:frames, 0], points) * np.conj(np.fft.rfft(first[:frames, 0], points))
    correlation = np.fft.irfft(spectrum, points)
    around = np.concatenate((correlation[-reach:], correlation[: reach + 1]))
    return int(np.argmax(around)) - reach
