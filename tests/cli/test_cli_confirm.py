"""Tests what `remix` reads from files before they are submitted: the sample rate and the billable length."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.cli import confirm
from tests.waiting import PATIENCE


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Return a folder that contains clips of one and two seconds at several sample rates, and a file without audio."""
    for name, rate, seconds in (("a", 44_100, 1), ("b", 44_100, 2), ("c", 48_000, 1), ("low", 22_050, 1)):
        soundfile.write(tmp_path / f"{name}.wav", np.full((rate * seconds, 1), 0.1), rate)
    (tmp_path / "broken.wav").write_text("no sound")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "rate"),
    [
        ("a", 44_100),
        ("a b", 44_100),
        ("a c", None),  # no common rate
        ("low", None),  # a result does not keep such a low rate
        ("broken", None),
        ("a broken", 44_100),
    ],
)
def test_results_keep_the_common_rate_of_the_files(clips: Path, names: str, rate: int | None) -> None:
    assert confirm.rate_of([clips / f"{name}.wav" for name in names.split()]) == rate


@pytest.mark.needs("codecs")
def test_the_rate_of_a_file_that_only_ffmpeg_reads(clips: Path) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", clips / "a.wav", "-c:a", "aac", clips / "a.m4a"]
    subprocess.run(command, check=True, timeout=PATIENCE)
    assert confirm.rate_of([clips / "a.m4a"]) == 44_100


def test_only_the_span_that_is_sent_counts(clips: Path) -> None:
    both = [clips / "a.wav", clips / "b.wav"]
    assert confirm.seconds_of(both, 0.0, None) == pytest.approx(3.0)
    assert confirm.seconds_of(both, 0.5, None) == pytest.approx(2.0)
    assert confirm.seconds_of(both, 0.0, 1.5) == pytest.approx(2.5)
    assert confirm.seconds_of(both, 1.5, None) == pytest.approx(0.5)
    assert confirm.seconds_of([*both, clips / "broken.wav"], 0.0, None) is None
