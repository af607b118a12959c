"""Tests loudness and true peak on known signals and in comparison with independent tools."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from bridge.audio.loudness import integrated_loudness, k_weighting
from bridge.audio.true_peak import TruePeak
from tests.audio.signals import Sound, noise, sine
from tests.waiting import PATIENCE

judge = pytest.importorskip("loudness", reason="loudness has no wheel for this system")


def lufs(sound: Sound, rate: int, cut: int = 10_000) -> float | None:
    return integrated_loudness([sound[start : start + cut] for start in range(0, len(sound), cut)], rate)


def swelling(rate: int, seconds: float) -> Sound:
    """Return noise with loud parts, quiet parts and pauses, so that both gates matter."""
    sound = noise(round(rate * seconds), seed=rate)
    steps = np.repeat([0.0, 0.01, 0.3, 1.0, 0.001, 0.5], -(-len(sound) // 6))[: len(sound)]
    return (sound * steps[:, None]).astype(np.float32)


def in_one_piece(sound: Sound, rate: int) -> float:
    """Return the integrated loudness according to BS.1770, filtering the whole sound at once instead of in blocks."""
    points = 1 << (len(sound) + rate).bit_length()
    response = k_weighting(rate, points).astype(np.complex128)[:, None]
    filtered = np.fft.irfft(np.fft.rfft(sound, points, axis=0) * response, axis=0)[: len(sound)]
    total = np.concatenate(([0.0], np.cumsum(np.square(filtered).sum(axis=1))))
    size = round(0.4 * rate)
    starts = np.round(np.arange((len(sound) - size) // (0.1 * rate) + 1) * 0.1 * rate).astype(int)
    powers = (total[starts + size] - total[starts]) / size
    powers = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    return -0.691 + 10 * math.log10(powers[powers > powers.mean() / 10].mean())


def peak_db(sound: Sound, cut: int = 10_000) -> float:
    meter = TruePeak()
    for start in range(0, len(sound), cut):
        meter.add(sound[start : start + cut])
    return 20 * math.log10(meter.value())


@pytest.mark.parametrize("level", [-23.0, -33.0])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_reference_tone_reads_its_level(rate: int, level: float) -> None:
    """EBU Tech 3341, cases 1 and 2: a stereo 1 kHz sine at -23 dBFS reads -23 LUFS."""
    tone = sine(rate * 5, rate, 1000.0, 10 ** (level / 20))
    assert lufs(tone, rate) == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 48000, 192000])
@pytest.mark.parametrize(
    "steps",
    [
        [(10, -36), (60, -23), (10, -36)],
        [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)],
        [(20, -26), (20.1, -20), (20, -26)],
    ],
    ids=["case 3", "case 4", "case 5"],
)
def test_the_gates_of_the_reference_sequences(rate: int, steps: list[tuple[float, float]]) -> None:
    """EBU Tech 3341, cases 3 to 5: these sequences of 1 kHz tones read -23 LUFS."""
    level = np.concatenate([np.full(round(seconds * rate), 10 ** (db / 20), np.float32) for seconds, db in steps])
    assert lufs(level[:, None] * sine(len(level), rate, 1000.0, 1.0), rate) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000])
@pytest.mark.parametrize("seconds", [0.6, 12.0])
def test_a_stream_reads_as_one_piece(rate: int, seconds: float) -> None:
    sound = swelling(rate, seconds)
    assert lufs(sound, rate) == pytest.approx(in_one_piece(sound, rate), abs=0.002)


def test_k_weighting_is_that_of_the_standard() -> None:
    """The test uses the coefficients for 48 kHz from ITU-R BS.1770-5, annex 1, tables 1 and 2."""
    z = np.exp(-2j * np.pi * np.arange(4097) / 8192)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    assert np.abs(k_weighting(48_000, 8192) - shelf * high_pass).max() < 1e-5


@pytest.mark.parametrize("rate", [44_100, 96_000, 192_000])
def test_k_weighting_is_the_same_filter_at_other_rates(rate: int) -> None:
    audible = np.arange(2, 200)  # bins of 10 Hz, from 20 Hz to 2 kHz
    gains = [np.abs(k_weighting(one, one // 10))[audible] for one in (rate, 48_000)]
    assert 20 * np.abs(np.log10(gains[0] / gains[1])).max() < 0.1


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
def test_an_independent_meter_reads_the_same(rate: int) -> None:
    sound = swelling(rate, 12)
    assert lufs(sound, rate) == pytest.approx(judge.integrated_loudness(sound, rate), abs=0.06)  # `judge` rounds


@pytest.mark.parametrize("rate", [11025, 48000])
def test_loudness_does_not_depend_on_the_blocks(rate: int) -> None:
    sound = swelling(rate, 6)
    assert lufs(sound, rate, 777) == lufs(sound, rate, len(sound))


@pytest.mark.needs("codecs")
def test_ffmpeg_reads_the_same(tmp_path: Path) -> None:
    sound = swelling(48000, 12)
    soundfile.write(tmp_path / "x.wav", sound, 48000, subtype="FLOAT")
    command = ["ffmpeg", "-nostats", "-i", str(tmp_path / "x.wav"), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stderr
    summary = said[said.rindex("Summary") :]
    level = float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1])
    peak = float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])
    assert lufs(sound, 48000) == pytest.approx(level, abs=0.11)
    assert peak_db(sound) == pytest.approx(peak, abs=0.15)


def test_a_clip_too_short_for_gating_gets_the_ungated_mean() -> None:
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
    """As in EBU Tech 3341 from case 15 on: all samples of a quarter-rate sine at 45° are 3 dB below its peaks."""
    wave = 0.5 * np.sin(2 * np.pi * 0.25 * np.arange(48000) + np.pi / 4)
    tone = np.repeat((wave * np.hanning(48000))[:, None], 2, axis=1).astype(np.float32)
    assert peak_db(tone) == pytest.approx(20 * math.log10(0.5), abs=0.02)


def interpolated_db(sound: Sound) -> float:
    """Return the peak in dB after ideal fourfold interpolation by zero-padding the spectrum."""
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
    """Clipping adds energy up to half the sample rate, but soxr's filter attenuates the highest frequencies."""
    sound = np.clip(noise(48000 * 2, seed=9) * np.float32(gain), -0.9, 0.9).astype(np.float32)
    sound *= np.hanning(len(sound)).astype(np.float32)[:, None] ** 0.1
    by_soxr = 20 * math.log10(float(np.abs(soxr.resample(sound, 48000, 192000, "VHQ")).max()))
    assert by_soxr - 0.05 < peak_db(sound) < interpolated_db(sound) + 0.05


def test_true_peak_is_never_below_a_sample_and_sees_the_edges() -> None:
    sound = np.zeros((1000, 2), np.float32)
    sound[0, 0], sound[-1, 1] = 0.7, -0.8
    assert peak_db(sound) >= 20 * math.log10(0.8)
