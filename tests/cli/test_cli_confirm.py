"""Tests what `remix` does before it submits files: reads sample rates and billable lengths, and asks for consent."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.cli import confirm
from bridge.cli.console import Console
from bridge.errors import ConfirmNeeded
from tests.waiting import PATIENCE

QUIET = Console(as_json=True)


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
    assert confirm.seconds_of(both, 0.0, None, QUIET) == pytest.approx(3.0)
    assert confirm.seconds_of(both, 0.5, None, QUIET) == pytest.approx(2.0)
    assert confirm.seconds_of(both, 0.0, 1.5, QUIET) == pytest.approx(2.5)
    assert confirm.seconds_of(both, 1.5, None, QUIET) == pytest.approx(0.5)
    assert confirm.seconds_of([*both, clips / "broken.wav"], 0.0, None, QUIET) is None


def test_the_estimate_says_that_the_result_of_many_channels_is_stereo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for channels in (1, 2, 6):
        soundfile.write(tmp_path / f"{channels}.wav", np.full((44_100, channels), 0.1), 44_100)
    files = [tmp_path / f"{channels}.wav" for channels in (1, 2, 6)]
    assert confirm.seconds_of(files, 0.0, None, Console(as_json=False)) == pytest.approx(3.0)
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err == "note: 6.wav has 6 channels; they are mixed down, so the result is stereo.\n"


@pytest.mark.parametrize(
    ("clips", "variations", "seconds", "limits", "asks"),
    [
        (1, 4, 8.0, "", False),  # less than a cent
        (20, 1, 160.0, "", False),
        (21, 1, 168.0, "", True),  # a surprising number
        (3, 8, 24.0, "", True),
        (1, 1, 4999.0, "", False),
        (1, 1, 5001.0, "", True),  # more than a dollar
        (1, 4, 8.0, "confirm_count = 3", True),
        (1, 1, 8.0, "confirm_above = 0.001", True),
        (30, 1, 240.0, "confirm_count = 30", False),
        (4, 1, None, "", False),  # a file that cannot be read here
    ],
)
def test_consent_is_needed_above_a_limit_of_the_budget(
    home: Path, clips: int, variations: int, seconds: float | None, limits: str, asks: bool
) -> None:
    (home / "config.toml").write_text(f"[budget]\n{limits}\n")
    options = argparse.Namespace(variations=variations, yes=False, json=True)
    expected = pytest.raises(ConfirmNeeded, match=f"{clips * variations} remix") if asks else contextlib.nullcontext()
    with expected:
        confirm.confirm(options, clips, seconds, home, Console(as_json=True))
    options.yes = True
    confirm.confirm(options, clips, seconds, home, Console(as_json=True))
