"""Tests the conversion of sample rates, with soxr and with numpy alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.audio import onsets, resample, sinc, stretch
from bridge.audio.resample import Quality
from tests.audio.signals import Sound, lag, noise, sine

RATES = [(44100, 48000), (48000, 44100), (96000, 48000), (48000, 96000), (8000, 44100), (48000 * 1.37, 48000)]
UNEVEN = (44100 * 1.0372391, 44100)  # a varispeed whose output falls on no regular positions between the input frames
# The fixture is the same for all examples.
BOTH = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["soxr", "numpy"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Convert with this library."""
    if request.param == "numpy":
        monkeypatch.setattr(resample, "soxr", None)
    elif resample.soxr is None:
        pytest.skip("soxr has no wheel for this system")
    return str(request.param)


def converted(sound: Sound, rates: tuple[float, float], size: int = 1 << 30) -> Sound:
    blocks = (sound[at : at + size] for at in range(0, max(len(sound), 1), size))
    return np.concatenate([np.zeros((0, 2), np.float32), *resample.resampled(blocks, *rates)])


@BOTH
@given(st.sampled_from([*RATES, UNEVEN]), st.integers(7, 9000))
def test_blocks_make_no_difference(library: str, rates: tuple[float, float], size: int) -> None:
    sound = noise(9000)
    once = converted(sound, rates)
    assert np.array_equal(converted(sound, rates, size), once)


@BOTH
@given(st.sampled_from([*RATES, UNEVEN]), st.sampled_from(["LQ", "MQ", "HQ", "VHQ"]), st.integers(1, 9000))
def test_the_length_is_rounded(library: str, rates: tuple[float, float], quality: Quality, frames: int) -> None:
    exact = frames * rates[1] / rates[0]
    assert abs(len(resample.resample(np.zeros((frames, 2), np.float32), *rates, quality)) - exact) <= 0.5 + 1e-9


def test_nothing_becomes_nothing(library: str) -> None:
    for rates in (*RATES, UNEVEN):
        assert len(converted(np.zeros((0, 2), np.float32), rates)) == 0


@pytest.mark.parametrize("rates", [*RATES, UNEVEN])
def test_a_tone_stays_the_same_tone(library: str, rates: tuple[float, float]) -> None:
    """The output is the tone, sampled at the other rate: same level, same pitch, no delay."""
    frequency = 0.4 * min(rates)
    tone = np.repeat(np.sin(2 * np.pi * frequency * np.arange(20_000) / rates[0])[:, None], 2, axis=1)
    got = converted(tone.astype(np.float32), rates)
    expected = np.sin(2 * np.pi * frequency * np.arange(len(got)) / rates[1])
    inside = slice(len(got) // 4, -len(got) // 4)
    assert np.abs(got[inside, 0] - expected[inside]).max() < 5e-4  # soxr's passband has a ripple of 0.003 dB
    assert np.array_equal(got[:, 0], got[:, 1])


@pytest.mark.parametrize(("quality", "floor"), [("HQ", -115.0), ("VHQ", -140.0)])
def test_what_the_lower_rate_cannot_hold_is_gone(library: str, quality: Quality, floor: float) -> None:
    for frequency in (24_000.0, 30_000.0, 47_000.0):  # Hz; half the lower rate is 24 kHz
        got = resample.resample(sine(96_000, 96_000, frequency, 1.0), 96_000, 48_000, quality)[4000:-4000]
        assert 20 * math.log10(float(np.abs(got).max()) + 1e-12) < floor


def test_there_and_back_keeps_time(library: str) -> None:
    low = converted(noise(96_000), (96_000, 48_000))
    again = converted(converted(low, (48_000, 96_000)), (96_000, 48_000))
    assert lag(low, again) == 0


def test_a_mono_sound_stays_flat(library: str) -> None:
    sound = noise(5000)[:, 0]
    assert np.array_equal(
        resample.resample(sound, 48_000, 44_100, "MQ"),
        resample.resample(np.stack((sound, sound), axis=1), 48_000, 44_100, "MQ")[:, 0],
    )


@pytest.mark.parametrize("rates", [*RATES, UNEVEN])
@pytest.mark.parametrize("quality", ["HQ", "VHQ"])
def test_numpy_gives_what_soxr_gives(rates: tuple[float, float], quality: Quality) -> None:
    soxr = pytest.importorskip("soxr")
    sound = noise(30_008)  # no output length is halfway between two integers
    smooth = soxr.resample(soxr.resample(sound, 4, 1, quality="VHQ"), 1, 4, quality="VHQ")  # below both filters' edges
    ours = sinc.SincStream(*rates, 2, quality).resample_chunk(smooth, last=True)
    theirs = soxr.resample(smooth, *rates, quality=quality)
    assert len(ours) == len(theirs)
    inside = slice(2000, -2000)
    assert np.abs(ours[inside] - theirs[inside]).max() < 1e-3 * np.abs(theirs).max()


def test_onsets_and_the_stretch_fallback_need_no_soxr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "soxr", None)
    monkeypatch.setattr(stretch, "available", lambda: False)
    assert onsets.heard([np.zeros((48_000, 2), np.float32)], 48_000).shape == (16_000,)
    tone = sine(48_000, 48_000, 440.0)
    faster = np.concatenate(list(stretch.stretched([tone], 48_000, 1.25, 0.0)))
    expected = sine(len(faster), 48_000, 440.0 * 1.25)
    assert len(faster) == 38_400
    assert np.abs(faster[2000:-2000] - expected[2000:-2000]).max() < 1e-3  # 3.86 semitones higher
