"""Tests that the task `render` returns exactly the samples that the DAW plays for a clip."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.audio import files, writers
from bridge.errors import (
    ClipTooShort,
    DiskFull,
    OutputUnwritable,
    RequestError,
    SourceChanged,
    SourceMissing,
    SourceTruncated,
    SourceUnreadable,
    SpanOutside,
)
from bridge.workers.tasks.render import render
from tests.audio.signals import Sound, noise, sine
from tests.workers.tasks.rendering import RATE, codes, nothing, run


def test_the_span_is_exact_to_the_sample(source: Path, sound: Sound) -> None:
    answer, data = run(source, 1.25, offset=0.5)
    assert np.array_equal(data, sound[24000 : 24000 + 60000])
    assert answer["gain_db"] == 0.0
    assert answer["warnings"] == []
    assert (answer["source_rate"], answer["source_channels"]) == (RATE, 2)


def test_handles_are_whole_steps_of_what_is_there(source: Path, sound: Sound) -> None:
    answer, data = run(source, 1.0, offset=0.1, handles=[0.5, 0.25])
    assert answer["handles"] == [0.08, 0.24]
    assert np.array_equal(data, sound[4800 - 3840 : 4800 + 48000 + 11520])
    answer, data = run(source, 1.0, offset=2.99, handles=[0.05, 0.5])
    assert answer["handles"] == [0.04, 0.0]
    assert len(data) == 1920 + 48000


@pytest.mark.parametrize("more", [{"reverse": True}, {"loop": True}, {"section": [1.0, 2.5]}])
def test_no_handles_if_the_source_does_not_continue_unchanged(source: Path, more: dict[str, Any]) -> None:
    answer, _ = run(source, 1.0, offset=0.5, handles=[0.5, 0.5], **more)
    assert answer["handles"] == [0.0, 0.0]


def test_a_loop_is_its_own_context(folder: Path, source: Path, sound: Sound) -> None:
    path = folder / "loop.wav"
    soundfile.write(path, sound[:RATE], RATE, subtype="PCM_24")
    answer, data = run(path, 2.0, loop=True, context=0.6, handles=[0.5, 0.5])
    assert (answer["handles"], answer["keep"], answer["loops"]) == ([0.6, 0.6], [0.0, 0.0], True)
    assert np.array_equal(data, sound[(np.arange(len(data)) - 28800) % RATE])
    answer, _ = run(path, 1.5, loop=True, context=0.6)
    assert not answer["loops"]  # the clip ends in the middle of a pass through the source
    answer, data = run(source, 0.5, offset=1.0, context=0.6, loops=True)
    assert (answer["handles"], answer["keep"], answer["loops"]) == ([0.6, 0.6], [0.0, 0.0], True)
    assert np.array_equal(data, sound[48000 + (np.arange(len(data)) - 28800) % 24000])


@pytest.mark.parametrize(
    ("length", "loops"), [(1.996, True), (2.004, True), (1.99, False), (2.01, False), (0.997, True)]
)
def test_a_loop_may_miss_whole_passes_by_the_rounding_of_a_daw(source: Path, length: float, loops: bool) -> None:
    answer, _ = run(source, length, section=[1.0, 1.0], loop=True)
    assert answer["loops"] == loops


def test_a_short_clip_without_music_around_it_is_repeated_by_whole_bars(source: Path, sound: Sound) -> None:
    answer, data = run(source, 1.0, offset=3.0, handles=[0.2, 0.2], context=1.6, period=0.75)
    assert answer["handles"] == [1.6, 1.6]
    assert answer["keep"] == [0.2, 0.0]  # the DAW's file does not include the repeated audio
    first = round(1.4 * RATE)
    assert np.array_equal(data[: -round(1.6 * RATE)], sound[first:])
    after = data[-round(1.6 * RATE) :]
    assert np.array_equal(after, sound[4 * RATE - 36000 + np.arange(len(after)) % 36000])
    answer, _ = run(source, 1.0, offset=3.0, handles=[0.2, 0.2], context=1.6)
    assert answer["handles"] == [1.6, 0.0]


def test_sixteen_bits_become_24_only_if_samples_change(folder: Path) -> None:
    path = folder / "sixteen.wav"
    data = noise(RATE, bits=16)
    soundfile.write(path, data, RATE, subtype="PCM_16")
    _, out = run(path, 0.5, channels="swap")
    assert soundfile.info(folder / "out.flac").subtype == "PCM_16"
    assert np.array_equal(out, data[:24000, ::-1])
    run(path, 0.5, pan=0.3)
    assert soundfile.info(folder / "out.flac").subtype == "PCM_24"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"channels": "left"}, lambda x: x[:, [0, 0]]),
        ({"channels": "right"}, lambda x: x[:, [1, 1]]),
        ({"channels": "swap"}, lambda x: x[:, ::-1]),
        ({"channels": "downmix"}, lambda x: x.mean(axis=1, keepdims=True).repeat(2, axis=1)),
        ({"polarity": True}, lambda x: -x),
        ({"pan": 0.25}, lambda x: x * np.float32([0.75, 1.0])),
        ({"pan": -1}, lambda x: x * np.float32([1.0, 0.0])),
        ({"reverse": True}, lambda x: None),
    ],
)
def test_channels_pan_and_polarity(
    source: Path, sound: Sound, more: dict[str, Any], expected: Callable[[Sound], Sound | None]
) -> None:
    _, data = run(source, 1.0, offset=1.0, **more)
    wanted = expected(sound[48000:96000])
    if wanted is None:
        wanted = sound[::-1][48000:96000]
    assert np.abs(data - wanted).max() <= 2.0**-23


@pytest.mark.parametrize("channels", range(1, 9))
def test_any_number_of_channels_becomes_stereo(folder: Path, channels: int) -> None:
    path = folder / f"{channels}.wav"
    data = noise(RATE, channels, level=0.2)
    soundfile.write(path, data, RATE, subtype="PCM_24")
    answer, out = run(path, 1.0)
    assert codes(answer) == (["channels_downmixed"] if channels > 2 else [])
    assert answer["source_channels"] == channels
    if channels == 1:
        assert np.array_equal(out, data.repeat(2, axis=1))
    if channels == 6:
        half = math.sqrt(0.5)
        left = data[:, 0] + half * data[:, 2] + half * data[:, 4]
        assert np.abs(out[:, 0] - left).max() < 1e-6
    assert np.array_equal(run(path, 1.0, channels="right")[1][:, 0], data[:, min(1, channels - 1)])


def test_a_section_is_a_file_of_its_own(source: Path, sound: Sound) -> None:
    _, data = run(source, 0.5, section=[1.0, 2.0], offset=0.25)
    assert np.array_equal(data, sound[60000:84000])
    _, data = run(source, 0.5, section=[1.0, 2.0], offset=0.25, reverse=True)
    assert np.array_equal(data, sound[48000:144000][::-1][12000:36000])


def test_a_loop_continues_in_both_directions(source: Path, sound: Sound) -> None:
    answer, data = run(source, 6.0, offset=-1.0, loop=True)
    assert np.array_equal(data, np.tile(sound, (3, 1))[144000 : 144000 + 288000])
    assert codes(answer) == []
    _, data = run(source, 2.0, section=[0.5, 0.013], offset=0.001, loop=True, reverse=True)
    once = sound[24000 : 24000 + 624][::-1]
    assert np.array_equal(data, np.tile(once, (200, 1))[48 : 48 + 96000])


def test_frames_outside_the_source_are_silent(source: Path, sound: Sound) -> None:
    answer, data = run(source, 5.0, offset=-0.5)
    silent = np.zeros((24000, 2), np.float32)
    assert np.array_equal(data, np.concatenate((silent, sound, silent)))
    assert codes(answer) == ["span_padded"]
    assert "1.000 s" in answer["warnings"][0]["text"]


def test_floats_over_full_scale_are_scaled_and_the_gain_is_reported(folder: Path) -> None:
    path = folder / "hot.wav"
    hot = noise(RATE, level=0.9) * np.float32(4.0)
    soundfile.write(path, hot, RATE, subtype="FLOAT")
    answer, data = run(path, 1.0)
    assert -11.2 < answer["gain_db"] < -11.1
    assert np.abs(data * 10 ** (-answer["gain_db"] / 20) - hot).max() < 1e-5
    assert answer["true_peak_db"] > 11.0
    soundfile.write(path, hot / 8, RATE, subtype="FLOAT")
    quiet, _ = run(path, 1.0)
    assert answer["lufs"] - quiet["lufs"] == pytest.approx(20 * math.log10(8), abs=0.05)


def test_invalid_samples_are_silenced_and_reported(folder: Path) -> None:
    path = folder / "nan.wav"
    data = noise(RATE)
    data[100, 0], data[200, 1] = np.nan, np.inf
    soundfile.write(path, data, RATE, subtype="FLOAT")
    answer, out = run(path, 1.0)
    assert codes(answer) == ["not_numbers"]
    assert "2 samples" in answer["warnings"][0]["text"]
    assert out[100, 0] == 0.0
    assert out[200, 1] == 0.0


def test_silence_has_no_loudness(folder: Path) -> None:
    soundfile.write(folder / "silent.wav", np.zeros((RATE, 2)), RATE, subtype="PCM_24")
    answer, _ = run(folder / "silent.wav", 1.0)
    assert answer["lufs"] is None
    assert answer["true_peak_db"] is None


def test_loudness_is_of_the_clip_without_its_handles(folder: Path) -> None:
    data = sine(RATE * 3, RATE, 997.0, 0.01)
    data[RATE : RATE * 2] *= 50
    soundfile.write(folder / "steps.wav", data, RATE, subtype="PCM_24")
    answer, _ = run(folder / "steps.wav", 1.0, offset=1.0, handles=[0.8, 0.8])
    assert answer["lufs"] == pytest.approx(20 * math.log10(0.5), abs=0.1)  # sine: -3.01 dB, two channels: +3.01 dB


PLAYED = {
    "offset": st.floats(-1.0, 1.9),
    "length": st.floats(0.1, 2.5),
    "playrate": st.one_of(st.just(1.0), st.floats(0.25, 4.0)),
    "reverse": st.booleans(),
    "loop": st.booleans(),
    "section": st.one_of(st.none(), st.tuples(st.floats(0, 0.5), st.floats(0.01, 3.0)).map(list)),
    "rate": st.sampled_from([8000, 11025, 22050, 44100, 48000, 96000, 192000, 37831]),
    "channels": st.integers(1, 4),
    "mode": st.sampled_from(["normal", "left", "right", "downmix", "swap"]),
    "handles": st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)).map(list),
    "size": st.integers(50, 30000),
}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.fixed_dictionaries(PLAYED))
def test_any_clip_has_its_exact_length_and_blocks_equal_one_piece(folder: Path, drawn: dict[str, Any]) -> None:
    rate, channels, size = drawn.pop("rate"), drawn.pop("channels"), drawn.pop("size")
    length, mode = drawn.pop("length"), drawn.pop("mode")
    path = folder / f"{rate}-{channels}.wav"
    if not path.exists():
        soundfile.write(path, noise(rate * 2, channels), rate, subtype="PCM_24")
    try:
        answer, once = run(path, length, folder / "a.flac", size=10**7, channels=mode, **drawn)
    except SpanOutside:
        wanted = round(length * drawn["playrate"] * rate)
        start = round(drawn["offset"] * rate)
        assert not drawn["loop"]
        assert start + wanted <= 0 or drawn["section"] is not None
        return
    out = min(rate, 48000)
    before, after = answer["handles"]
    assert answer["frames"] == round(length * out) + round(before * out) + round(after * out)
    for handle, wanted in zip(answer["handles"], drawn["handles"], strict=True):
        assert handle <= wanted + 1e-6
        assert round(handle / 0.04, 6) == round(handle / 0.04)
    again, blocks = run(path, length, folder / "b.flac", size=size, channels=mode, **drawn)
    assert np.array_equal(once, blocks)
    assert again["sha256"] == answer["sha256"] or again["gain_db"] != answer["gain_db"]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.integers(0, RATE * 3 - 4800), st.integers(4800, RATE))
def test_any_span_at_the_files_rate_is_the_files_samples(source: Path, sound: Sound, start: int, frames: int) -> None:
    _, data = run(source, frames / RATE, offset=start / RATE)
    assert np.array_equal(data, sound[start : start + frames])


def test_resampling_equals_one_shot_bit_for_bit(folder: Path) -> None:
    data = noise(96000 * 2)
    soundfile.write(folder / "r.wav", data, 96000, subtype="PCM_24")
    _, out = run(folder / "r.wav", 2.0, size=4321)
    expected = soxr.resample(np.concatenate((data, np.zeros((1920, 2), np.float32))), 96000, 48000, "VHQ")[:96000]
    assert np.array_equal(out, writers.quantised(expected, 24) / np.float32(2**23))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"length": math.nan}, RequestError, "length"),
        ({"length": -1.0}, RequestError, "length"),
        ({"length": 0.05}, ClipTooShort, "0.050 s"),
        ({"offset": math.inf}, RequestError, "offset"),
        ({"offset": "1"}, RequestError, "offset"),
        ({"offset": 100.0}, SpanOutside, "4.000 s"),
        ({"offset": -100.0}, SpanOutside, "4.000 s"),
        ({"playrate": 0}, RequestError, "playrate"),
        ({"playrate": True}, RequestError, "playrate"),
        ({"pan": 2}, RequestError, "pan"),
        ({"pitch": math.nan}, RequestError, "pitch"),
        ({"channels": "both"}, RequestError, "normal, left"),
        ({"section": [9.0, 1.0]}, SpanOutside, "0.000 s"),
        ({"section": [1.0]}, RequestError, "section"),
        ({"section": [math.nan, 1.0]}, RequestError, "section start"),
        ({"path": ""}, RequestError, "path"),
        ({"path": "a\0b"}, RequestError, "path"),
        ({"path": 7}, RequestError, "path"),
        ({"path": "/nowhere/at all.wav"}, SourceMissing, "no file"),
        ({"path": "/"}, SourceUnreadable, "folder"),
    ],
)
def test_invalid_requests_are_refused_with_a_sentence(
    source: Path, tmp_path: Path, values: dict[str, Any], error: type[Exception], words: str
) -> None:
    into = tmp_path / "x.flac"
    args = {"source": {"path": str(source)} | values, "length": values.get("length", 1.0), "into": str(into)}
    with pytest.raises(error, match=words):
        render(args, nothing)
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(source.read_bytes()[:-100_000])
    with pytest.raises(SourceTruncated, match=r"cut\.wav"):
        run(cut, 1.0, reverse=True)
    assert list(tmp_path.iterdir()) == [cut]


def test_a_file_that_is_rewritten_meanwhile_is_refused(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(source.read_bytes())

    def rewrite(share: float) -> None:
        os.utime(path, ns=(1, 1))

    args = {"source": {"path": str(path)}, "length": 1.0, "into": str(tmp_path / "x.flac")}
    with pytest.raises(SourceChanged, match="rewritten"):
        render(args, rewrite)
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_folder(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputUnwritable, match="Nothing can be written"):
        run(source, 1.0, tmp_path / "gone" / "x.flac")
    monkeypatch.setattr(files, "free_bytes", lambda path: 1000)
    with pytest.raises(DiskFull, match="no room"):
        run(source, 1.0, tmp_path / "gone" / "x.flac")


def test_progress_ends_at_one(source: Path, tmp_path: Path) -> None:
    seen: list[float] = []
    args = {"source": {"path": str(source)}, "length": 4.0, "into": str(tmp_path / "x.flac")}
    render(args, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) >= 3


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("more", [{}, {"playrate": 1.5}, {"offset": 0.5, "handles": [0.5, 0.25]}], ids=str)
def test_a_constant_offset_is_silence_at_any_rate_and_speed(folder: Path, rate: int, more: dict[str, Any]) -> None:
    path = folder / f"offset-{rate}.wav"
    soundfile.write(path, np.full((2 * rate, 1), 0.25, np.float32), rate, subtype="FLOAT")
    answer, out = run(path, 1.0, highest_rate=48_000, **more)
    assert answer["silent"]
    assert np.median(out) == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize(("level_db", "silent"), [(-79.9, False), (-80.1, True)])
def test_silence_ends_at_80_db_below_full_scale(folder: Path, level_db: float, silent: bool) -> None:
    path = folder / "quiet.wav"
    soundfile.write(path, sine(RATE, RATE, 1000.0, 10 ** (level_db / 20)), RATE, subtype="FLOAT")
    assert run(path, 1.0)[0]["silent"] == silent


def test_one_click_is_a_sound_but_not_in_the_handle(folder: Path) -> None:
    sound = np.zeros((3 * RATE, 2), np.float32)
    sound[RATE // 2, 1] = -0.001
    path = folder / "click.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_24")
    assert not run(path, 1.0)[0]["silent"]
    assert run(path, 1.0, offset=1.0, handles=[0.6, 0.6])[0]["silent"]
