"""Tests the measurement of offset, drift and confidence on sounds with known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio import align, confidence, harmony, onsets
from bridge.audio.onsets import RATE, Mono
from tests.fakes.music import track


def band(seconds: float, *, seed: int = 1, late: float = 0.0, drift: float = 0.0, tones: float = 1.0) -> Mono:
    """Return decaying notes at irregular multiples of 0.125 s, delayed and with a drift."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    sound = np.zeros(count + RATE, np.float64)
    for step in range(int(seconds / 0.125)):
        pitch, strength = 110 * 2 ** (random.integers(0, 30) / 12), random.random() ** 2
        if random.random() < 0.4:
            continue
        at = (step * 0.125 * (1 + drift) + late) * RATE
        if at < 0:
            continue
        first = math.ceil(at)
        time = (np.arange(3000) + first - at) / RATE
        note = strength * np.sin(2 * np.pi * pitch * tones * time) * np.exp(-time * 15)
        sound[first : first + 3000] += note[: max(0, len(sound) - first)]
    return sound[:count].astype(np.float32)


def sure(source: Mono, result: Mono) -> tuple[align.Measured, float]:
    measured = align.measure(source, result)
    assert measured is not None
    return measured, confidence.probability(measured)


@pytest.mark.parametrize("late", [-0.3, -0.1, -0.0123456, 0.0, 0.0371, 0.12, 0.29])
def test_a_delay_is_found_to_the_millisecond(late: float) -> None:
    measured, probability = sure(band(16), band(16, late=late))
    assert measured.offset == pytest.approx(late, abs=0.001)
    assert abs(measured.drift) < 0.0003
    assert probability > confidence.SURE


@pytest.mark.parametrize("drift", [-0.01, -0.003, 0.0006, 0.008])
def test_a_drift_is_found(drift: float) -> None:
    measured, probability = sure(band(24), band(24, late=0.02, drift=drift))
    assert measured.drift == pytest.approx(drift, abs=0.0002)
    assert measured.offset == pytest.approx(0.02 + drift * 12, abs=0.003)
    assert probability > confidence.SURE


def test_other_tones_in_the_same_rhythm_are_aligned() -> None:
    measured, _ = sure(band(16), band(16, late=0.05, tones=2 ** (5 / 12)))
    assert measured.offset == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_piece_at_the_same_tempo_is_not_corrected(seed: int) -> None:
    _, probability = sure(band(16), band(16, seed=seed, late=0.04))
    assert probability < confidence.SURE


@pytest.mark.needs("music")
def test_filtered_and_noisy_real_music_is_aligned() -> None:
    data, rate = soundfile.read(track("gravity"), dtype="float32", always_2d=True, frames=30 * 44100)
    sound = soxr.resample(data.mean(axis=1), rate, RATE)
    late = round(0.0625 * RATE)
    result = np.concatenate((np.zeros(late, np.float32), sound))[: len(sound)]
    result = np.diff(result, prepend=0) + np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32) * 0.02
    measured, probability = sure(sound, result.astype(np.float32))
    assert measured.offset == pytest.approx(0.0625, abs=0.002)
    assert probability > confidence.SURE
    assert measured.harmony > 0.2


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.4])
def test_too_short_is_not_measured(seconds: float) -> None:
    sound = band(2)[: round(seconds * RATE)]
    assert align.measure(sound, sound) is None


def test_silence_is_not_measured() -> None:
    assert align.measure(np.zeros(5 * RATE, np.float32), band(5)) is None
    assert align.measure(band(5), np.zeros(5 * RATE, np.float32)) is None


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from([8000, 11025, 22050, 44100, 48000, 96000, 192000]),
    channels=st.integers(1, 2),
    seconds=st.floats(0.0, 3.0),
    size=st.integers(100, 70000),
)
def test_any_rate_and_length_can_be_analysed(rate: int, channels: int, seconds: float, size: int) -> None:
    frames = round(seconds * rate)
    tone = np.sin(np.arange(frames) * 2 * np.pi * 440 / rate)[:, None].repeat(channels, 1).astype(np.float32)
    sound = onsets.heard((tone[start : start + size] for start in range(0, frames, size)), rate)
    assert abs(len(sound) - frames * RATE / rate) <= 2
    envelope = onsets.onset_envelope(sound)
    assert envelope.shape == (onsets.BANDS, len(sound) // onsets.HOP + 1)
    assert np.isfinite(envelope).all()
    assert (envelope >= 0).all()


def test_an_onset_has_its_time() -> None:
    sound = np.zeros(2 * RATE, np.float32)
    sound[RATE:] = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    strength = onsets.onset_envelope(sound).sum(axis=0)
    assert abs(int(np.argmax(strength)) * onsets.STEP - 1.0) <= 0.015


def test_only_the_first_seconds_are_analysed() -> None:
    blocks = [np.ones((RATE, 2), np.float32)] * 5
    assert len(onsets.heard(iter(blocks), RATE, longest=2.0)) == 2 * RATE


@settings(max_examples=20, deadline=None)
@given(offset=st.floats(-0.3, 0.3), drift=st.floats(-0.01, 0.01))
def test_moving_back_undoes_a_line(offset: float, drift: float) -> None:
    count = 1200
    time = (np.arange(count) - (count - 1) / 2) * onsets.STEP
    late = time - offset - drift * time  # the corresponding time in the result, to first order
    curve = np.stack([np.cos(3 * time), np.cos(5 * time + 1)]).astype(np.float32)
    moved = np.stack([np.cos(3 * late), np.cos(5 * late + 1)]).astype(np.float32)
    back = align.moved(moved, offset, drift)
    inner = slice(100, -100)
    assert np.abs(back[:, inner] - curve[:, inner]).max() < 0.02


def test_a_transposition_shares_its_harmony_and_another_piece_does_not() -> None:
    first = harmony.chroma(band(16))
    assert harmony.shared(first, harmony.chroma(band(16, tones=2 ** (3 / 12))), 0.0, 0.0) > 0.3
    assert harmony.shared(first, harmony.chroma(band(16, seed=9)), 0.0, 0.0) < 0.12
