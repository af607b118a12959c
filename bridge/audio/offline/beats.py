"""Finds beats from onset strength, for clips that have no tempo map from the DAW.

`survey.py` measures the onset strength; `plan.py` uses the DAW's beats if there are any. If the DAW gives only a tempo,
that tempo is kept, and this module finds only the phase of the beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio import rhythm
from bridge.audio.offline.arrays import Curve
from bridge.audio.onsets import STEP, Envelope, loudest, rises

LOW_BANDS = 3  # number of the lowest bands (of onsets.BANDS) that contain kick and bass, up to about 250 Hz
AT_ONCE = 20_000  # values processed together, to limit memory
LAG = -0.0096  # s; measured delay from an onset to the onset strength; negative because windows reach ahead
STRETCH = 30.0  # s; length of a stretch with a constant tempo; the tempo may change from one stretch to the next
FALLBACK = 120.0  # BPM of a clip without any onset


@dataclass(frozen=True, slots=True)
class Onsets:
    """Onset strength, one value per onsets.STEP."""

    all: Curve  # mean over all bands, with the local mean removed; never negative
    low: Curve  # the same over the lowest bands, which show the downbeats

    @property
    def seconds(self) -> float:
        """Return the length of the clip, s."""
        return len(self.all) * STEP


def onset_strength(levels: Envelope) -> Onsets:
    """Return the onset strength of a clip from its levels (bands × values, from onsets.LevelMeter)."""
    count, reference = levels.shape[1], loudest(levels) if levels.size else 1.0
    means = np.zeros((2, count))
    for start in range(0, count, AT_ONCE):
        first = max(start - 1, 0)
        rise = rises(levels[:, first : start + AT_ONCE + 1], reference)[:, start - first :][:, :AT_ONCE]
        means[:, start : start + AT_ONCE] = rise.mean(axis=0), rise[:LOW_BANDS].mean(axis=0)
    return Onsets(_peaks(means[0]), _peaks(means[1]))


def _peaks(rise: Curve) -> Curve:
    """Smooth a curve over 15 ms and subtract its mean over the surrounding half second, to ignore swells."""
    if not len(rise):
        return rise
    smooth = np.convolve(rise, [0.25, 0.5, 0.25], mode="same")
    width = min(101, len(rise))
    mean = np.convolve(
        np.pad(smooth, (width // 2, width - 1 - width // 2), mode="edge"), np.full(width, 1.0 / width), "valid"
    )
    return np.asarray(np.maximum(smooth - mean, 0.0), dtype=np.float64)


def find_tempo(onsets: Onsets) -> float:
    """Return the tempo in BPM, or `FALLBACK` if the clip is too short or has no onsets."""
    found = rhythm.find_tempo(onsets.all.astype(np.float32)[None, :])
    return found.bpm if found else FALLBACK


def _refined(strength: Curve, start: float, periods: Curve, offsets: Curve, seconds: float) -> tuple[float, float]:
    """Run `_fit` over the full range, then in fine steps around the result; arguments and result are as in `_fit`."""
    period, begin = _fit(strength, start, periods, offsets, seconds)
    near = np.linspace(-0.00025, 0.00025, 7) if len(periods) > 1 else np.zeros(1)
    return _fit(strength, begin, period * (1.0 + near), np.linspace(-0.012, 0.012, 25), seconds - (begin - start))


def _fit(strength: Curve, start: float, periods: Curve, offsets: Curve, seconds: float) -> tuple[float, float]:
    """Return the beat period and the first beat (s) with the highest mean onset strength on the beats.

    The mean includes the beats in start..start+seconds. Points halfway between beats have a weight of one third, so
    that off-beats are not mistaken for beats and a plain beat is not doubled.
    """
    times = np.arange(len(strength)) * STEP - LAG
    best, found = -1.0, (float(periods[0]), start)
    for period in periods:
        beats = np.arange(max(int(seconds / period), 1)) * period
        at = start + offsets[:, None] * period + beats
        comb = np.interp(at, times, strength, right=0.0) + np.interp(at + period / 2, times, strength, right=0.0) / 3.0
        score = comb.mean(axis=1)
        top = int(np.argmax(score))
        if score[top] > best * (1.0 + 1e-9):
            best, found = float(score[top]), (float(period), float(start + offsets[top] * period))
    return found


def find_beats(onsets: Onsets, tempo: float | None) -> Curve:
    """Find the beats of a clip.

    Args:
        onsets: onset strength of the entire clip.
        tempo: exact tempo in BPM; None to estimate the tempo and follow its slow drift.

    Returns:
        Times of all beats in the clip in seconds, ascending; at least two.
    """
    period = 60.0 / (tempo or find_tempo(onsets))
    strength = np.convolve(onsets.all, np.hanning(9)[1:-1], mode="same") if len(onsets.all) else np.zeros(1)
    everywhere = np.arange(96) / 96.0
    first = min(STRETCH, onsets.seconds)
    spread = np.zeros(1) if tempo or not np.any(strength) else np.linspace(-0.02, 0.02, 81)
    period, begin = _refined(strength, 0.0, period * (1.0 + spread), everywhere, first)
    beats = [begin + np.arange(max(int(np.ceil((first - begin) / period)), 2)) * period]
    near = np.linspace(-0.1, 0.1, 41)
    spread = np.zeros(1) if tempo else np.linspace(-0.004, 0.004, 17)
    while beats[-1][-1] + period < onsets.seconds:
        start = beats[-1][-1] + period
        left = min(STRETCH, onsets.seconds - start)
        if not tempo and left > 4 * period:
            period, start = _refined(strength, start, period * (1.0 + spread), near, left)
        beats.append(start + np.arange(max(int(np.ceil(left / period)), 1)) * period)
    return np.concatenate(beats)


def find_downbeat(onsets: Onsets, beats: Curve, per_bar: int = 4) -> int:
    """Return the index of the first beat that starts a bar, from 0 to `per_bar` - 1.

    Every `per_bar`-th beat from this beat on has stronger bass onsets than the other beats.
    """
    times = np.arange(len(onsets.low)) * STEP - LAG
    if not len(times) or not np.any(onsets.low):
        return 0
    # Bass onsets are slow, so their strength counts up to 20 ms after the beat.
    at_beat = sum(np.interp(beats + late, times, onsets.low, left=0.0, right=0.0) for late in (0.0, 0.01, 0.02))
    means = [float(np.mean(np.asarray(at_beat)[first::per_bar])) for first in range(min(per_bar, len(beats)))]
    return int(np.argmax(means))
