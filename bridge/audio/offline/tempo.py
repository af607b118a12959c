"""Beats from onset strength, for clips that come without the DAW's tempo map.

`grid.py` takes beats from the DAW where it can; the tempo alone, when given, is kept and only its phase is looked for.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.offline.arrays import Curve
from bridge.audio.offline.novelty import HOP, RATE, Onsets

STEP = HOP / RATE  # s between two values of the onset strength
LAG = -0.0096  # s by which the strength of an onset comes after it: before, since windows reach ahead; measured
SLOWEST, FASTEST = 55.0, 210.0  # BPM that are looked for
PREFERRED = 118.0  # BPM; of a tempo and its double the one nearer to this is taken
STRETCH = 30.0  # s of one constant tempo; longer clips are followed from stretch to stretch
FALLBACK = 120.0  # BPM of a clip without any onset


def find_tempo(onsets: Onsets) -> float:
    """Estimate the tempo in BPM.

    The autocorrelation of the onset strength is summed over the first four multiples of a beat and weighted with a bell
    of 0.7 octaves around `PREFERRED`. Right to 2 % for about 3 of 4 clips with drums, else mostly off by an octave.
    """
    strength = onsets.all - onsets.all.mean() if len(onsets.all) else onsets.all
    if len(strength) < round(2.0 / STEP) or not np.any(strength):
        return FALLBACK
    size = 1 << (2 * len(strength) - 1).bit_length()
    spectrum = np.fft.rfft(strength, size)
    similar = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: round(5.0 / STEP)]
    similar = similar / (len(strength) - np.minimum(np.arange(len(similar)), len(strength) - 1))
    tempos = SLOWEST * 1.0025 ** np.arange(int(np.log(FASTEST / SLOWEST) / np.log(1.0025)))
    lags = 60.0 / tempos / STEP
    score = np.zeros(len(tempos))
    for multiple in (1, 2, 3, 4):
        score += np.interp(lags * multiple, np.arange(len(similar)), similar, right=0.0) / multiple**0.5
    score = np.maximum(score, 0.0) * np.exp(-0.5 * (np.log2(tempos / PREFERRED) / 0.7) ** 2)
    return float(tempos[int(np.argmax(score))])


def _refined(strength: Curve, start: float, periods: Curve, offsets: Curve, seconds: float) -> tuple[float, float]:
    """Fit twice: over the whole range, then finely around what was found; arguments and result as for `_fit`."""
    period, begin = _fit(strength, start, periods, offsets, seconds)
    near = np.linspace(-0.00025, 0.00025, 7) if len(periods) > 1 else np.zeros(1)
    return _fit(strength, begin, period * (1.0 + near), np.linspace(-0.012, 0.012, 25), seconds - (begin - start))


def _fit(strength: Curve, start: float, periods: Curve, offsets: Curve, seconds: float) -> tuple[float, float]:
    """Return beat period and first beat (s) whose comb over start..start+seconds collects most onset strength.

    Half beats count a third: music that plays off the beat is not taken to be the beat, and a bare beat stays one.
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
    """Find the beats.

    Args:
        onsets: of the whole clip.
        tempo: BPM when it is known; it is then kept exactly. None: estimated, and followed through slow drift.

    Returns:
        Times of the beats in s, ascending, over the whole clip, at least two.
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
    """Return which of the first `per_bar` beats begins a bar: the one whose kin have the strongest bass onsets."""
    times = np.arange(len(onsets.low)) * STEP - LAG
    if not len(times) or not np.any(onsets.low):
        return 0
    # Bass comes a little late and slow, so a few values after the beat count too.
    at_beat = sum(np.interp(beats + late, times, onsets.low, left=0.0, right=0.0) for late in (0.0, 0.01, 0.02))
    means = [float(np.mean(np.asarray(at_beat)[first::per_bar])) for first in range(min(per_bar, len(beats)))]
    return int(np.argmax(means))
