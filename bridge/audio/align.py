"""Measures the offset and the drift of a result relative to its source, from the onsets of both.

The `fit` task measures offset and drift before it cuts the result. A line fitted to the offsets of short segments gives
the offset in the middle of the clip and the drift. confidence.py estimates the probability that the line is correct.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.audio import harmony, onsets
from bridge.audio.onsets import STEP, Envelope, Mono
from bridge.audio.parallel import both

REACH = 0.35  # s; largest offset that can be found
DRIFT = 0.012  # largest drift that can be found
SEGMENT = 4.0  # s; length of a segment; a drift of 1 % smears its onsets by 40 ms
SHORTEST = 1.5  # s; a shorter clip has too little rhythm and is not measured
FAR = 8.0  # s; largest lag over which the chance level of the correlation is measured
NEAR = 12  # values (60 ms) on each side of a peak that count as part of it

Curve = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The line fitted to the offsets of the segments, and how well the line fits."""

    offset: float  # s; how late the result is in the middle of the clip
    drift: float  # the result takes 1 + drift times as long as its source
    seconds: float  # length of the music that was compared, s
    height: float  # normalised correlation of the onsets along the line, -1..1
    sharpness: float  # peak divided by the standard deviation of the correlation at all lags up to FAR
    prominence: float  # 1 - second highest peak / highest peak
    agreement: float  # fraction of segments whose own best offset is on the line, 0..1
    harmony: float  # similarity of the harmonies minus that of unrelated music, see harmony.shared


def measure(source: Mono, result: Mono) -> Measured | None:
    """Measure the offset and drift between two sounds at onsets.RATE.

    Args:
        source: the clip that was sent to the engine.
        result: the engine's result.

    Returns:
        The best line, or None if either sound is too short or has no onsets.

    >>> clip = np.random.default_rng(1).standard_normal(10 * onsets.RATE).astype(np.float32)
    >>> clip *= np.arange(len(clip)) // 4000 % 3 == 0  # bursts of 0.25 s
    >>> late = measure(clip, np.roll(clip, 320))
    >>> f"{late.offset:.3f} s late over {late.seconds:.0f} s"
    '0.020 s late over 10 s'
    """
    seconds = min(len(source), len(result)) / onsets.RATE
    if seconds < SHORTEST:
        return None
    frames = round(seconds * onsets.RATE)
    source, result = source[:frames], result[:frames]
    first, second = both(onsets.onset_envelope, source, result)
    if not first.any() or not second.any():
        return None
    flat = both(_whitened, first, second)
    offset, drift = _coarse(*flat)
    offset, drift, agreement = _fine(*flat, offset, drift)
    straight = flat[0], moved(flat[1], offset, drift)
    sharpness, prominence = _standing_out(*straight)
    height = _likeness(first, moved(second, offset, drift))
    chords = harmony.shared(*both(harmony.chroma, source, result), offset, drift)
    return Measured(offset, drift, seconds, height, sharpness, prominence, agreement, chords)


def _whitened(envelope: Envelope) -> Envelope:
    """Return an onset envelope (bands × values) in which the spectrum of each band is partly whitened.

    The correlation of two such envelopes has PHAT^0.5 weighting (after Knapp and Carter 1976), which sharpens peaks
    and gives a regular beat less weight than unique events.
    """
    centred: Envelope = envelope - envelope.mean(axis=1, keepdims=True)
    points = _points(envelope.shape[1])
    spectrum = np.fft.rfft(centred, points, axis=1)
    size = np.abs(spectrum)
    floor = np.maximum(size.mean(axis=1, keepdims=True) * 0.05, 1e-9)
    flat = np.fft.irfft(spectrum / np.sqrt(np.maximum(size, floor)), points, axis=1)[:, : envelope.shape[1]]
    weight = np.sqrt(np.maximum((flat**2).mean(axis=1, keepdims=True), 1e-12))
    active = envelope.std(axis=1, keepdims=True)
    share = np.sqrt(active / max(1e-9, float(active.max())))
    even: Envelope = (flat / weight * share).astype(np.float32)
    return even


