"""Generated clips with a known tempo for the tests of the offline engine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 48000


def chords(seconds: float, rate: int = RATE, tempo: float = 120.0, level: float = 0.5) -> npt.NDArray[np.float32]:
    """Return synthesiser chords with soft attacks and a bass; the chord changes every two beats. Shape: frames × 2."""
    frames = round(seconds * rate)
    times = np.arange(frames) / rate
    each = 2 * 60.0 / tempo
    out = np.zeros((frames, 2))
    roots = (110.0, 87.31, 130.81, 98.0)
    for number in range(int(np.ceil(seconds / each))):
        since = times - number * each
        inside = (since >= 0) & (since < each)
        shape = np.where(inside, np.minimum(since / 0.01, 1.0) * np.minimum((each - since) / 0.01, 1.0), 0.0)
        shape *= np.exp(-np.maximum(since, 0.0) / 0.6)
        root = roots[number % 4]
        for ratio, side in ((1.0, 0.0), (2.0, 0.3), (2.5, -0.3), (3.0, 0.2), (4.0, -0.2), (8.0, 0.1)):
            tone = np.sin(2 * np.pi * root * ratio * times) * shape / ratio**0.5
            out += np.stack((tone * (1 - side), tone * (1 + side)), axis=1)
    return (out * (level / max(np.max(np.abs(out)), 1e-9))).astype(np.float32)


def clicks(seconds: float, tempo: float, first: float, rate: int = RATE) -> npt.NDArray[np.float32]:
    """Return the sound of a metronome (see `clicks_at`) at a steady tempo."""
    return clicks_at(seconds, np.arange(first, seconds - 0.1, 60.0 / tempo), rate)


def clicks_at(seconds: float, beats: npt.NDArray[np.float64], rate: int = RATE) -> npt.NDArray[np.float32]:
    """Return a metronome's sound: a noise burst on each beat, plus a low thump on every fourth. Shape: frames × 2."""
    rng = np.random.default_rng(3)
    out = np.zeros(round(seconds * rate))
    length = rate // 20
    times = np.arange(length) / rate
    for number, beat in enumerate(beats):
        start = round(beat * rate)
        sound = 0.3 * rng.standard_normal(length) * np.exp(-times / 0.01)
        if number % 4 == 0:
            sound = sound + 0.8 * np.sin(2 * np.pi * 60.0 * times) * np.exp(-times / 0.03)
        out[start : start + length] += sound[: len(out) - start]
    return np.stack((out, out), axis=1).astype(np.float32)


def grid(seconds: float, tempo: float = 120.0, first: float = 0.0) -> dict[str, tuple[float, ...] | tuple[int, ...]]:
    """Return the beats and downbeats of steady 4/4 bars, as a DAW sends them."""
    beats = tuple(float(beat) for beat in np.arange(first, seconds, 60.0 / tempo))
    return {"beats": beats, "downbeats": tuple(range(0, len(beats), 4))}
