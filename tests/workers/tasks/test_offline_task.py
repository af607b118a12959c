"""Tests the task `offline`: its files, determinism and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio.loudness import integrated_loudness
from bridge.audio.offline import plan as planning
from bridge.audio.offline.plan import Wish
from bridge.audio.offline.remix import remix
from bridge.errors import OutputUnwritable, RequestError, SourceMissing, SourceUnreadable
from bridge.workers.tasks.offline import offline
from tests.audio.offline.clips import RATE, chords, grid


def args(tmp_path: Path, **more: Any) -> dict[str, Any]:
    where = {name: list(values) for name, values in grid(4.0).items()}
    paths = {"source": str(tmp_path / "clip.flac"), "into": str(tmp_path / "out.wav")}
    return {
        **paths,
        "tags": "deep house",
        "lyrics": "[inst]",
        "seed": 4,
        "amount": None,
        "tempo": 120.0,
        **where,
        **more,
    }


def write(tmp_path: Path, audio: np.ndarray, rate: int = RATE) -> np.ndarray:
    soundfile.write(tmp_path / "clip.flac", audio, rate, "PCM_24")
    return soundfile.read(tmp_path / "clip.flac", dtype="float32", always_2d=True)[0]


def test_writes_what_the_engine_makes_in_memory(tmp_path: Path) -> None:
    audio = write(tmp_path, chords(4.0))
    shares: list[float] = []
    answer = offline(args(tmp_path), shares.append)
    assert {key: answer[key] for key in ("seed", "family", "tempo")} == {"seed": 4, "family": "house", "tempo": 120.0}
    assert "four on the floor" in answer["description"]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.format, info.subtype, info.samplerate, info.frames) == ("WAV", "FLOAT", RATE, 4 * RATE)
    written = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    where = {name: tuple(values) for name, values in grid(4.0).items()}
    made = remix(audio, RATE, Wish("deep house", 4, tempo=120.0, **where)).audio
    assert np.array_equal(written, made)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, chords(2.0))
    files = []
    for seed in (7, 7, 8):
        offline(args(tmp_path, seed=seed, tags="chopped"), lambda _: None)
        files.append((tmp_path / "out.wav").read_bytes())
    assert files[0] == files[1]
    assert files[0] != files[2]


@pytest.mark.parametrize(("channels", "rate"), [(1, 44100), (2, 22050), (6, 48000)])
def test_any_channels_and_rates_become_stereo_of_the_same_length(tmp_path: Path, channels: int, rate: int) -> None:
    mono = chords(2.0, rate)[:, :1]
    write(tmp_path, np.repeat(mono, channels, axis=1)[:-17], rate)
    offline(args(tmp_path, beats=[], downbeats=[], tempo=None), lambda _: None)
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.channels, info.samplerate, info.frames) == (2, rate, 2 * rate - 17)


def test_a_long_clip_goes_through_in_sections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "WHOLE", 10.0)
    audio = write(tmp_path, chords(50.0, 16000), 16000)
    answer = offline(args(tmp_path, beats=[], downbeats=[], tempo=None, tags="dub"), lambda _: None)
    written, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert answer["tempo"] == pytest.approx(120.0, rel=0.01) or answer["tempo"] == pytest.approx(60.0, rel=0.01)
    assert len(written) == len(audio)
    assert integrated_loudness([written], rate) == pytest.approx(integrated_loudness([audio], rate), abs=0.7)


def test_the_preset_may_name_the_family(tmp_path: Path) -> None:
    write(tmp_path, chords(1.0))
    assert offline(args(tmp_path, family="ambient"), lambda _: None)["family"] == "ambient"


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "x"},
        {"amount": 1.5},
        {"amount": float("nan")},
        {"tempo": 0},
        {"beats": ["a"]},
        {"beats": [float("inf")]},
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    write(tmp_path, chords(1.0))
    with pytest.raises(RequestError, match=next(iter(wrong))):
        offline(args(tmp_path, **wrong), lambda _: None)
    assert not (tmp_path / "out.wav").exists()


def test_a_missing_or_broken_clip_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        offline(args(tmp_path), lambda _: None)
    (tmp_path / "clip.flac").write_bytes(b"not audio at all" * 100)
    with pytest.raises(SourceUnreadable):
        offline(args(tmp_path), lambda _: None)


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    write(tmp_path, chords(1.0))
    folder = tmp_path / "no such folder"
    with pytest.raises(OutputUnwritable):
        offline(args(tmp_path, into=str(folder / "out.wav")), lambda _: None)


def test_nothing_is_left_behind_but_the_remix(tmp_path: Path) -> None:
    write(tmp_path, chords(1.0))
    offline(args(tmp_path), lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {"clip.flac", "out.wav"}
