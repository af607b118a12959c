"""Tests that two mono files can be read as one stereo recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio.files import Reader, Unreadable
from bridge.audio.split_stereo import Pair


def mono(path: Path, seed: int, frames: int, rate: int = 48_000) -> np.ndarray:
    sound = np.random.default_rng(seed).uniform(-0.5, 0.5, frames).astype(np.float32)
    soundfile.write(path, sound, rate, subtype="FLOAT")
    return sound


def test_two_files_are_combined_up_to_the_shorter_end(tmp_path: Path) -> None:
    left, right = mono(tmp_path / "a.wav", 1, 10_000), mono(tmp_path / "b.wav", 2, 9_000)
    with Reader(tmp_path / "a.wav") as one, Reader(tmp_path / "b.wav") as other:
        pair = Pair(one, other)
        assert (pair.info.channels, pair.info.frames) == (2, 9_000)
        read = np.concatenate(list(pair.blocks(17, 8_000, 999)))
        pair.check_unchanged()
    assert np.array_equal(read, np.stack([left[17:8_017], right[17:8_017]], axis=1))


def test_files_of_different_rates_are_refused(tmp_path: Path) -> None:
    mono(tmp_path / "a.wav", 1, 100)
    mono(tmp_path / "b.wav", 2, 100, 44_100)
    with (
        Reader(tmp_path / "a.wav") as one,
        Reader(tmp_path / "b.wav") as other,
        pytest.raises(Unreadable, match="different sample rates"),
    ):
        Pair(one, other)
