"""Array types and basic operations that every module of the offline engine uses."""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Audio: TypeAlias = npt.NDArray[np.float32]  # frames × 2, or frames for one channel
Curve: TypeAlias = npt.NDArray[np.float64]  # values over time or frequency
Frames: TypeAlias = npt.NDArray[np.int64]  # positions in frames
Spectrum: TypeAlias = npt.NDArray[np.complex64]  # windows × bins


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return a random generator for one purpose and one phrase or section.

    Each purpose, and within it each phrase or section, has its own stream of numbers, so that a long clip sounds the
    same however it is divided into sections.
    """
    return np.random.default_rng([seed & 0xFFFF_FFFF, zlib.crc32(purpose.encode()), index + (1 << 20)])


def excerpt(audio: Audio, start: int, stop: int) -> Audio:
    """Return frames start..stop, padded with silence outside the audio.

    Args:
        audio: frames × channels.
        start: first frame; may be negative.
        stop: frame after the last; may be beyond the end.
    """
    inside = audio[max(start, 0) : max(stop, 0)]
    if len(inside) == stop - start:
        return inside
    padded = np.zeros((stop - start, *audio.shape[1:]), dtype=np.float32)
    if len(inside):
        padded[max(-start, 0) :][: len(inside)] = inside
    return padded


def add_at(audio: Audio, position: int, sound: Audio) -> None:
    """Add `sound` to `audio` in place from frame `position`; frames outside `audio` are dropped."""
    first = max(position, 0)
    last = min(position + len(sound), len(audio))
    if first < last:
        audio[first:last] += sound[first - position : last - position]


def fade_in(frames: int) -> Audio:
    """Return the rising half of a raised cosine; the curve and its mirror image add up to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(frames, 1))).astype(np.float32)


def mono(audio: Audio) -> Audio:
    """Return the mean of two channels; numpy's mean over so short an axis takes ten times as long."""
    return np.asarray((audio[:, 0] + audio[:, 1]) * np.float32(0.5), dtype=np.float32)


def fade_edges(audio: Audio, frames: int) -> Audio:
    """Return audio (frames × 2) with its first `frames` frames faded in and its last `frames` frames faded out.

    The audio may start and end in the middle of a wave, which would cause a click at another position.
    """
    faded = audio.copy()
    edge = min(frames, len(audio) // 2)
    if edge:
        faded[:edge] *= fade_in(edge)[:, None]
        faded[-edge:] *= fade_in(edge)[::-1, None]
    return faded


def decibels(gain_db: float) -> float:
    """Return a gain in dB as a factor."""
    return float(10.0 ** (gain_db / 20.0))


def at_rate(values: Curve, times: Curve, frames: int, rate: int) -> Audio:
    """Interpolate a control curve to one value per frame.

    Args:
        values: the curve at `times`.
        times: times of the values, s from the first frame, ascending.
        frames: number of values to return.
        rate: Hz.
    """
    return np.interp(np.arange(frames) / rate, times, values).astype(np.float32)
