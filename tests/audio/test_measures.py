"""Loudness and true peak against known signals and against tools that are not ours."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import loudness as package
import numpy as np
import pytest
import soundfile
import soxr

from bridge.audio import loudness
from bridge.audio.true_peak import TruePeak
from tests.audio.signals import Sound, noise, sine


def lufs(sound: Sound, rate: int, cut: int = 10_000) -> float | None:
    meter = loudness.Loudness(rate)
    for start in range(0, len(sound), cut):
        meter.add(sound[start : start + cut])
    return meter.value()


def streamed(sound: Sound, rate: int, cut: int = 10_000) -> float | None:
    meter = loudness.StreamMeter(rate)
    for start in range(0, len(sound), cut):
        meter.add(sound[start : start + cut])
    return meter.gated()


def swelling(rate: int, seconds: int) -> Sound:
    """Return noise with loud and quiet parts and pauses, so that both gates have something to do."""
    sound = noise(rate * seconds, seed=rate)
    steps = np.repeat([0.0, 0.01, 0.3, 1.0, 0.001, 0.5], -(-len(sound) // 6))[: len(sound)]
    return (sound * steps[:, None]).astype(np.float32)


def peak_db(sound: Sound, cut: int = 10_000) -> float:
    meter = TruePeak()
    for start in range(0, len(sound), cut):
        meter.add(sound[start : start + cut])
    return 20 * math.log10(meter.value())


@pytest.mark.parametrize("level", [-23.0, -33.0])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_reference_tone_reads_its_level(rate: int, level: float) -> None:
    """EBU Tech 3341, cases 1 and 2: a stereo 1 kHz sine of -23 dBFS reads -23 LUFS."""
    tone = sine(rate * 5, rate, 1000.0, 10 ** (level / 20))
    assert lufs(tone, rate) == pytest.approx(level, abs=0.1)
    assert streamed(tone, rate) == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192000])
def test_both_meters_agree(rate: int) -> None:
    sound = swelling(rate, 12)
    assert streamed(sound, rate) == pytest.approx(package.integrated_loudness(sound, rate), abs=0.03)


def test_the_meter_for_long_clips_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = swelling(48000, 12)
    expected = lufs(sound, 48000)
    monkeypatch.setattr(loudness, "HELD_SECONDS", 3.0)
    assert lufs(sound, 48000) == pytest.approx(expected, abs=0.03)


def test_the_streaming_meter_does_not_depend_on_the_blocks() -> None:
    sound = swelling(48000, 6)
    assert streamed(sound, 48000, 777) == streamed(sound, 48000, len(sound))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is the independent meter")
def test_ffmpeg_reads_the_same(tmp_path: Path) -> None:
    sound = swelling(48000, 12)
    soundfile.write(tmp_path / "x.wav", sound, 48000, subtype="FLOAT")
    command = ["ffmpeg", "-nostats", "-i", str(tmp_path / "x.wav"), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr
    summary = said[said.rindex("Summary") :]
    level = float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1])
    peak = float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])
    assert lufs(sound, 48000) == pytest.approx(level, abs=0.11)
    assert peak_db(sound) == pytest.approx(peak, abs=0.15)


def test_a_clip_too_short_for_a_gate_gets_its_plain_mean() -> None:
    tone = sine(round(48000 * 0.3), 48000, 1000.0, 10 ** (-20 / 20))
    assert lufs(tone, 48000) == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_silence_and_next_to_silence_have_no_loudness(seconds: float) -> None:
    frames = round(48000 * seconds)
    assert lufs(np.zeros((frames, 2), np.float32), 48000) is None
    assert lufs(sine(frames, 48000, 1000.0, 1e-5), 48000) is None


def test_nothing_has_no_loudness_and_no_peak() -> None:
    assert lufs(np.zeros((0, 2), np.float32), 48000) is None
    assert TruePeak().value() == 0.0


def test_a_peak_between_the_samples_is_found() -> None:
    """EBU Tech 3341, case 15 and on: a quarter-rate sine at 45° has its samples 3 dB below its peaks."""
    wave = 0.5 * np.sin(2 * np.pi * 0.25 * np.arange(48000) + np.pi / 4)
    tone = np.repeat((wave * np.hanning(48000))[:, None], 2, axis=1).astype(np.float32)
    assert peak_db(tone) == pytest.approx(20 * math.log10(0.5), abs=0.02)


def interpolated_db(sound: Sound) -> float:
    """Return the peak of the ideal fourfold interpolation, by zeros in the spectrum."""
    wide = np.fft.irfft(np.fft.rfft(sound.astype(np.float64), axis=0), len(sound) * 4, axis=0) * 4
    return 20 * math.log10(float(np.abs(wide).max()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cut", [100, 65536])
def test_true_peak_is_that_of_the_ideal_interpolation(seed: int, cut: int) -> None:
    sound = soxr.resample(noise(60_000, seed=seed), 40_000, 48_000, "VHQ")
    sound *= np.hanning(len(sound)).astype(np.float32)[:, None] ** 0.1
    assert peak_db(sound, cut) == pytest.approx(interpolated_db(sound), abs=0.03)


@pytest.mark.parametrize("gain", [4.0, 20.0])
def test_true_peak_of_clipped_sound_is_not_below_that_of_a_resampler(gain: float) -> None:
    """Clipping fills the band to its edge, where soxr's filter falls off and the ideal does not."""
    sound = np.clip(noise(48000 * 2, seed=9) * np.float32(gain), -0.9, 0.9).astype(np.float32)
    sound *= np.hanning(len(sound)).astype(np.float32)[:, None] ** 0.1
    by_soxr = 20 * math.log10(float(np.abs(soxr.resample(sound, 48000, 192000, "VHQ")).max()))
    assert by_soxr - 0.05 < peak_db(sound) < interpolated_db(sound) + 0.05


def test_true_peak_is_never_below_a_sample_and_sees_the_edges() -> None:
    sound = np.zeros((1000, 2), np.float32)
    sound[0, 0], sound[-1, 1] = 0.7, -0.8
    assert peak_db(sound) >= 20 * math.log10(0.8)


@pytest.mark.parametrize("seconds", [0.3, 2.0, 10.0])
def test_without_the_package_our_own_meter_says_the_same(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Intel Macs have no wheel of it."""
    sound = 0.2 * np.random.default_rng(3).standard_normal((round(seconds * 48_000), 2)).astype(np.float32)

    def measured() -> float | None:
        meter = loudness.Loudness(48_000)
        for start in range(0, len(sound), 10_000):
            meter.add(sound[start : start + 10_000])
        return meter.value()

    with_package = measured()
    monkeypatch.setattr("bridge.audio.loudness.loudness", None)
    assert measured() == pytest.approx(with_package, abs=0.03)
