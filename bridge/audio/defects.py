"""What can be wrong with a result although it is audio: noise, drop-outs, clipping, silence, the source once more.

The task `fit` turns each found flaw into a sentence. Limits and how often they are right or wrong: docs/fit.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.audio import onsets
from bridge.audio.onsets import Mono
from bridge.audio.stream_stats import STEP, Passed

NOISE = 0.5  # steadiness: of steady noise it is 0.56, of music under 0.35
CLIPPED = 2e-4  # share of samples in flat tops
GAP_SHORTEST, GAP_LONGEST = 0.02, 2.0  # s of a drop-out
GAP_LEVEL = 10 ** (-70 / 20)  # full scale; below is nothing
LOUD = 10 ** (-40 / 20)  # full scale; above is music
EDGE = 2  # steps (10 ms) within which a drop-out begins: music fades, a drop-out cuts
MISSING = 0.5  # share of the source's sounding time at which the result is silent
SAME = 0.98  # correlation of the two waves
NEAR, CHUNK = 160, 4096  # frames at onsets.RATE: lags that are looked at, and what is transformed together
WINDOW = 1024  # frames at onsets.RATE of a spectrum for the steadiness

Curve = npt.NDArray[np.float32]


def steadiness(sound: Mono) -> float:
    """Return how much a sound at onsets.RATE is like steady noise, 0..1.

    The spectral flatness (geometric over arithmetic mean of power, over time, in each frequency), averaged: noise of
    any colour has e^-γ = 0.56, whatever changes over time or has lines that come and go has less.
    """
    if len(sound) < 4 * WINDOW or not sound.any():
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:: WINDOW // 2]
    spectrum = np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1)[:, 8 : WINDOW // 2 - 40]
    power = spectrum.real**2 + spectrum.imag**2
    mean = power.mean(axis=0)
    heard = mean > mean.max() * 1e-6  # a band that holds nothing says nothing
    flat = np.exp(np.log(power[:, heard] + mean[heard] * 1e-9).mean(axis=0)) / mean[heard]
    lines = np.exp(np.log(mean[heard]).mean()) / mean[heard].mean()  # a steady tone stands out of its spectrum
    return float(np.median(flat) * min(1.0, lines / 0.02))


def gaps(result: Passed, source: Passed, late: float) -> list[tuple[float, float]]:
    """Return begin and length (s) of drop-outs: silence that cuts in where the source goes on.

    Args:
        result: what came back.
        source: what was sent.
        late: s by which the result is late.
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
    """Return the share of the time in which the source sounds and the result is silent."""
    count = min(len(result.levels), len(source.levels))
    if not count:
        return 0.0
    wide = np.ones(41, np.float32)  # 0.2 s: gaps between notes are not silence
    sounding = np.convolve(source.levels[:count] > LOUD / 10, wide, "same") > 0
    silent = np.convolve(result.levels[:count] > GAP_LEVEL * 3, wide, "same") < 0.5
    return float((sounding & silent).sum() / max(1, sounding.sum()))


def clips(result: Passed, source: Passed) -> bool:
    """Tell whether the result is clipped, and more than its source was."""
    return result.clipped > max(CLIPPED, 3 * source.clipped)


def sameness(source: Mono, result: Mono, late: float) -> float:
    """Return the greatest correlation (0..1) of the two waves within 10 ms around the measured offset."""
    shift = round(late * onsets.RATE)
    first, second = source[max(0, -shift) :], result[max(0, shift) :]
    count = min(len(first), len(second), 60 * onsets.RATE)
    if count < onsets.RATE // 4:
        return 0.0
    chunks, step = -(-count // (CHUNK - 2 * NEAR)), CHUNK - 2 * NEAR  # short ones: only near lags are asked for
    one = np.pad(first[:count], (0, chunks * step - count)).reshape(chunks, step)
    padded = np.pad(second[:count], (NEAR, chunks * step - count + NEAR))
    two = np.lib.stride_tricks.sliding_window_view(padded, CHUNK)[::step]
    near = np.fft.irfft((np.fft.rfft(two, axis=1) * np.fft.rfft(one, CHUNK, axis=1).conj()).sum(axis=0), CHUNK)
    size = float(
        np.sqrt(np.square(first[:count], dtype=np.float64).sum() * np.square(second[:count], dtype=np.float64).sum())
    )
    return float(np.abs(near[: 2 * NEAR + 1]).max() / size) if size > 0 else 0.0
