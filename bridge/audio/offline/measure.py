"""Measures a remix: spectral balance, onsets, similarity to the source, and clicks.

The tests and the tables in docs/offline.md (scripts/offline_table.py) use this module; the engine does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.loudness import integrated_loudness
from bridge.audio.offline.arrays import Audio, Curve, Frames, mono
from bridge.audio.offline.beats import Onsets, onset_strength
from bridge.audio.onsets import STEP, LevelMeter

BANDS = ((20.0, 120.0), (120.0, 500.0), (500.0, 2000.0), (2000.0, 6000.0), (6000.0, 16000.0))  # Hz
ONSET = 0.15  # smallest strength of an onset
STANDS_OUT = 14.0  # smallest ratio of a click's curvature to the curvature around it
AUDIBLE = 0.004  # full scale; smallest curvature of an audible click


@dataclass(frozen=True, slots=True)
class Portrait:
    """The measurements of a clip."""

    balance: tuple[float, ...]  # power in each of BANDS, dB relative to their sum
    onsets: float  # number of onsets per second
    likeness: float  # correlation with the source over time, -1..1
    loudness: float | None  # LUFS; None if the clip is silent
    peak: float  # highest absolute sample, full scale
    clicks: int  # number found by `find_clicks`


def balance(audio: Audio, rate: int) -> tuple[float, ...]:
    """Return the power in each of BANDS in dB relative to their sum; audio is frames × 2."""
    spectrum = np.abs(np.fft.rfft(mono(audio))) ** 2
    frequencies = np.fft.rfftfreq(len(audio), 1.0 / rate)
    powers = np.array([spectrum[(frequencies >= low) & (frequencies < high)].sum() for low, high in BANDS]) + 1e-12
    return tuple(float(level) for level in 10.0 * np.log10(powers / powers.sum()))


def onset_times(audio: Audio, rate: int) -> Curve:
    """Return the times of clear onsets in seconds, exact to about 5 ms."""
    strength = _onsets(audio, rate).all
    if len(strength) < 3:
        return np.zeros(0)
    middle = strength[1:-1]
    tops = (middle > strength[:-2]) & (middle >= strength[2:]) & (middle > ONSET)
    return np.asarray((np.flatnonzero(tops) + 1) * STEP, dtype=np.float64)


def _onsets(audio: Audio, rate: int) -> Onsets:
    meter = LevelMeter(rate)
    meter.add(audio)
    return onset_strength(meter.value())


def rhythm(audio: Audio, rate: int, bars: Curve) -> Curve:
    """Return the mean onset strength on each sixteenth of a bar: 16 values of the lowest bands, then 16 of all bands.

    Args:
        audio: frames × 2.
        rate: Hz.
        bars: times of the bar lines in 4/4, s.
    """
    onsets = _onsets(audio, rate)
    times = np.arange(len(onsets.all)) * STEP
    positions = np.interp(times, bars, np.arange(len(bars)), left=-1.0, right=-1.0)
    steps = np.round((positions % 1.0) * 16.0).astype(np.int64) % 16
    inside = positions >= 0.0
    count = np.maximum(np.bincount(steps[inside], minlength=16), 1)
    rows = [np.bincount(steps[inside], strength[inside], minlength=16) / count for strength in (onsets.low, onsets.all)]
    return np.concatenate(rows)


def likeness(first: Audio, second: Audio) -> float:
    """Return the correlation of two clips of the same length; 0 if either is silent."""
    both = float(np.sqrt(np.sum(first.astype(np.float64) ** 2) * np.sum(second.astype(np.float64) ** 2)))
    return float(np.sum(first.astype(np.float64) * second)) / both if both else 0.0


def find_clicks(audio: Audio, rate: int) -> Frames:
    """Return the frames of clicks, where the curvature is far above the curvature in the 5 ms before and after.

    An attack is not a click: its sound continues, whereas a discontinuity ends after a sample or two.

    Args:
        audio: frames × channels.
        rate: Hz.
    """
    reach, gap = max(rate // 200, 32), 4
    found: set[int] = set()
    for channel in range(audio.shape[1]):
        bend = np.abs(np.diff(audio[:, channel].astype(np.float64), 2))
        padded = np.pad(bend, reach + gap, mode="edge")
        total = np.concatenate(([0.0], np.cumsum(padded**2)))
        start = np.arange(len(bend))
        before = total[start + reach] - total[start]
        after = total[start + 2 * (reach + gap) + 1] - total[start + reach + 2 * gap + 1]
        around = np.sqrt(np.maximum(np.maximum(before, after), 0.0) / reach)
        clicks = np.flatnonzero((bend > STANDS_OUT * around) & (bend > AUDIBLE))
        found.update(int(frame) + 1 for frame in clicks)
    return np.array(sorted(found), dtype=np.int64)


def portray(audio: Audio, source: Audio, rate: int) -> Portrait:
    """Measure a clip (frames × 2) and compare it with its source of the same length."""
    return Portrait(
        balance=balance(audio, rate),
        onsets=len(onset_times(audio, rate)) / (len(audio) / rate),
        likeness=likeness(audio, source),
        loudness=integrated_loudness([audio], rate),
        peak=float(np.max(np.abs(audio), initial=0.0)),
        clicks=len(find_clicks(audio, rate)),
    )
