"""Dynamics: ducking under the kick, saturation, and the gate that keeps silence silent.

`chain.py` applies them between the filters and the mix; `remix.py` sets the final level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, at_rate, decibels

CONTROL = 500  # values per second of a control curve
SOUNDING = -52.0  # dBFS; drums have their full level if the clip's loudest 50 ms within half a second reach this
UNDER = 18.0  # dB below the clip's loudness; replaces SOUNDING for clips quieter than -34 LUFS
CLOSING = 14.0  # dB; further fall of the clip's level after which drums are silent


@dataclass(frozen=True, slots=True)
class Duck:
    """Ducking of the clip under the kick."""

    depth: float  # gain reduction at the kick, dB
    beats: float  # release time, beats


def duck_gain(kicks: Sequence[tuple[float, float]], duck: Duck, beat: float, frames: int, rate: int) -> Audio:
    """Return the clip's gain factor under the kicks, one value per frame.

    The gain falls in the 8 ms before each kick, to avoid clicks.

    Args:
        kicks: time (s from the first frame) and velocity of each kick.
        duck: depth and release.
        beat: length of a beat, s.
        frames: number of values to return.
        rate: Hz.
    """
    count = max(int(np.ceil(frames / rate * CONTROL)) + 1, 2)
    times = np.arange(count) / CONTROL
    gain_db = np.zeros(count, dtype=np.float64)
    length = max(duck.beats * beat, 0.02)
    for kick, velocity in kicks:
        first = max(int((kick - 0.012) * CONTROL), 0)
        last = min(int((kick + length) * CONTROL) + 2, count)
        since = times[first:last] - kick
        # The release is a raised cosine.
        back = 0.5 + 0.5 * np.cos(np.pi * np.clip(since / length, 0.0, 1.0))
        shape = np.where(since < 0.0, 0.5 + 0.5 * np.cos(np.pi * np.clip(since / 0.008, -1.0, 0.0)), back)
        gain_db[first:last] = np.minimum(gain_db[first:last], -duck.depth * velocity * shape)
    return at_rate(np.power(10.0, gain_db / 20.0), times, frames, rate)


def drive(audio: Audio, amount: float, reference: float) -> Audio:
    """Apply tape saturation, which adds odd harmonics to everything louder than the reference.

    Args:
        audio: frames × 2.
        amount: 0 (none) to 1 (strong).
        reference: average level of the audio, full scale 1.0.
    """
    if amount <= 0.0 or reference <= 0.0:
        return audio
    knee = np.float32(reference * decibels(14.0 - 12.0 * amount))
    return np.asarray(np.tanh(audio / knee) * knee, dtype=np.float32)


def activity(audio: Audio, rate: int, loudness: float) -> Audio:
    """Return the gain (0..1) of a gate for each frame.

    The gate is open if the clip sounds at any time in the half second around the frame.

    Drums, bass and hiss are multiplied by this gain, so that they stop with the clip and silence stays silent.

    Args:
        audio: frames × 2.
        rate: Hz.
        loudness: loudness of the entire clip, LUFS.
    """
    block = max(round(0.05 * rate), 1)
    count = len(audio) // block
    if count == 0:
        power = np.array([float(np.mean(audio.astype(np.float64) ** 2))]) if len(audio) else np.zeros(1)
    else:
        squares = np.einsum("ij,ij->i", audio[: count * block], audio[: count * block])
        power = squares.reshape(count, block).mean(axis=1, dtype=np.float64) / audio.shape[1]
    width = 10
    padded = np.pad(power, (width // 2, width - 1 - width // 2), mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, width).max(axis=1)
    level = 10.0 * np.log10(highest + 1e-12)
    sounding = min(SOUNDING, loudness - UNDER)
    share = np.clip((level - sounding) / CLOSING + 1.0, 0.0, 1.0)
    smooth = np.asarray(np.convolve(np.pad(share, 2, mode="edge"), np.full(5, 0.2), mode="valid"), dtype=np.float64)
    centres = np.asarray((np.arange(len(smooth)) + 0.5) * (block / rate), dtype=np.float64)
    return at_rate(smooth, centres, len(audio), rate)
