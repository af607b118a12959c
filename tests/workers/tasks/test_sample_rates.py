"""Tests that a file with an impossible sample rate is refused at once: nothing is sent, and no worker is blocked."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bridge.errors import ResultNotAudio, SourceUnreadable
from bridge.workers.tasks.length import length
from bridge.workers.tasks.probe import probe
from tests.workers.tasks.rendering import nothing, run

RATES = (1, 999, 1_000_001, 1_000_000_000)  # Hz


def with_rate(path: Path, rate: int) -> Path:
    """Write a WAV file with 44,100 frames of 16-bit stereo and any sample rate."""
    sound = struct.pack("<h", 9000) * 88_200
    chunk = struct.pack("<HHIIHH", 1, 2, rate, rate * 4 % 2**32, 4, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + chunk + b"data" + struct.pack("<I", len(sound))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(head) + len(sound)) + head + sound)
    return path


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.5, 5.0])  # 5 s of a 1 Hz file are five samples
def test_a_source_with_an_impossible_rate_is_refused(tmp_path: Path, rate: int, seconds: float) -> None:
    with pytest.raises(SourceUnreadable, match=f"sample rate of {rate} Hz"):
        run(with_rate(tmp_path / "odd.wav", rate), seconds)


@pytest.mark.parametrize("rate", RATES)
def test_its_length_is_not_reported_as_too_long_or_too_short(tmp_path: Path, rate: int) -> None:
    with pytest.raises(SourceUnreadable, match=f"sample rate of {rate} Hz"):
        length({"path": str(with_rate(tmp_path / "odd.wav", rate))}, nothing)


@pytest.mark.parametrize("rate", RATES)
def test_a_result_with_an_impossible_rate_is_no_audio(tmp_path: Path, rate: int) -> None:
    with pytest.raises(ResultNotAudio, match=f"sample rate of {rate} Hz"):
        probe({"path": str(with_rate(tmp_path / "odd.wav", rate)), "seconds": 1.0}, nothing)


@pytest.mark.parametrize("rate", [4000, 384_000])
def test_unusual_rates_are_read(tmp_path: Path, rate: int) -> None:
    answer, _ = run(with_rate(tmp_path / "unusual.wav", rate), 44_100 / rate)
    assert answer["source_rate"] == rate
