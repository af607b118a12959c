"""Tests the look-ahead limiter: no peak exceeds the ceiling, nothing clicks, and the gain is smooth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.limiter import PeakCurve, limited, reduction
from bridge.audio.offline.measure import find_clicks
from bridge.audio.true_peak import TruePeak
from tests.audio.signals import Sound, sine

CEILING = -1.0  # dBTP


def limit(sound: Sound, rate: int, gain_db: float = 0.0, cut: int = 65_536) -> Sound:
    blocks = [sound[start : start + cut] for start in range(0, len(sound), cut)]
    peaks = PeakCurve(10 ** ((CEILING - gain_db) / 20))
    for block in blocks:
        peaks.add(block)
    return np.concatenate([*limited(blocks, reduction(peaks.value(), rate, gain_db, CEILING), gain_db)])


def ideal_peak_db(sound: Sound) -> float:
    """Return the peak in dB after eightfold oversampling by zero-padding the spectrum."""
    wide = np.fft.irfft(np.fft.rfft(sound.astype(np.float64), axis=0), len(sound) * 8, axis=0) * 8
    return 20 * math.log10(float(np.abs(wide).max()))


def true_peak_db(sound: Sound) -> float:
    meter = TruePeak()
    meter.add(sound)
    return 20 * math.log10(meter.value())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_peaks_that_fourfold_oversampling_misses_stay_under_the_ceiling(rate: int, seed: int) -> None:
    """Noise up to 0.4 × the sample rate: without the margin, most seeds exceed the ceiling by up to 0.14 dB."""
    loud = 0.3 * np.random.default_rng(seed).standard_normal((round(rate * 0.8), 2))
    loud = soxr.resample(loud, 0.8 * rate, rate, "VHQ").astype(np.float32)
    faded = limit(loud, rate, 6.0) * np.hanning(len(loud)).astype(np.float32)[:, None] ** 0.05
    assert ideal_peak_db(faded) <= CEILING


@given(st.integers(0, 2**31), st.floats(1.0, 30.0), st.sampled_from([8000, 44_100, 48_000]))
@settings(max_examples=30, deadline=None)
def test_the_true_peak_stays_under_the_ceiling(seed: int, level: float, rate: int) -> None:
    rng = np.random.default_rng(seed)
    sound = 0.3 * rng.standard_normal((rate // 2, 2)).astype(np.float32)
    for frame in rng.integers(0, len(sound), 5):
        sound[frame] *= level
    out = limit(sound, rate)
    assert true_peak_db(out) <= CEILING - 0.1
    assert len(out) == len(sound)


def test_sound_under_the_ceiling_is_left_alone() -> None:
    sound = sine(48_000, 48_000, 440.0, 0.8)
    assert np.array_equal(limit(sound, 48_000), sound)


def test_the_gain_moves_smoothly() -> None:
    swell = sine(48_000, 48_000, 200.0) * (1.0 + 3.0 * np.hanning(48_000)).astype(np.float32)[:, None]
    assert len(find_clicks(limit(swell, 48_000), 48_000)) == 0


def test_the_level_returns_after_a_peak() -> None:
    sound = sine(2 * 48_000, 48_000, 200.0, 0.25)
    sound[48_000:48_480] *= 8.0
    out = limit(sound, 48_000)
    assert np.array_equal(out[: 48_000 - 4800], sound[: 48_000 - 4800])  # attack: 7 ms for 7 dB
    assert np.array_equal(out[48_480 + 24_000 :], sound[48_480 + 24_000 :])  # release: 175 ms for 7 dB
    assert true_peak_db(out) <= CEILING
