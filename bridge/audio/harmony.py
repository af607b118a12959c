"""Compares the harmony of two sounds over time, regardless of instruments and transposition.

align.py compares a result with its source after it has aligned the two. The comparison distinguishes between different
pieces of the same tempo, whose onsets alone would match.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.audio.onsets import RATE, Mono

SIZE, HOP = 4096, 1600  # frames at onsets.RATE: windows of 0.26 s, every 0.1 s
STEP = HOP / RATE  # seconds between two windows
LOWEST, HIGHEST = 110.0, 2500.0  # Hz; range of the tones that are compared
SHIFTS = range(-80, 81, 5)  # steps by which one sound is shifted in time, to find the similarity of unrelated music
CHANCE = 10  # steps; smallest shift at which two sounds count as unrelated music

Chroma = npt.NDArray[np.floating[Any]]


def chroma(sound: Mono) -> Chroma:
    """Return the strength of the 12 pitch classes over time (steps × 12), minus the means over time and over classes.

    >>> tone = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    >>> chroma(tone).shape  # one row per 0.1 s
    (21, 12)
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(sound, SIZE // 2), SIZE)[::HOP]
    size = np.abs(np.fft.rfft(windows * np.hanning(SIZE).astype(np.float32), axis=1))
    hertz = np.fft.rfftfreq(SIZE, 1 / RATE)
    heard = np.flatnonzero((hertz > LOWEST) & (hertz < HIGHEST))
    levels = np.log1p(100 * size[:, heard] / max(1e-9, float(size.max())))
    total = np.cumsum(np.pad(levels, ((0, 0), (13, 12)), mode="edge"), axis=1)
    peaks = np.maximum(levels - (total[:, 25:] - total[:, :-25]) / 25, 0)  # spectral peaks
    classes = 12 * np.log2(hertz[heard] / 440.0)
    distance = np.abs((classes[:, None] - np.arange(12) + 6) % 12 - 6)
    tones = peaks @ np.maximum(0, 1 - distance)
    tones = tones - tones.mean(axis=0)
    found: Chroma = tones - tones.mean(axis=1, keepdims=True)
    return found


def shared(source: Chroma, result: Chroma, offset: float, drift: float) -> float:
    """Return the similarity of two aligned sounds, minus the similarity of unrelated music.

    The value is about 0 for different pieces and about 0.6 for the same music.

    Args:
        source: `chroma` of the source.
        result: `chroma` of the result, which may be transposed.
        offset: how late the result is in the middle of the clip, s.
        drift: the result takes 1 + drift times as long as the source.

    >>> steps = np.random.default_rng(1).standard_normal((300, 12))  # noise: 30 s, unlike itself at any other time
    >>> round(shared(steps, np.roll(steps, 3, axis=1), 0.0, 0.0), 1)  # three semitones up
    1.0
    """
    count = min(len(source), len(result))
    places = np.arange(count) + offset / STEP + drift * (np.arange(count) - (count - 1) / 2)
    laid = np.stack([np.interp(places, np.arange(count), result[:count, tone]) for tone in range(12)], axis=1)
    shifts = [shift for shift in SHIFTS if abs(shift) <= count // 2]
    likeness = {shift: _alike(source[:count], laid, shift) for shift in shifts}
    chance = [value for shift, value in likeness.items() if abs(shift) >= CHANCE]
    return likeness[0] - float(np.mean(chance)) if chance else 0.0


def _alike(source: Chroma, laid: Chroma, shift: int) -> float:
    """Return the highest correlation over the 12 transpositions, at one time shift."""
    first = source[max(0, -shift) : len(source) - max(0, shift)]
    second = laid[max(0, shift) : len(laid) - max(0, -shift)]
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    table = first.T @ second  # classes × classes; each wrapped diagonal is one transposition
    rows = np.arange(12)
    return max(float(table[rows, (rows + turn) % 12].sum()) for turn in range(12)) / size if size > 0 else 0.0
