"""Tests the task `fit`: length, rate, level and file."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import RequestError, ResultNotAudio, ResultTruncated
from bridge.workers.tasks.fit import fit
from tests.audio.signals import Sound, lag, noise

loudness = pytest.importorskip("loudness", reason="loudness has no wheel for this system")

RATE = 48000


def nothing(share: float) -> None:
    """Ignore a progress report."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fit")


@pytest.fixture(scope="module")
def sound() -> Sound:
    return noise(RATE * 3, level=0.3)


@pytest.fixture(scope="module")
def raw(folder: Path, sound: Sound) -> Path:
    path = folder / "raw.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    return path


def run(raw: Path, *, size: int = 65536, **args: Any) -> tuple[dict[str, Any], Sound]:
    into = raw.parent / "fitted.wav"
    defaults = {
        "raw": str(raw),
        "into": str(into),
        "sample_rate": None,
        "lead": 0,
        "samples": RATE,
        "tail": 0,
        "source_gain_db": 0.0,
        "target": None,
        "ceiling": 20.0,
        "format": "float32",
    }
    answer = fit(defaults | args, nothing, size=size)
    json.dumps(answer, allow_nan=False)
    data, rate = soundfile.read(into, dtype="float32")
    assert (answer["sample_rate"], answer["frames"]) == (rate, len(data))
    assert not [name for name in os.listdir(raw.parent) if name.startswith(".")]
    return answer, data


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def between_samples(out: Sound) -> float:
    """Return the peak after eightfold oversampling by zero-padding the spectrum."""
    spectrum = np.fft.rfft(np.pad(out, ((4096, 4096), (0, 0))), axis=0)
    longer = np.pad(spectrum, ((0, 7 * (len(spectrum) - 1)), (0, 0)))
    return float(np.abs(np.fft.irfft(longer, axis=0)).max() * 8)


def test_without_correction_the_sound_is_only_cut_to_length(raw: Path, sound: Sound) -> None:
    answer, data = run(raw, lead=4800, samples=48000, tail=960)
    assert np.array_equal(data, sound[: 4800 + 48000 + 960])
    assert (answer["lead"], answer["samples"], answer["gain_db"]) == (4800, 48000, 0.0)
    assert answer["warnings"] == []


def test_pcm24_is_exact_too(raw: Path, sound: Sound) -> None:
    _, data = run(raw, format="pcm24")
    assert soundfile.info(raw.parent / "fitted.wav").subtype == "PCM_24"
    assert np.abs(data - sound[:RATE]).max() <= 2.0**-24


@pytest.mark.parametrize("rate", [44100, 96000])
def test_another_rate_keeps_position_and_length(raw: Path, sound: Sound, rate: int) -> None:
    answer, data = run(raw, sample_rate=rate, samples=2 * rate + 1)
    assert answer["frames"] == 2 * rate + 1
    assert lag(soxr.resample(sound, RATE, rate)[: len(data)], data) == 0


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rate=st.sampled_from([None, 22050, 44100, 48000, 88200]),
    position=st.floats(0, 500),
    length=st.floats(0.1, 3.5),
    lead=st.integers(0, 9000),
    tail=st.integers(0, 9000),
    size=st.integers(100, 50000),
)
def test_any_position_and_length_gives_exactly_the_clips_samples(
    raw: Path, rate: int | None, position: float, length: float, lead: int, tail: int, size: int
) -> None:
    here = rate or RATE
    samples = round((position + length) * here) - round(position * here)
    args = {"sample_rate": rate, "samples": samples, "lead": lead, "tail": tail, "target": -18.0, "ceiling": -1.0}
    answer, once = run(raw, size=10**7, **args)
    assert len(once) == lead + samples + tail
    assert answer["samples"] == samples
    _, blocks = run(raw, size=size, **args)
    assert np.allclose(once, blocks, atol=1e-6)  # only the last bit of the true peak depends on the blocks


def test_the_clip_without_its_handles_gets_the_target(folder: Path) -> None:
    data = noise(RATE * 4, level=0.4)
    data[:RATE] *= np.float32(0.01)
    path = folder / "steps.wav"
    soundfile.write(path, data, RATE, subtype="FLOAT")
    answer, out = run(path, lead=RATE, samples=2 * RATE, tail=RATE, target=-20.0)
    assert loudness.integrated_loudness(out[RATE : 3 * RATE], RATE) == pytest.approx(-20.0, abs=0.01)
    assert answer["lufs"] == pytest.approx(-20.0)
    measured = loudness.integrated_loudness(data[RATE : 3 * RATE], RATE)
    assert answer["gain_db"] == pytest.approx(-20.0 - measured, abs=0.01)


