"""Estimates the tempo of a clip from its onsets, with the DAW's tempo as a prior if the DAW gives one.

The `listen` task and the offline engine use this module with onset envelopes from onsets.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.audio.onsets import STEP, Envelope

SLOWEST, FASTEST = 50.0, 220.0  # BPM; range of the search
PREFERRED, OCTAVES = 115.0, 0.75  # centre (BPM) and width (octaves) of the bell curve that weights tempos
LONGEST_LAG = 12.0  # s; longest lag of the autocorrelation; long lags make the period more exact
MULTIPLES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)  # beats after which music repeats itself
WEIGHTS = (0.5, 1.0, 1.0, 0.4, 1.0, 0.4, 0.8)
THIRDS = 0.2  # penalty for similarity at 2/3 and 4/3 of a period, which suggests that the period is 3/2 of a beat
SURE = 0.22  # lowest clearness at which a tempo is reported; docs/fit.md shows how often such a tempo is right

Curve = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Tempo:
    """The tempo of a clip."""

    bpm: float  # BPM; the DAW's tempo if the DAW gave one
    clearness: float  # 0..1; how much the music repeats itself at this tempo
    measured: float  # BPM; tempo measured from the sound alone

    @property
    def sure(self) -> bool:
        """Return whether the tempo is clear enough to be reported."""
        return self.clearness >= SURE


def find_tempo(envelope: Envelope, prior: float | None = None) -> Tempo | None:
    """Return the tempo of an onset envelope, or None if the envelope is shorter than 2 s or has no onsets.

    The score of a period is the weighted mean of the autocorrelation (summed over all bands) at the period's multiples.

    Args:
        envelope: onset strength of the clip, bands × values, one value per onsets.STEP.
        prior: the DAW's tempo in BPM, which is returned as `bpm`; the sound determines only the other fields.

    >>> beats = np.zeros((1, 4000), np.float32)  # 20 s
    >>> beats[0, ::100] = 1.0  # every 0.5 s
    >>> round(find_tempo(beats).bpm, 1)
    120.0
    """
    if envelope.shape[1] * STEP < 2.0 or not envelope.any():
        return None
    similar = _self_similarity(envelope)
    tempos = SLOWEST * 1.003 ** np.arange(int(np.log(FASTEST / SLOWEST) / np.log(1.003)))
    score = _score(similar, 60.0 / tempos) * np.exp(-0.5 * (np.log2(tempos / PREFERRED) / OCTAVES) ** 2)
    found = 60.0 / _refined(similar, 60.0 / float(tempos[int(np.argmax(score))]))
    if prior is None:
        return Tempo(found, _clearness(similar, found), found)
    near = 60.0 / _refined(similar, 60.0 / prior)
    return Tempo(prior, _clearness(similar, prior), near if abs(near / prior - 1) < 0.03 else found)


def _self_similarity(envelope: Envelope) -> Curve:
    """Return the autocorrelation at lags 0 … LONGEST_LAG, summed over bands and normalised to 1 at lag 0."""
    count = envelope.shape[1]
    centred = envelope - envelope.mean(axis=1, keepdims=True)
    points = 1 << (2 * count - 1).bit_length()
    spectrum = np.fft.rfft(centred, points, axis=1)
    curve = np.fft.irfft((spectrum.real**2 + spectrum.imag**2).sum(axis=0), points)
    lags = np.arange(min(count // 2, round(LONGEST_LAG / STEP)) + 1)
    curve = curve[: len(lags)] * count / (count - lags)
    smooth = np.convolve(curve, np.hanning(9)[1:-1] / np.hanning(9).sum(), "same")
    similar: Curve = (smooth / max(1e-12, float(curve[0]))).astype(np.float64)
    return similar


def _refined(similar: Curve, period: float) -> float:
    """Return the exact period (s) of a beat, found by following its multiples to longer and longer lags."""
    for multiple in (1, 2, 4, 8, 12, 16, 24, 32):
        place = period * multiple / STEP
        reach = max(2.0, place * 0.012 if multiple < 4 else min(10.0, 0.12 * period / STEP))
        low, high = int(np.floor(place - reach)), int(np.ceil(place + reach)) + 1
        if high + 1 >= len(similar) or low < 2:
            break
        top = low + int(np.argmax(similar[low:high]))
        if top in (low, high - 1):
            continue
        left, at, right = similar[top - 1 : top + 2]
        bend = left - 2 * at + right
        part = 0.5 * (left - right) / bend if bend < 0 else 0.0
        period = (top + part) * STEP / multiple
    return float(period)


def _score(similar: Curve, periods: Curve) -> Curve:
    """Return each period's score: the weighted mean similarity at multiples of the period (s), minus a penalty."""
    total, weight = np.zeros(len(periods)), np.zeros(len(periods))
    for multiple, share in zip(MULTIPLES, WEIGHTS, strict=True):
        places = periods * multiple / STEP
        inside = places < len(similar) - 1
        total += np.where(inside, share * np.interp(places, np.arange(len(similar)), similar), 0.0)
        weight += np.where(inside, share, 0.0)
    lags = np.arange(len(similar))
    against = sum(np.interp(periods * third / STEP, lags, similar) for third in (2 / 3, 4 / 3))
    score: Curve = np.maximum(total / np.maximum(weight, 1e-9) - THIRDS * np.maximum(against, 0) / 2, 1e-6)
    return score


def _clearness(similar: Curve, bpm: float) -> float:
    """Return how much more similar the music is to itself at multiples of the beat than at other lags, 0..1."""
    period = 60.0 / bpm / STEP
    on = np.arange(1, int((len(similar) - 2) / period) + 1) * period
    if not len(on):
        return 0.0
    lags = np.arange(len(similar))
    tops = np.max([np.interp(on + shift, lags, similar) for shift in (-2, -1, 0, 1, 2)], axis=0)
    rest = similar[round(0.25 * period) :]
    return float(np.clip(tops.mean() - rest.mean(), 0.0, 1.0))


def related(first: Tempo, second: Tempo) -> bool:
    """Return whether two tempos are compatible: at least one is unclear, or their ratio is simple.

    >>> first, second, third = (Tempo(bpm, clearness=0.5, measured=bpm) for bpm in (90.0, 180.0, 100.0))
    >>> related(first, second), related(first, third)
    (True, False)
    """
    if not (first.sure and second.sure):
        return True
    ratio = second.bpm / first.bpm
    return any(
        abs(ratio / simple - 1) < 0.03 for simple in (1, 2, 1 / 2, 3, 1 / 3, 3 / 2, 2 / 3, 4 / 3, 3 / 4, 4, 1 / 4)
    )
