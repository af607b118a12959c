"""Tests the tasks `probe` and `peaks`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import (
    ResultBroken,
    ResultNotAudio,
    ResultSilent,
    ResultTooLarge,
    ResultTooShort,
    ResultTruncated,
    SourceMissing,
)
from bridge.workers.tasks.peaks import peaks
from bridge.workers.tasks.probe import probe
from tests.audio.broken_headers import FIELDS, with_size
from tests.audio.signals import Sound, noise

RATE = 48000


def nothing(share: float) -> None:
    """Ignore a progress report."""


def written(path: Path, sound: Sound, subtype: str | None = "FLOAT") -> Path:
    soundfile.write(path, sound, RATE, subtype=subtype)
    return path


def test_a_good_result(tmp_path: Path) -> None:
    sound = noise(RATE * 2, level=1.5)
    answer = probe({"path": str(written(tmp_path / "x.wav", sound)), "seconds": 2.05}, nothing)
    assert answer == {
        "format": "WAV FLOAT",
        "sample_rate": RATE,
        "channels": 2,
        "frames": RATE * 2,
        "peak": float(np.abs(sound).max()),
    }


def broken(value: float) -> Sound:
    sound = noise(RATE)
    sound[30_000, 1] = value
    return sound


@pytest.mark.parametrize(
    ("sound", "seconds", "error"),
    [
        (noise(RATE), 1.3, ResultTooShort),
        (noise(RATE), 1e6, ResultTooShort),
        (noise(RATE * 13, 1), 1.0, ResultTooLarge),
        (np.zeros((RATE, 2), np.float32), 1.0, ResultSilent),
        (noise(RATE) * np.float32(1e-5), 1.0, ResultSilent),
        (broken(np.nan), 1.0, ResultBroken),
        (broken(np.inf), 1.0, ResultBroken),
        (broken(-np.inf), 1.0, ResultBroken),
    ],
)
def test_a_bad_result(tmp_path: Path, sound: Sound, seconds: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        probe({"path": str(written(tmp_path / "x.wav", sound)), "seconds": seconds}, nothing)


@pytest.mark.parametrize("content", [b"<html>502</html>", b'{"detail": "x"}', b"\x89PNG\r\n\x1a\n" + bytes(500), b""])
def test_no_result_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(ResultNotAudio):
        probe({"path": str(tmp_path / "x.wav"), "seconds": 1.0}, nothing)


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.mp3"])
def test_a_truncated_result_that_is_too_short(tmp_path: Path, name: str) -> None:
    """The error leads to another download; `ResultTooShort` would not."""
    path = written(tmp_path / name, noise(RATE * 4), None if name == "x.mp3" else "PCM_24")
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size * 7 // 10)
    with pytest.raises(ResultTruncated, match=r"The result is 2\.\d s long, and the clip has 4\.0 s"):
        probe({"path": str(path), "seconds": 4.0}, nothing)


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.mp3"])
def test_a_result_that_is_long_enough_is_accepted_whatever_its_header_says(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, noise(RATE * 5), None if name == "x.mp3" else "PCM_24")
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size * 9 // 10)
    answer = probe({"path": str(path), "seconds": 4.0}, nothing)
    assert 4.4 * RATE < answer["frames"] <= 4.5 * RATE
    assert answer["peak"] > 0.1


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_a_result_with_a_placeholder_for_its_size(tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / "result"
    path.write_bytes(with_size(noise(RATE), name, size))
    assert probe({"path": str(path), "seconds": 1.0}, nothing)["frames"] == RATE
    with pytest.raises((ResultTruncated, ResultTooShort)):
        probe({"path": str(path), "seconds": 2.0}, nothing)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(frames=st.one_of(st.integers(1, 300), st.integers(65_530, 140_000)), columns=st.integers(1, 200))
def test_peaks_are_the_extremes_of_each_column(tmp_path: Path, frames: int, columns: int) -> None:
    sound = noise(frames, seed=frames)
    path = written(tmp_path / "p.wav", sound)
    answer = peaks({"path": str(path), "columns": columns}, nothing)
    count = min(frames, columns)
    edges = [index * frames // count for index in range(count)] + [frames]
    expected = [[float(sound[a:b].min()), float(sound[a:b].max())] for a, b in pairwise(edges)]
    assert answer["peaks"] == expected
    assert answer["seconds"] == frames / RATE


def test_peaks_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        peaks({"path": str(tmp_path / "no.wav"), "columns": 80}, nothing)