def test_the_ceiling_takes_precedence_over_the_target_and_is_reported(raw: Path) -> None:
    answer, out = run(raw, target=-3.0, ceiling=-1.0)
    assert -1.25 < 20 * math.log10(between_samples(out)) < -0.75  # noise is the limiter's worst case
    assert answer["true_peak_db"] == pytest.approx(-1.15)  # the limiter keeps a margin below the ceiling
    assert 5.9 < answer["limiter_db"] < 6.3  # the maximum reduction
    assert codes(answer) == ["loudness_limited"]
    assert f"{-3.0 - answer['lufs']:.1f} dB" in answer["warnings"][0]["text"]


def test_audio_over_full_scale_is_lowered_to_the_ceiling_without_a_target(folder: Path, sound: Sound) -> None:
    path = folder / "hot.wav"
    soundfile.write(path, sound * 10, RATE, subtype="FLOAT")
    answer, out = run(path, ceiling=-1.0, format="pcm24")
    assert float(np.abs(out).max()) < 10 ** (-1 / 20)
    assert codes(answer) == ["loudness_limited"]


def test_without_matching_the_gain_of_the_upload_is_undone(raw: Path, sound: Sound) -> None:
    answer, out = run(raw, source_gain_db=-6.5)
    assert answer["gain_db"] == 6.5
    assert np.allclose(out, sound[:RATE] * 10 ** (6.5 / 20), atol=1e-6)


def test_silence_stays_silence(folder: Path) -> None:
    soundfile.write(folder / "silent.wav", np.zeros((RATE, 2)), RATE, subtype="FLOAT")
    answer, out = run(folder / "silent.wav", target=-14.0)
    assert not out.any()
    assert (answer["lufs"], answer["true_peak_db"], answer["gain_db"]) == (None, None, 0.0)


@pytest.mark.parametrize(("missing", "warned"), [(0.05, []), (0.3, ["result_short"])])
def test_a_short_result_is_faded_and_padded(raw: Path, sound: Sound, missing: float, warned: list[str]) -> None:
    samples = round((3 + missing) * RATE)
    answer, out = run(raw, samples=samples)
    assert codes(answer) == warned
    assert len(out) == samples
    assert not out[3 * RATE :].any()
    assert np.array_equal(out[: 3 * RATE - 240], sound[: 3 * RATE - 240])
    assert abs(out[3 * RATE - 1]).max() == 0.0
    ratio = out[3 * RATE - 121, 0] / sound[3 * RATE - 121, 0]
    assert ratio == pytest.approx(0.5, abs=0.01)


def test_the_position_of_alignment(raw: Path, sound: Sound) -> None:
    _, later = run(raw, skip=0.1)
    assert np.array_equal(later, sound[4800 : 4800 + RATE])
    _, sooner = run(raw, skip=-0.1)
    assert np.array_equal(sooner[4800:], sound[: RATE - 4800])
    assert not sooner[:4800].any()


def test_mono_results_become_stereo(folder: Path) -> None:
    mono = noise(RATE, 1, level=0.3)
    soundfile.write(folder / "mono.wav", mono, RATE, subtype="FLOAT")
    _, out = run(folder / "mono.wav")
    assert np.array_equal(out, mono.repeat(2, axis=1))


