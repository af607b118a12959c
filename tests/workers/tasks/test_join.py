"""Tests the tasks `split` and `join`: segments are aligned and matched in level, and the block size has no effect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio import match
from bridge.workers.tasks.join import FADE, join
from bridge.workers.tasks.split import split
from tests.audio.signals import Sound, lag, noise

RATE = 48000
LEGS = ((0.0, 12.0), (8.0, 12.0))  # start and length of each segment, s


def nothing(share: float) -> None:
    """Ignore a progress report."""


@pytest.fixture(scope="module")
def source() -> Sound:
    """Return a sound with attacks at irregular times, so that only one offset fits."""
    random = np.random.default_rng(5)
    sound = np.zeros((20 * RATE, 2), np.float32)
    for start in np.cumsum(random.uniform(0.15, 0.5, 60)):
        first = round(start * RATE)
        tail = sound[first : first + RATE // 2]
        t = np.arange(len(tail)) / RATE
        tone = np.sin(2 * np.pi * random.uniform(100, 900) * t) + 0.5 * random.standard_normal(len(t))
        tail += (0.2 * tone * np.exp(-9 * t))[:, None].astype(np.float32)
    return sound


def run(
    folder: Path, source: Sound, made: list[Sound], *, size: int = 65536, **more: Any
) -> tuple[dict[str, Any], Sound]:
    segments = []
    for number, (sound, (start, seconds)) in enumerate(zip(made, LEGS, strict=True)):
        raw, sent = folder / f"raw-{number}.wav", folder / f"sent-{number}.wav"
        soundfile.write(raw, sound, RATE, subtype="FLOAT")
        soundfile.write(sent, source[round(start * RATE) : round((start + seconds) * RATE)], RATE, subtype="FLOAT")
        segments.append({"raw": str(raw), "source": str(sent), "start": start, "seconds": seconds})
    args = {"legs": segments, "seconds": 20.0, "into": str(folder / "joined.wav"), **more}
    answer = join(args, nothing, size=size)
    json.dumps(answer, allow_nan=False)
    joined, _ = soundfile.read(folder / "joined.wav", dtype="float32")
    assert answer["frames"] == len(joined) == 20 * RATE
    return answer, joined


def test_joining_the_segments_of_one_result_gives_that_result(tmp_path: Path, source: Sound) -> None:
    answer, joined = run(tmp_path, source, [source[: 12 * RATE], source[8 * RATE :]])
    assert np.abs(joined - source).max() < 1e-3
    (found,) = answer["joins"]
    assert found["alike"] == pytest.approx(1.0, abs=1e-3)
    assert 8.0 < found["at"] < 12.0
    assert max(found["flux_rank"], found["step_rank"], found["click_rank"]) < 1.0


def test_a_late_and_louder_segment_is_aligned_and_levelled(tmp_path: Path, source: Sound) -> None:
    late = round(0.015 * RATE)
    second = np.concatenate((noise(late, level=0.001), source[8 * RATE : -late])) * np.float32(2.0)
    answer, joined = run(tmp_path, source, [source[: 12 * RATE], second])
    assert answer["legs"][1]["alignment"]["corrected_ms"] == pytest.approx(15.0, abs=1.0)
    assert answer["legs"][0]["gain_db"] - answer["legs"][1]["gain_db"] == pytest.approx(6.0, abs=0.3)
    assert abs(lag(source[14 * RATE : 18 * RATE], joined[14 * RATE : 18 * RATE])) <= 48
    parts = np.square(joined).reshape(20, RATE, 2).sum(axis=(1, 2)) / np.square(source).reshape(20, RATE, 2).sum(
        axis=(1, 2)
    )
    levels = 10 * np.log10(parts[:19])
    assert levels.max() - levels.min() < 1.0
    assert np.abs(np.diff(levels)).max() < 0.5


def test_unaligned_segments_stay_unaligned(tmp_path: Path, source: Sound) -> None:
    late = round(0.015 * RATE)
    second = np.concatenate((np.zeros((late, 2), np.float32), source[8 * RATE : -late]))
    answer, joined = run(tmp_path, source, [source[: 12 * RATE], second], align=False)
    assert lag(source[14 * RATE : 18 * RATE], joined[14 * RATE : 18 * RATE]) == late
    assert answer["legs"][1]["alignment"]["corrected_ms"] == 0.0


def test_any_blocks_give_the_same_file(tmp_path: Path, source: Sound) -> None:
    made = [noise(12 * RATE, seed=1), noise(12 * RATE, seed=2)]
    _, once = run(tmp_path, source, made, size=10**7)
    _, small = run(tmp_path, source, made, size=4999)
    assert np.allclose(once, small, atol=1e-5)


def test_a_silent_segment_is_joined_without_levelling(tmp_path: Path, source: Sound) -> None:
    answer, joined = run(tmp_path, source, [source[: 12 * RATE], np.zeros((12 * RATE, 2), np.float32)])
    assert np.isfinite(joined).all()
    assert answer["joins"][0]["evened_db"] == 0.0
    assert not joined[13 * RATE :].any()


def test_the_best_point_is_where_the_two_are_similar() -> None:
    one, other = noise(4 * RATE, seed=1), noise(4 * RATE, seed=2) * np.float32(0.2)
    start, fade = round(1.6 * RATE), round(FADE * RATE)
    other[start : start + RATE // 2] = one[start : start + RATE // 2]
    place = match.best_point(one, other, RATE, fade)
    assert start - 0.05 * RATE <= place <= start + RATE // 2 - fade + 0.05 * RATE
    for frames in (0, 1, fade, fade + 1, fade + 500):
        assert 0 <= match.best_point(one[:frames], other[:frames], RATE, fade) <= max(0, frames - fade)


def test_split_copies_sample_for_sample(tmp_path: Path, source: Sound) -> None:
    path = tmp_path / "whole.flac"
    soundfile.write(path, source[: 3 * RATE], RATE, subtype="PCM_24")
    segments = [
        {"start": 0, "frames": 70_001, "path": str(tmp_path / "1.flac")},
        {"start": 60_000, "frames": 84_000, "path": str(tmp_path / "2.flac")},
    ]
    answer = split({"path": str(path), "legs": segments}, nothing)
    whole, _ = soundfile.read(path, dtype="int32")
    for segment in segments:
        part, _ = soundfile.read(str(segment["path"]), dtype="int32")
        assert np.array_equal(part, whole[int(segment["start"]) : int(segment["start"]) + int(segment["frames"])])
    assert len(set(answer["sha256"])) == 2
