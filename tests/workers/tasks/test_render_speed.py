"""Tests the task `render` at other rates, speeds and pitches, and with clips that are straightened along a warp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio import stretch
from bridge.errors import RequestError
from tests.audio.signals import sine
from tests.workers.tasks.rendering import RATE, codes, run


def test_high_rates_are_resampled_and_stay_in_place(folder: Path) -> None:
    path = folder / "high.wav"
    high = sine(96000 * 2, 96000, 997.0)
    soundfile.write(path, high, 96000, subtype="PCM_24")
    answer, data = run(path, 1.0, offset=0.5, handles=[0.2, 0.2])
    assert answer["sample_rate"] == 48000
    assert answer["handles"] == [0.2, 0.2]
    expected = sine(48000 * 2, 48000, 997.0)[round(0.3 * 48000) :][: len(data)]
    assert np.abs(data[500:] - expected[500:]).max() < 1e-4


def test_speed_without_preserved_pitch_is_tape(source: Path, folder: Path) -> None:
    path = folder / "tone.wav"
    soundfile.write(path, sine(RATE * 4, RATE, 500.0), RATE, subtype="PCM_24")
    _, data = run(path, 1.0, offset=1.0, playrate=2.0)
    expected = sine(RATE * 2, RATE, 1000.0)[: len(data)]
    assert len(data) == RATE
    assert np.abs(data[500:-500] - expected[500:-500]).max() < 1e-3


@pytest.mark.parametrize(
    ("more", "frequency"),
    [
        ({"playrate": 1.25, "preserve_pitch": True}, 500.0),
        ({"playrate": 0.5, "preserve_pitch": True, "pitch": 12}, 1000.0),
        ({"playrate": 2.0, "pitch": -12}, 500.0),
        ({"pitch": 7}, 500 * 2 ** (7 / 12)),
    ],
)
def test_time_and_pitch_change_independently(folder: Path, more: dict[str, Any], frequency: float) -> None:
    pytest.importorskip("python_stretch")
    path = folder / "pitched.wav"
    soundfile.write(path, sine(RATE * 6, RATE, 500.0), RATE, subtype="PCM_24")
    answer, data = run(path, 2.0, offset=0.5, **more)
    assert len(data) == RATE * 2
    assert codes(answer) == []
    spectrum = np.abs(np.fft.rfft(data[:, 0] * np.hanning(len(data))))
    assert abs(int(spectrum.argmax()) / 2.0 - frequency) < 2.0


def test_a_stretched_click_stays_in_place(folder: Path) -> None:
    pytest.importorskip("python_stretch")
    path = folder / "click.wav"
    data = np.zeros((RATE * 4, 2), np.float32)
    data[RATE * 2 : RATE * 2 + 20] = 0.8
    soundfile.write(path, data, RATE, subtype="PCM_24")
    _, out = run(path, 2.0, offset=1.0, playrate=0.8, preserve_pitch=True)
    assert abs(int(np.abs(out[:, 0]).argmax()) - RATE / 0.8) < 0.003 * RATE


def test_a_missing_stretch_library_is_reported(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "available", lambda: False)
    answer, data = run(source, 1.0, playrate=1.5, preserve_pitch=True)
    assert codes(answer) == ["stretch_missing"]
    assert "the pitch follows the speed" in answer["warnings"][0]["text"]
    assert len(data) == RATE


UNSTEADY = [0.0, 0.7, 1.3, 2.2, 3.0]  # source times of five consecutive beats, s


def clicks(path: Path, moments: list[float]) -> None:
    """Write a file with short bursts that have most of their energy in the first milliseconds."""
    data = np.zeros((RATE * 6, 2), np.float32)
    ring = np.arange(800)
    burst = (np.exp(-ring / 150) * np.sin(2 * np.pi * 1800 * ring / RATE))[:, None] * 0.7
    for moment in moments:
        start = round(moment * RATE)
        data[start : start + 800] += burst
    soundfile.write(path, data, RATE, subtype="PCM_24")


def test_a_clip_is_straightened_along_its_warp(folder: Path) -> None:
    """Beats that are irregular in the source are 0.5 s apart in the result."""
    pytest.importorskip("python_stretch")
    clicks(folder / "drummer.wav", [1.0 + second for second in UNSTEADY])
    warp = [[4.0 + beat, second] for beat, second in enumerate(UNSTEADY)]
    answer, out = run(folder / "drummer.wav", 2.0, offset=1.0, playrate=1.5, warp=warp, straighten=True, handles=[1, 1])
    assert (answer["handles"], codes(answer), len(out)) == ([0.0, 0.0], [], 2 * RATE)
    for beat in (1, 2, 3):
        about = np.square(out[round((beat * 0.5 - 0.1) * RATE) : round((beat * 0.5 + 0.1) * RATE), 0])
        heard = int(np.convolve(about, np.ones(50), "same").argmax()) / RATE - 0.1
        assert abs(heard) < 0.003


def test_a_straightened_clip_with_context_starts_at_its_handle(folder: Path) -> None:
    """A clip that is too short for the model is repeated in whole bars; the clip itself starts after the context."""
    pytest.importorskip("python_stretch")
    clicks(folder / "drummer.wav", UNSTEADY)
    warp = [[beat, second] for beat, second in enumerate(UNSTEADY)]
    more = {"playrate": 1.5, "warp": warp, "straighten": True, "context": 1.0, "period": 2.0}
    answer, out = run(folder / "drummer.wav", 2.0, **more)
    assert (answer["handles"], answer["keep"], len(out)) == ([1.0, 1.0], [0.0, 0.0], 4 * RATE)
    for beat in (1, 2, 3):
        about = np.square(out[round((beat * 0.5 + 0.9) * RATE) : round((beat * 0.5 + 1.1) * RATE), 0])
        assert abs(int(np.convolve(about, np.ones(50), "same").argmax()) / RATE - 0.1) < 0.003


@pytest.mark.parametrize("keep", [True, False])
def test_straightening_without_the_library_keeps_the_beats(
    folder: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    monkeypatch.setattr(stretch, "available", lambda: False)
    clicks(folder / "drummer.wav", UNSTEADY)
    warp = [[beat, second] for beat, second in enumerate(UNSTEADY)]
    more = {"playrate": 1.5, "warp": warp, "straighten": True, "preserve_pitch": keep}
    answer, out = run(folder / "drummer.wav", 2.0, **more)
    assert codes(answer) == ["stretch_missing"]
    for beat in (1, 2, 3):
        about = np.square(out[round((beat * 0.5 - 0.1) * RATE) : round((beat * 0.5 + 0.1) * RATE), 0])
        assert abs(int(np.convolve(about, np.ones(50), "same").argmax()) / RATE - 0.1) < 0.003


def test_a_tape_that_is_straightened_changes_its_pitch(folder: Path) -> None:
    pytest.importorskip("python_stretch")
    soundfile.write(folder / "tone.wav", sine(RATE * 6, RATE, 500.0), RATE, subtype="PCM_24")
    warp = [[0.0, 0.0], [2.0, 1.0], [4.0, 3.0]]  # source: 2 beats in 1 s, then 2 in 2 s; over 4 s: speeds 0.5 and 1
    _, out = run(folder / "tone.wav", 4.0, playrate=0.75, warp=warp, straighten=True, preserve_pitch=False)
    for start, frequency in ((0.5, 250.0), (2.5, 500.0)):
        part = out[round(start * RATE) : round((start + 1) * RATE), 0]
        assert abs(int(np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax()) - frequency) < 3.0


@pytest.mark.parametrize(
    "warp", [None, [[0, 0]], [[0, 0], [1, 1], [0.5, 2]], [[0, 1], [1, 2]], [[0, 0], [1, 1e-4], [2, 3]]]
)
def test_a_warp_that_no_clip_can_be_straightened_along(source: Path, warp: Any) -> None:
    with pytest.raises(RequestError, match="warp"):
        run(source, 1.0, warp=warp, straighten=True)
