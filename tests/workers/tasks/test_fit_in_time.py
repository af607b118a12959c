"""Tests the task `fit` with a source: the task corrects offset and drift, and reports defects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from bridge.audio import align, onsets
from bridge.workers.tasks.fit import fit
from tests.audio.signals import Sound
from tests.fakes.music import track

pytestmark = pytest.mark.needs("music")

RATE = 44_100
SECONDS = 12.0
SAMPLES = round(SECONDS * RATE)


@pytest.fixture(scope="module")
def music() -> Sound:
    """Return 14 s of real music; the clip starts 1 s into the music."""
    data, rate = soundfile.read(track("gravity"), dtype="float32", always_2d=True, frames=14 * 44_100)
    assert rate == RATE
    return data if data.shape[1] == 2 else data.repeat(2, axis=1)


@pytest.fixture
def folder(tmp_path: Path, music: Sound) -> Path:
    soundfile.write(tmp_path / "source.flac", music[RATE : RATE + SAMPLES], RATE, subtype="PCM_24")
    return tmp_path


def changed(music: Sound, late: float = 0.0) -> Sound:
    """Return the clip as a model might change it: brighter, and late by `late` seconds."""
    start = RATE - round(late * RATE)
    sound = music[start : start + SAMPLES]
    return (0.7 * sound + 0.6 * np.diff(sound, axis=0, prepend=sound[:1])).astype(np.float32)


def run(folder: Path, result: Sound, **args: Any) -> tuple[dict[str, Any], Sound]:
    soundfile.write(folder / "raw.wav", result, RATE, subtype="FLOAT")
    into = folder / "fitted.wav"
    defaults = {
        "raw": str(folder / "raw.wav"),
        "source": str(folder / "source.flac"),
        "into": str(into),
        "sample_rate": RATE,
        "lead": 0,
        "samples": SAMPLES,
        "tail": 0,
        "target": None,
        "ceiling": 20.0,
        "format": "float32",
    }
    answer = fit(defaults | args, lambda share: None)
    data, _ = soundfile.read(into, dtype="float32", always_2d=True)
    assert len(data) == answer["frames"]
    return answer, data


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["warnings"]]


def lateness(folder: Path, data: Sound) -> align.Measured:
    """Measure how late the written file is relative to the source."""
    source, _ = soundfile.read(folder / "source.flac", dtype="float32", always_2d=True)
    heard = [soxr.resample(sound.mean(axis=1), RATE, onsets.RATE) for sound in (source, data)]
    measured = align.measure(*heard)
    assert measured is not None
    return measured


@pytest.mark.parametrize("late", [0.0234, -0.0612])
def test_without_handles_the_start_is_cut_or_moved(folder: Path, music: Sound, late: float) -> None:
    answer, data = run(folder, changed(music, late))
    assert answer["alignment"]["corrected_ms"] == pytest.approx(late * 1000, abs=1.5)
    assert answer["alignment"]["confidence"] > 0.85
    assert answer["lead"] == 0
    assert lateness(folder, data).offset == pytest.approx(0.0, abs=0.0015)
    assert f"{late * 1000:+.0f} ms corrected" in answer["alignment"]["text"]


def test_with_handles_the_file_stays_and_the_clip_slips(folder: Path, music: Sound) -> None:
    handle = round(0.5 * RATE)
    result = changed(music, 0.0234)
    bext = {"description": "", "originator": "", "originator_reference": "", "origination_date": "2026-01-01"}
    bext |= {"origination_time": "00:00:00", "time_reference": 480_000, "coding_history": ""}
    answer, data = run(folder, result, lead=handle, samples=SAMPLES - 2 * handle, tail=handle, bext=bext)
    assert np.array_equal(data, result)
    assert answer["lead"] == pytest.approx(handle + 0.0234 * RATE, abs=0.0015 * RATE)
    chunk = (folder / "fitted.wav").read_bytes()
    start = chunk.index(b"bext") + 8
    reference = int.from_bytes(chunk[start + 338 : start + 346], "little")
    assert reference == 480_000 + handle - answer["lead"]


def test_a_result_in_place_is_not_changed(folder: Path, music: Sound) -> None:
    result = changed(music)
    answer, data = run(folder, result)
    assert answer["alignment"]["corrected_ms"] == 0.0
    assert "+0 ms in place" in answer["alignment"]["text"]
    assert np.array_equal(data, result)


def test_drift_is_removed(folder: Path, music: Sound) -> None:
    late = soxr.resample(changed(music), RATE, RATE * 1.006, "VHQ")
    answer, data = run(folder, late)
    assert answer["alignment"]["drift_percent"] == pytest.approx(0.6, abs=0.03)
    assert answer["alignment"]["drift_corrected"] is True
    measured = lateness(folder, data)
    assert abs(measured.drift) < 0.0004
    assert abs(measured.offset) < 0.003


def test_without_align_the_offset_is_measured_but_not_corrected(folder: Path, music: Sound) -> None:
    result = changed(music, 0.0234)
    answer, data = run(folder, result, align=False)
    assert answer["alignment"]["offset_ms"] == pytest.approx(23.4, abs=1.5)
    assert answer["alignment"]["corrected_ms"] == 0.0
    assert np.array_equal(data, result)


def test_an_unrelated_result_is_not_corrected(folder: Path) -> None:
    other, rate = soundfile.read(track("speeditup"), dtype="float32", always_2d=True, frames=SAMPLES)
    other = soxr.resample(other, rate, RATE)[:SAMPLES]
    other = other if other.shape[1] == 2 else other.repeat(2, axis=1)
    answer, data = run(folder, other)
    assert answer["alignment"]["corrected_ms"] == 0.0
    assert "timing not corrected (" in answer["alignment"]["text"]
    assert np.array_equal(data[: len(other)], other)


def test_a_nudge_is_added_to_the_measured_offset(folder: Path, music: Sound) -> None:
    _, data = run(folder, changed(music, 0.0234), nudge=0.05)
    assert lateness(folder, data).offset == pytest.approx(0.05, abs=0.0015)


def test_dc_is_removed(folder: Path, music: Sound) -> None:
    _, data = run(folder, changed(music) + np.array([0.05, -0.02], np.float32))
    assert np.abs(data.mean(axis=0)).max() < 0.001


@pytest.mark.parametrize(("late", "direct"), [(0.0, 0.0), (0.0234, 0.0), (0.0, 0.05)], ids=["right", "late", "DC"])
def test_cutting_before_the_comparison_gives_the_same_file(
    folder: Path, music: Sound, monkeypatch: pytest.MonkeyPatch, late: float, direct: float
) -> None:
    """The file and the report are the same whether or not the result is cut before the comparison."""
    result = changed(music, late) + np.float32(direct)
    guessed = run(folder, result, target=-18.0, ceiling=-1.0)
    monkeypatch.setattr("bridge.workers.tasks.fit.GUESSED", 0.0)
    known = run(folder, result, target=-18.0, ceiling=-1.0)
    assert guessed[0] == known[0]
    assert np.array_equal(guessed[1], known[1])


def test_an_unchanged_source_is_reported(folder: Path, music: Sound) -> None:
    answer, _ = run(folder, music[RATE : RATE + SAMPLES] * np.float32(0.8))
    assert codes(answer) == ["result_unchanged"]
    assert "another seed" in answer["warnings"][0]["text"]


def test_noise_is_reported(folder: Path) -> None:
    noise = np.random.default_rng(1).standard_normal((SAMPLES, 2)).astype(np.float32) * 0.1
    answer, _ = run(folder, noise)
    assert codes(answer) == ["result_noise"]


def test_drop_outs_are_reported(folder: Path, music: Sound) -> None:
    result = changed(music)
    loud = int(np.argmax(np.convolve(np.abs(result).max(axis=1), np.ones(4000), "valid")[RATE:-RATE])) + RATE
    result[loud : loud + 4000] = 0
    answer, _ = run(folder, result)
    assert codes(answer) == ["result_gaps"]
    assert "drops out once, for 8" in answer["warnings"][0]["text"]  # 91 ms, measured in steps of 5 ms


def test_clipping_is_reported(folder: Path, music: Sound) -> None:
    answer, _ = run(folder, np.clip(changed(music) * 6, -0.9, 0.9))
    assert codes(answer) == ["result_clipped"]


def test_a_result_that_becomes_silent_is_reported(folder: Path, music: Sound) -> None:
    result = changed(music)
    result[3 * RATE :] = 0
    answer, _ = run(folder, result)
    assert "result_mostly_silent" in codes(answer)


@pytest.mark.parametrize("target", [-9.0, -12.0, -20.0])
def test_real_music_is_within_half_a_lu_under_the_ceiling(folder: Path, music: Sound, target: float) -> None:
    answer, data = run(folder, changed(music), target=target, ceiling=-1.0)
    peak = float(np.abs(soxr.resample(data, RATE, 4 * RATE, "VHQ")).max())
    assert 20 * np.log10(peak) <= -0.9
    short = answer["limiter_db"] > 5.9
    assert answer["lufs"] == pytest.approx(target, abs=0.5) or (short and "loudness_limited" in codes(answer))
