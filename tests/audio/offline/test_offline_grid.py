"""Tests the beat grid, which is sent by the DAW or found in the clip."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bridge.audio.offline.beats import FALLBACK, Onsets, find_beats, find_downbeat, find_tempo, onset_strength
from bridge.audio.offline.grid import build_grid, felt
from bridge.audio.onsets import LevelMeter
from tests.audio.offline.clips import RATE, chords, clicks, clicks_at


def heard(audio: np.ndarray, rate: int = RATE, block: int | None = None) -> Onsets:
    meter = LevelMeter(rate)
    size = block or len(audio)
    for start in range(0, len(audio), size):
        meter.add(audio[start : start + size])
    return onset_strength(meter.value())


@pytest.mark.parametrize("tempo", [73.0, 87.3, 100.0, 120.0, 133.33])
def test_finds_tempo_and_beats_of_a_metronome(tempo: float) -> None:
    onsets = heard(clicks(20.0, tempo, 0.31))
    assert find_tempo(onsets) == pytest.approx(tempo, rel=0.005)
    beats = find_beats(onsets, None)
    nearest = 0.31 + np.round((beats - 0.31) * tempo / 60.0) * 60.0 / tempo
    assert np.max(np.abs(beats - nearest)) < 0.006


def test_a_given_tempo_is_kept_and_only_its_phase_is_found() -> None:
    beats = find_beats(heard(clicks(20.0, 174.0, 0.2)), 174.0)
    assert np.allclose(np.diff(beats), 60.0 / 174.0)
    nearest = 0.2 + np.round((beats - 0.2) * 174.0 / 60.0) * 60.0 / 174.0
    assert np.max(np.abs(beats - nearest)) < 0.006


def test_follows_a_slow_drift_over_a_long_clip() -> None:
    true = 0.1 + np.cumsum(60.0 / np.linspace(119.6, 120.4, 238))
    beats = find_beats(heard(clicks_at(120.0, true)), None)
    nearest = np.min(np.abs(beats[:, None] - true[None, :]), axis=1)
    inside = (beats > true[0] - 0.1) & (beats < true[-1] + 0.1)
    assert np.max(nearest[inside]) < 0.04
    # If the tempo is assumed to be constant, the error grows to half a beat.
    steady = find_beats(heard(clicks_at(120.0, true)), 119.6)
    assert np.max(np.min(np.abs(steady[:, None] - true[None, :]), axis=1)) > 0.1


def test_the_downbeat_is_where_the_thump_is() -> None:
    onsets = heard(clicks(20.0, 120.0, 0.25))
    beats = find_beats(onsets, 120.0)
    first = beats[find_downbeat(onsets, beats)]
    assert (first - 0.25 + 0.02) % 2.0 < 0.04


def test_onsets_do_not_depend_on_the_blocks() -> None:
    audio = chords(6.0)
    whole, parts = heard(audio), heard(audio, block=10007)
    assert np.array_equal(whole.all, parts.all)
    assert np.array_equal(whole.low, parts.low)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0, 5.0])
def test_silence_and_very_short_clips_get_a_steady_beat(seconds: float) -> None:
    onsets = heard(np.zeros((round(seconds * RATE), 2), np.float32)) if seconds else Onsets(np.zeros(0), np.zeros(0))
    beats = find_beats(onsets, None)
    assert len(beats) >= 2
    assert np.allclose(np.diff(beats), 60.0 / FALLBACK)
    assert find_downbeat(onsets, beats) == 0


def test_grid_covers_the_clip_and_a_phrase_beyond() -> None:
    made = build_grid((0.5, 1.0, 1.5, 2.0, 2.5), (0, 4), 30.0)
    phrases = made.phrases()
    assert phrases[0].start < 0.0 - 4.0
    assert phrases[-1].end > 30.0 + 4.0
    zero = next(phrase for phrase in phrases if phrase.index == 0)
    assert zero.start == pytest.approx(0.5)
    assert [bar.beats for bar in zero.bars] == [4, 4, 4, 4]
    for first, second in pairwise(phrases):
        assert first.end == pytest.approx(second.start)


def test_grid_keeps_the_daws_tempo_changes_and_metre() -> None:
    beats = (0.0, 0.5, 1.0, 1.4, 1.8, 2.2, 2.6)
    made = build_grid(beats, (0, 3, 6), 3.0)
    zero = next(phrase for phrase in made.phrases() if phrase.index == 0)
    assert [bar.beats for bar in zero.bars] == [3, 3, 3, 3]
    assert zero.bars[0].steps[8] == pytest.approx(1.0)
    assert zero.bars[1].steps[4] == pytest.approx(1.8)


def test_grid_drops_times_that_are_none() -> None:
    made = build_grid((0.0, 0.5, 0.51, float("nan"), 1.0, 0.9, 1.5), (0,), 4.0)
    assert made.tempo == pytest.approx(120.0)
    with pytest.raises(ValueError, match="two beats"):
        build_grid((1.0, 1.01), (), 4.0)


@pytest.mark.parametrize(
    ("tempo", "low", "high", "counted"),
    [
        (87.0, 135.0, 190.0, 174.0),
        (174.0, 60.0, 112.0, 87.0),
        (120.0, 135.0, 190.0, 120.0),
        (100.0, 60.0, 112.0, 100.0),
    ],
)
def test_the_tempo_is_doubled_or_halved_for_the_style(tempo: float, low: float, high: float, counted: float) -> None:
    beats = tuple(0.3 + number * 60.0 / tempo for number in range(40))
    made = felt(build_grid(beats, tuple(range(0, 40, 4)), 20.0), low, high)
    assert made.tempo == pytest.approx(counted)
    zero = next(phrase for phrase in made.phrases() if phrase.index == 0)
    assert zero.start == pytest.approx(0.3)
    assert {bar.beats for bar in zero.bars} == {4}


def test_bars_of_changing_length_are_not_halved() -> None:
    beats = tuple(number * 0.3 for number in range(30))
    made = build_grid(beats, (0, 4, 7, 11, 14), 9.0)
    assert felt(made, 60.0, 112.0) == made
