"""Tests joins: cross-fades preserve power, loops are seamless, and `measure` detects clicks, level steps and breaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio import crossfade
from bridge.audio.span import Played, Repeated
from tests.audio.signals import Sound, noise, sine

RATE = 48000


def power(sound: Sound) -> float:
    return float(np.mean(np.square(sound, dtype=np.float64)))


def beats(seconds: float, *, seed: int = 3) -> Sound:
    """Return noise with an attack every 0.5 s; its level and spectrum change as in music."""
    frames = round(seconds * RATE)
    t = np.arange(frames) / RATE
    return (noise(frames, seed=seed) * np.exp(-4 * (t % 0.5))[:, None] + sine(frames, RATE, 220.0, 0.2)).astype(
        np.float32
    )


@pytest.mark.parametrize("alike", [1.0, 0.7, 0.0, -0.3])
def test_a_cross_fade_keeps_the_power_at_any_correlation(alike: float) -> None:
    one, other = noise(RATE, seed=1), noise(RATE, seed=2)
    other *= np.float32(np.sqrt(power(one) / power(other)))
    second = (alike * one + np.sqrt(1 - alike**2) * other).astype(np.float32)
    mixed = crossfade.crossfaded(one, second)
    for part in np.array_split(np.arange(RATE), 8):
        assert power(mixed[part]) == pytest.approx(power(one), rel=0.15)
    assert np.abs(mixed[0] - one[0]).max() < 1e-3
    assert np.abs(mixed[-1] - second[-1]).max() < 1e-3


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(0, 3000),
    share=st.floats(0, 1),
    channels=st.integers(1, 2),
    cut=st.integers(1, 4000),
)
def test_a_closed_loop_keeps_its_length_and_ends_with_its_lead_in(
    frames: int, share: float, channels: int, cut: int
) -> None:
    fade = int(frames * share)
    sound = noise(fade + frames + 1, channels)[: fade + frames]
    parts = [sound[start : start + cut] for start in range(0, len(sound), cut)]
    made = [*crossfade.closed(parts, fade, frames)]
    loop = np.concatenate(made) if made else np.zeros((0, channels), np.float32)
    assert loop.shape == (frames, channels)
    assert np.isfinite(loop).all()
    assert np.array_equal(loop[: frames - fade], sound[fade : fade + frames - fade])
    if fade > 100:
        assert np.abs(loop[-1] - sound[fade - 1]).max() < 0.02


def test_the_measure_sees_a_click_a_level_step_and_a_break() -> None:
    music = beats(8.0)
    at = 4 * RATE + RATE // 4  # between two attacks
    whole = crossfade.measure(music, at, 0, RATE)
    assert max(whole.flux_rank, whole.step_rank, whole.click_rank) < 0.99
    clicking = music.copy()
    clicking[at] += 0.9
    assert crossfade.measure(clicking, at, 0, RATE).click_rank == 1.0
    stepping = music.copy()
    stepping[at:] *= 4
    found = crossfade.measure(stepping, at, 0, RATE)
    assert found.step_db == pytest.approx(12.0, abs=1.5)
    assert found.step_rank > whole.step_rank
    broken = np.concatenate((sine(at, RATE, 220.0, 0.2), sine(len(music) - at, RATE, 1700.0, 0.2)))
    assert crossfade.measure(broken, at, 0, RATE).flux_rank == 1.0


@settings(max_examples=60, deadline=None)
@given(rate=st.sampled_from([8000, 44100, 192000]), channels=st.integers(1, 2), frames=st.integers(4, 5000))
def test_the_measure_takes_any_length(rate: int, channels: int, frames: int) -> None:
    found = crossfade.measure(noise(frames, channels), frames // 2, min(16, frames // 4), rate)
    assert all(np.isfinite(value) for value in found.to_wire().values())


@settings(max_examples=100, deadline=None)
@given(
    frames=st.integers(1, 400),
    before=st.integers(0, 900),
    after=st.integers(0, 900),
    period=st.floats(0.01, 1),
    size=st.integers(1, 300),
)
def test_a_repeated_span_is_unchanged_inside_and_periodic_outside(
    frames: int, before: int, after: int, period: float, size: int
) -> None:
    data = np.arange(1000, dtype=np.float32)[:, None]
    whole = Played(lambda start, count, _: iter([data[start : start + count]]), 1, 100, 700)
    again = max(1, int(frames * period))
    repeated = Repeated(whole, 200, 200 + frames, again)
    out = np.concatenate([*repeated.blocks(200 - before, before + frames + after, size), data[:0]])[:, 0]
    assert len(out) == before + frames + after
    assert np.array_equal(out[before : before + frames], np.arange(300, 300 + frames))
    steps = out[again:] - out[:-again]
    outside = np.concatenate((steps[:before], steps[before + frames - again :]))
    assert not outside.any()


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 900), min_size=1, max_size=4),
    fade=st.integers(1, 200),
    channels=st.integers(1, 2),
    cut=st.integers(1, 700),
)
def test_joined_streams_overlap_by_the_fade_and_are_unchanged_elsewhere(
    lengths: list[int], fade: int, channels: int, cut: int
) -> None:
    frames = [length + 2 * fade for length in lengths]
    sounds = [noise(count, channels, seed=number) for number, count in enumerate(frames)]
    parts = [[one[start : start + cut] for start in range(0, len(one), cut)] for one in sounds]
    whole = np.concatenate([*crossfade.joined(parts, fade)])
    assert len(whole) == sum(frames) - fade * (len(frames) - 1)
    place = 0
    for number, one in enumerate(sounds):
        first = fade if number else 0
        last = len(one) - (fade if number + 1 < len(sounds) else 0)
        assert np.array_equal(whole[place + first : place + last], one[first:last])
        place += len(one) - fade