def test_the_result_of_a_mono_clip_is_the_mean_of_its_channels(folder: Path, raw: Path, sound: Sound) -> None:
    answer, out = run(raw, channels=1)
    assert answer["channels"] == 1
    assert out.shape == (RATE,)
    assert np.array_equal(out, ((sound[:RATE, 0] + sound[:RATE, 1]) / 2).astype(np.float32))
    assert codes(answer) == []
    full = np.tile(np.float32([[1, 1], [-1, -1]]), (RATE // 2, 1))
    soundfile.write(folder / "full.wav", full, RATE, subtype="FLOAT")
    _, out = run(folder / "full.wav", channels=1)
    assert np.array_equal(out, full[:, 0])  # what both channels share keeps its level, so nothing clips


@pytest.mark.parametrize("encoding", ["pcm24", "float32"])
@pytest.mark.parametrize("samples", [RATE, RATE + 1])
def test_a_mono_file_is_complete(raw: Path, encoding: str, samples: int) -> None:
    """An odd number of 3-byte samples needs a padding byte."""
    run(raw, channels=1, format=encoding, samples=samples)
    path = raw.parent / "fitted.wav"
    info = soundfile.info(path)
    assert (info.channels, info.frames) == (1, samples)
    data = path.read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert len(data) % 2 == 0


@pytest.mark.parametrize("width", [0.0, 0.5, 1.0, 1.2], ids=["mono", "narrow", "unrelated", "wide"])
def test_a_mono_result_is_as_loud_on_two_speakers_as_its_clip(folder: Path, width: float) -> None:
    """The reference meter hears a mono file on both speakers, as the clip."""
    middle, side = noise(4 * RATE, 1, level=0.1), noise(4 * RATE, 1, seed=2, level=0.1)
    soundfile.write(folder / "wide.wav", middle + width * side * np.float32([1, -1]), RATE, subtype="FLOAT")
    answer, out = run(folder / "wide.wav", channels=1, target=-20.0, samples=4 * RATE)
    played = np.stack((out, out), axis=1)
    assert loudness.integrated_loudness(played, RATE) == pytest.approx(-20.0, abs=0.1)
    assert answer["lufs"] == pytest.approx(-20.0, abs=0.1)
    assert codes(answer) == []


@pytest.mark.parametrize(("gains", "side"), [((0.5, -0.5), "left"), ((0.3, -0.5), "right"), ((0.5, -0.3), "left")])
def test_channels_that_cancel_each_other_in_mono_leave_the_louder_one(
    folder: Path, gains: tuple[float, float], side: str
) -> None:
    one = noise(RATE, 1)
    soundfile.write(folder / "cancels.wav", one * np.float32(gains), RATE, subtype="FLOAT")
    answer, out = run(folder / "cancels.wav", channels=1)
    assert np.abs(out - one[:, 0] * np.float32(max(gains, key=abs))).max() < 1e-6
    assert codes(answer) == ["mono_cancels"]
    assert f"only its {side} channel is used" in answer["warnings"][0]["text"]
    assert run(folder / "cancels.wav")[1].shape == (RATE, 2)


def test_one_silent_channel_does_not_count_as_cancelling(folder: Path) -> None:
    one = noise(RATE, 1)
    soundfile.write(folder / "left.wav", one * np.float32([1, 0]), RATE, subtype="FLOAT")
    answer, out = run(folder / "left.wav", channels=1)
    assert np.array_equal(out, one[:, 0] / 2)
    assert codes(answer) == []


def test_the_file_has_its_metadata(raw: Path) -> None:
    bext = {
        "description": "a remix",
        "originator": "ace-bridge",
        "originator_reference": "r1",
        "origination_date": "2026-01-02",
        "origination_time": "03:04:05",
        "time_reference": 96000,
        "coding_history": "A=PCM",
    }
    run(raw, bext=bext, info={"INAM": "title", "ICMT": "comment"}, target=-20.0)
    data = (raw.parent / "fitted.wav").read_bytes()
    start = data.index(b"bext") + 8
    assert data[start : start + 7] == b"a remix"
    assert int.from_bytes(data[start + 338 : start + 346], "little") == 96000
    assert int.from_bytes(data[start + 412 : start + 414], "little", signed=True) == -2000
    with soundfile.SoundFile(raw.parent / "fitted.wav") as read:
        assert (read.title, read.comment) == ("title", "comment")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"samples": 0}, RequestError),
        ({"target": math.nan}, RequestError),
        ({"format": "mp3"}, RequestError),
        ({"sample_rate": -1}, RequestError),
    ],
)
def test_invalid_arguments_are_refused(raw: Path, tmp_path: Path, args: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(raw, **{"into": str(tmp_path / "x.wav")} | args)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_raw_leaves_nothing_behind(raw: Path, tmp_path: Path) -> None:
    bad, data = tmp_path / "bad.wav", raw.read_bytes()
    for content, error in ((b"<html>", ResultNotAudio), (data[: data.index(b"data") + 8], ResultTruncated)):
        bad.write_bytes(content)
        with pytest.raises(error):
            run(bad, into=str(tmp_path / "x.wav"))
        assert list(tmp_path.iterdir()) == [bad]


def test_the_end_of_a_loop_continues_into_its_start(folder: Path) -> None:
    """If the period of a tone does not fit the loop, the seam clicks unless there is a cross-fade."""
    raw = folder / "loop.wav"
    t = np.arange(3 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 331.7 * t) * (1 + 0.5 * np.sin(2 * np.pi * 3 * t))
    soundfile.write(raw, np.stack([tone, tone], axis=1), RATE, subtype="FLOAT")
    answer, plain = run(raw, skip=1.0)
    assert answer["loop"] is None
    answer, loop = run(raw, skip=1.0, loops=True)
    steps = np.abs(np.diff(np.concatenate((loop, loop[:2])), axis=0)).max(axis=1)
    assert steps[-2:].max() <= steps[:-2].max()
    assert abs(plain[-1, 0] - plain[0, 0]) > 2 * steps.max()
    fade = round(0.02 * RATE)
    assert np.array_equal(loop[:-fade], plain[:-fade])
    assert answer["loop"]["click_rank"] < 1.0
    answer, loop = run(raw, skip=1.0, loops=True, sample_rate=44100, samples=44100, size=1000)
    assert (answer["frames"], len(loop)) == (44100, 44100)
    assert answer["loop"]["click_rank"] < 1.0
