"""Tests detecting tempo, key and kind in generated sounds and real music, on whose tempo two other estimators agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio import onsets, rhythm, tonality
from bridge.audio.onsets import RATE, Mono
from bridge.audio.percussive import find_character
from bridge.workers.tasks.listen import listen
from tests.fakes.music import track

SCALES = {False: (0, 4, 7, 5, 9, 0, 7, 11, 2), True: (0, 3, 7, 5, 8, 0, 7, 11, 2)}


def clicks(bpm: float, seconds: float = 20.0) -> Mono:
    """Return noise bursts on the beats, and softer bursts between beats; the levels differ slightly in each bar."""
    random = np.random.default_rng(3)
    sound = np.zeros(round(seconds * RATE), np.float32)
    for step in range(int(seconds * bpm / 30)):
        at = round(step * 30 / bpm * RATE)
        burst = random.standard_normal(800) * np.exp(-np.arange(800) / 150)
        level = (1.0, 0.25, 0.6, 0.25)[step % 4] * random.uniform(0.8, 1.0)
        sound[at : at + 800] += (level * burst)[: len(sound) - at].astype(np.float32)
    return sound


def tune(tonic: int, minor: bool, seconds: float = 12.0, cents: float = 0.0) -> Mono:
    """Return a melody with overtones; the tonic and the fifth of the scale are its most frequent notes."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    for number in range(int(seconds / 0.25)):
        note = 48 + tonic + SCALES[minor][number % 9] + cents / 100
        time = np.arange(RATE // 4) / RATE
        hertz = 440 * 2 ** ((note - 69) / 12)
        wave = sum(np.sin(2 * np.pi * hertz * part * time) / part for part in (1, 2, 3)) * np.exp(-time * 4)
        sound[number * RATE // 4 : number * RATE // 4 + len(time)] += wave.astype(np.float32)
    return sound


@settings(max_examples=20, deadline=None)
@given(bpm=st.floats(70, 175))
def test_the_tempo_is_exact_except_for_the_octave(bpm: float) -> None:
    found = rhythm.find_tempo(onsets.onset_envelope(clicks(bpm)))
    assert found is not None
    assert min(abs(found.bpm / bpm / ratio - 1) for ratio in (0.5, 1, 2)) < 0.01


@pytest.mark.parametrize("bpm", [64.0, 105.0, 174.0])
def test_the_daws_tempo_wins_and_is_confirmed(bpm: float) -> None:
    found = rhythm.find_tempo(onsets.onset_envelope(clicks(bpm)), bpm)
    assert found is not None
    assert found.bpm == bpm
    assert found.measured == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(RATE, np.float32), np.zeros(9 * RATE, np.float32)])
def test_nothing_has_no_tempo_no_key_and_no_kind(sound: Mono) -> None:
    assert rhythm.find_tempo(onsets.onset_envelope(sound)) is None
    assert tonality.find_key(sound) is None
    assert find_character(sound) is None


@settings(max_examples=20, deadline=None)
@given(tonic=st.integers(0, 11), minor=st.booleans(), cents=st.floats(-30, 30))
def test_the_key_of_a_plain_tune_is_found_even_out_of_tune(tonic: int, minor: bool, cents: float) -> None:
    found = tonality.find_key(tune(tonic, minor, cents=cents))
    assert found is not None
    assert (found.tonic, found.minor) == (tonic, minor)


def test_kinds() -> None:
    drums, music = find_character(clicks(120)), find_character(tune(0, False))
    assert drums is not None
    assert music is not None
    assert (drums.word, music.word) == ("drums", "music")


def asked(path: Path, folder: Path) -> dict[str, Any]:
    """Return the arguments of the task `listen` for a whole file."""
    return {"source": {"path": str(path)}, "length": soundfile.info(path).duration, "into": str(folder / "x.flac")}


@pytest.mark.needs("music")
@pytest.mark.parametrize(("name", "bpm"), [("gravity", 120.0), ("rush", 100.0), ("speeditup", 100.0)])
def test_real_music(name: str, bpm: float, tmp_path: Path) -> None:
    answer = listen(asked(track(name), tmp_path), lambda share: None)
    assert min(abs(answer["tempo"] / bpm / ratio - 1) for ratio in (0.5, 1, 2)) < 0.01
    assert answer["kind"] == "music"
    known = listen(asked(track(name), tmp_path) | {"tempo": bpm}, lambda share: None)
    assert known["tempo"] == bpm
    assert known["tempo_sure"] is True


def test_a_very_short_clip_is_no_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.full((800, 2), 0.1), 8000)
    answer = listen(asked(tmp_path / "short.wav", tmp_path), lambda share: None)
    assert (answer["tempo"], answer["key"]) == (None, None)
