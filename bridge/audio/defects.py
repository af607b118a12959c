"""Detects defects in a result: noise, drop-outs, clipping, silence, or no change from the source.

The `fit` task turns each defect into a warning. docs/fit.md lists the detection and false alarm rates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.audio import onsets
from bridge.audio.onsets import Mono
from bridge.audio.stream_stats import STEP, Passed

NOISE = 0.5  # lowest steadiness that counts as noise; steady noise has 0.56, music less than 0.35
CLIPPED = 2e-4  # fraction of samples in flat tops above which a result may count as clipped
GAP_SHORTEST, GAP_LONGEST = 0.02, 2.0  # s; shortest and longest drop-out
GAP_LEVEL = 10 ** (-70 / 20)  # full scale; anything quieter is silence
LOUD = 10 ** (-40 / 20)  # full scale; anything louder is music
EDGE = 2  # steps (10 ms); at a drop-out, the level falls to silence within this time; music fades more slowly
MISSING = 0.5  # a result that is silent for more than this fraction of the source's sounding time is reported
SAME = 0.98  # lowest correlation of the waveforms at which the result counts as unchanged
NEAR, CHUNK = 160, 4096  # frames at onsets.RATE: largest lag, and size of a transform
WINDOW = 1024  # frames at onsets.RATE; window of `steadiness`

Curve = npt.NDArray[np.float32]


def steadiness(sound: Mono) -> float:
    """Return how similar a sound at onsets.RATE is to steady noise, 0..1.

    The measure is the flatness of the power over time at each frequency (geometric mean divided by arithmetic mean).
    Noise of any colour has a flatness of e^-γ = 0.56; sound that changes over time has a lower flatness.

    >>> noise = np.random.default_rng(1).standard_normal(3 * onsets.RATE).astype(np.float32)
    >>> f"{steadiness(noise):.2f}, {steadiness(noise * np.linspace(0, 1, len(noise)) ** 2):.2f} as it swells"
    '0.56, 0.06 as it swells'
    """
    if len(sound) < 4 * WINDOW or not sound.any():
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:: WINDOW // 2]
    spectrum = np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1)[:, 8 : WINDOW // 2 - 40]
    power = spectrum.real**2 + spectrum.imag**2
    mean = power.mean(axis=0)
    heard = mean > mean.max() * 1e-6  # leave empty frequencies out
    flat = np.exp(np.log(power[:, heard] + mean[heard] * 1e-9).mean(axis=0)) / mean[heard]
    # Flatness over frequency: low for a steady tone, whose power over time is flat as well.
    lines = np.exp(np.log(mean[heard]).mean()) / mean[heard].mean()
    return float(np.median(flat) * min(1.0, lines / 0.02))


def gaps(result: Passed, source: Passed, late: float) -> list[tuple[float, float]]:
    """Return the start and length (s) of each drop-out: an abrupt silence while the source continues.

    Args:
        result: statistics of the engine's result.
        source: statistics of the clip that was sent to the engine.
        late: offset of the result, s.

    >>> from dataclasses import replace
    >>> source = Passed(levels=np.full(400, 0.5, np.float32), mean=np.zeros(2), clipped=0.0, peak=0.5)
    >>> cut = source.levels.copy()
    >>> cut[200:220] = 0  # 0.1 s at 1 s
    >>> gaps(replace(source, levels=cut), source, late=0.0)
    [(1.0, 0.1)]
    """
    quiet = result.levels < GAP_LEVEL
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    found = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        inside = begin > EDGE and end < len(quiet) - EDGE
        if not inside or not GAP_SHORTEST <= (end - begin) * STEP <= GAP_LONGEST:
            continue
        cut = result.levels[begin - EDGE : begin].max() > LOUD and result.levels[end : end + 2 * EDGE].max() > LOUD
        shift = round(late / STEP)
        there = source.levels[max(0, begin - shift) : max(0, end - shift)]
        if cut and len(there) and float(np.median(there)) > LOUD:
            found.append((float(begin * STEP), float((end - begin) * STEP)))
    return found


def missing(result: Passed, source: Passed) -> float:
    """Return the fraction (0..1) of the source's sounding time in which the result is silent.

    >>> from dataclasses import replace
    >>> source = Passed(levels=np.full(400, 0.5, np.float32), mean=np.zeros(2), clipped=0.0, peak=0.5)
    >>> missing(replace(source, levels=0 * source.levels), source)
    1.0
    """
    count = min(len(result.levels), len(source.levels))
    if not count:
        return 0.0
    wide = np.ones(41, np.float32)  # 0.2 s; shorter gaps between notes are not silence
    sounding = np.convolve(source.levels[:count] > LOUD / 10, wide, "same") > 0
    silent = np.convolve(result.levels[:count] > GAP_LEVEL * 3, wide, "same") < 0.5
    return float((sounding & silent).sum() / max(1, sounding.sum()))


def clips(result: Passed, source: Passed) -> bool:
    """Return whether the result is clipped, and clearly more than its source.

    >>> from dataclasses import replace
    >>> source = Passed(levels=np.full(400, 0.5, np.float32), mean=np.zeros(2), clipped=0.0, peak=0.5)
    >>> clips(replace(source, clipped=0.01), source)  # 1 % of the samples
    True
    """
    return result.clipped > max(CLIPPED, 3 * source.clipped)


def sameness(source: Mono, result: Mono, late: float) -> float:
    """Return the highest correlation (0..1) of the two waveforms within 10 ms of the measured offset.

    >>> sound = np.random.default_rng(1).standard_normal(onsets.RATE).astype(np.float32)
    >>> round(sameness(sound, -0.5 * sound, late=0.0), 3)
    1.0
    """
    shift = round(late * onsets.RATE)
    first, second = source[max(0, -shift) :], result[max(0, shift) :]
    count = min(len(first), len(second), 60 * onsets.RATE)
    if count < onsets.RATE // 4:
        return 0.0
    chunks, step = -(-count // (CHUNK - 2 * NEAR)), CHUNK - 2 * NEAR  # short chunks, since only small lags count
    one = np.pad(first[:count], (0, chunks * step - count)).reshape(chunks, step)
    padded = np.pad(second[:count], (NEAR, chunks * step - count + NEAR))
    two = np.lib.stride_tricks.sliding_window_view(padded, CHUNK)[::step]
    near = np.fft.irfft((np.fft.rfft(two, axis=1) * np.fft.rfft(one, CHUNK, axis=1).conj()).sum(axis=0), CHUNK)
    size = float(
        np.sqrt(np.square(first[:count], dtype=np.float64).sum() * np.square(second[:count], dtype=np.float64).sum())
    )
    return float(np.abs(near[: 2 * NEAR + 1]).max() / size) if size > 0 else 0.0