def _coarse(first: Envelope, second: Envelope) -> tuple[float, float]:
    """Return the offset (s, in the middle of the clip) and drift of the line with the highest total correlation."""
    times, curves = _segments(first, second, REACH + DRIFT * first.shape[1] * STEP / 2)
    lags = (np.arange(curves.shape[1]) - curves.shape[1] // 2) * STEP
    offsets = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
    widest = max(STEP, float(np.abs(times).max()))
    steps = max(1, int(np.ceil(DRIFT * widest / STEP)))
    drifts = np.linspace(-DRIFT, DRIFT, 2 * steps + 1) if len(times) > 2 else np.zeros(1)
    total = np.zeros((len(drifts), len(offsets)))
    for time, curve in zip(times, curves, strict=True):
        total += np.interp(offsets[None, :] + drifts[:, None] * time, lags, curve)
    # A result usually starts in time with its source. Of two similar lines, the line nearer to zero is more likely.
    prior = (1 - 0.15 * (offsets / REACH) ** 2)[None, :] * (1 - 0.15 * np.abs(drifts) / DRIFT)[:, None]
    best = np.unravel_index(int(np.argmax(total * prior)), total.shape)
    return float(offsets[best[1]]), float(drifts[best[0]])


def _fine(first: Envelope, second: Envelope, offset: float, drift: float) -> tuple[float, float, float]:
    """Refine the offset and drift with each segment's own peak near the coarse line; return both and the agreement."""
    for _ in range(2):
        times, curves = _segments(first, moved(second, offset, drift), REACH)
        middle = curves.shape[1] // 2
        places, heights = _peaks(curves, middle, 6)
        shift, turn = _line(times, places, heights, drifts=len(times) > 2)
        offset, drift = offset + shift, drift + turn
    free = np.argmax(curves, axis=1) - middle
    return offset, drift, float(np.mean(np.abs(free) * STEP < 0.02))


def moved(envelope: Envelope, offset: float, drift: float) -> Envelope:
    """Remove an offset (s, in the middle of the clip) and a drift from an envelope (bands × values); keep its length.

    >>> moved(np.float32([[0, 0, 0, 1, 0, 0]]), 2 * STEP, 0.0).tolist()
    [[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]
    """
    count = envelope.shape[1]
    middle = (count - 1) / 2
    places = np.arange(count) + offset / STEP + drift * (np.arange(count) - middle)
    whole = np.floor(places).astype(np.intp)
    part = (places - whole).astype(np.float32)
    padded = np.pad(envelope, ((0, 0), (1, 2)))
    left = padded[:, np.clip(whole + 1, 0, count + 1)]
    right = padded[:, np.clip(whole + 2, 0, count + 1)]
    between: Envelope = left * (1 - part) + right * part
    return between


def _standing_out(first: Envelope, second: Envelope) -> tuple[float, float]:
    """Return the sharpness and prominence of the peak at lag 0.

    The peak is compared with the lags up to FAR or a third of the clip, whichever is shorter.
    """
    count = first.shape[1]
    reach = min(round(FAR / STEP), count // 3)
    curve = _correlation(first, second, reach)
    overlap = count - np.abs(np.arange(-reach, reach + 1))
    curve = curve * count / overlap
    peak = float(curve[reach - 2 : reach + 3].max())
    others = np.concatenate((curve[: reach - NEAR], curve[reach + NEAR + 1 :]))
    if peak <= 0 or not len(others):
        return 0.0, 0.0
    spread = float(np.sqrt(np.mean((others - others.mean()) ** 2)))
    return peak / max(spread, 1e-12), 1 - float(others.max()) / peak


def _likeness(first: Envelope, second: Envelope) -> float:
    """Return the normalised correlation (-1..1) of two onset envelopes, summed over bands."""
    one, two = first.sum(axis=0), second.sum(axis=0)
    one, two = one - one.mean(), two - two.mean()
    size = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / size if size > 0 else 0.0


def _segments(first: Envelope, second: Envelope, reach: float) -> tuple[Curve, Curve]:
    """Return the segments' centres (s from the clip's centre) and correlation curves (segments × lags)."""
    count = first.shape[1]
    size = min(round(SEGMENT / STEP), count)
    starts = np.unique(np.linspace(0, count - size, max(1, round(2 * count / size) - 1)).astype(int))
    span = round(reach / STEP)
    padded = np.pad(second, ((0, 0), (span, span)))
    points = _points(size + 2 * span)
    curves = np.empty((len(starts), 2 * span + 1))
    for row, start in enumerate(starts):
        one = np.fft.rfft(first[:, start : start + size], points, axis=1)
        two = np.fft.rfft(padded[:, start : start + size + 2 * span], points, axis=1)
        curves[row] = np.fft.irfft((two * one.conj()).sum(axis=0), points)[: 2 * span + 1]
    times = (starts + size / 2 - count / 2) * STEP
    return times, curves


def _correlation(first: Envelope, second: Envelope, reach: int) -> Curve:
    """Return the correlation at lags -reach..reach values (positive if `second` is late), summed over bands."""
    points = _points(first.shape[1] + reach)
    spectrum = (np.fft.rfft(second, points, axis=1) * np.fft.rfft(first, points, axis=1).conj()).sum(axis=0)
    curve = np.fft.irfft(spectrum, points)
    return np.concatenate((curve[-reach:], curve[: reach + 1])).astype(np.float64)


def _peaks(curves: Curve, middle: int, around: int) -> tuple[Curve, Curve]:
    """Return the interpolated position (s) and the height of each curve's peak within `around` lags of the middle."""
    near = curves[:, middle - around : middle + around + 1]
    top = np.argmax(near, axis=1)
    inner = np.clip(top, 1, 2 * around - 1)
    rows = np.arange(len(near))
    left, at, right = near[rows, inner - 1], near[rows, inner], near[rows, inner + 1]
    bend = left - 2 * at + right
    part = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    place = np.where(top == inner, inner + np.clip(part, -1, 1), top)
    return (place - around) * STEP, np.maximum(near[rows, top], 0.0)


def _line(times: Curve, places: Curve, heights: Curve, *, drifts: bool) -> tuple[float, float]:
    """Fit places = shift + turn·times and return (shift, turn); outliers count less (Cauchy weights)."""
    if not heights.any():
        return 0.0, 0.0
    columns = np.stack((np.ones_like(times), times), axis=1)[:, : 2 if drifts else 1]
    weights = heights.copy()
    answer = np.zeros(columns.shape[1])
    for _ in range(5):
        root = np.sqrt(weights)[:, None]
        answer = np.linalg.lstsq(columns * root, places * root[:, 0], rcond=None)[0]
        miss = places - columns @ answer
        weights = heights / (1 + (miss / 0.006) ** 2)
    return float(answer[0]), float(answer[1]) if drifts else 0.0


def _points(count: int) -> int:
    """Return the smallest power of two that is at least `count` and at least 2."""
    return 1 << max(1, (count - 1).bit_length())
