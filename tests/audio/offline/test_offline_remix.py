"""Tests complete remixes: length, level, clicks, grid, seeds, style differences, and joins between sections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.loudness import integrated_loudness
from bridge.audio.offline import plan as planning
from bridge.audio.offline.families import FAMILIES
from bridge.audio.offline.measure import balance, find_clicks, likeness, onset_times, portray, rhythm
from bridge.audio.offline.plan import Wish, make_plan, sections
from bridge.audio.offline.remix import CEILING, finish, remix, render_clip
from bridge.audio.offline.survey import Surveyor
from tests.audio.offline.clips import RATE, chords, clicks, grid
from tests.fakes.music import track

NAMES = sorted(FAMILIES)
HIGHEST = np.float32(10 ** (CEILING / 20))


def loudness(audio: np.ndarray, rate: int) -> float:
    found = integrated_loudness([audio], rate)
    assert found is not None
    return found


def wish(tags: str, seed: int = 1, seconds: float = 8.0, **more: object) -> Wish:
    return replace(Wish(tags, seed, tempo=120.0, **grid(seconds)), **more)


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return chords(8.0)


@pytest.fixture(scope="module")
def long_clip() -> np.ndarray:
    return chords(32.0, 16000)


@pytest.fixture(scope="module")
def made(clip: np.ndarray) -> dict[str, np.ndarray]:
    return {name: remix(clip, RATE, wish(name)).audio for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_as_long_and_as_loud_as_the_clip_and_never_over_full_scale(
    name: str, clip: np.ndarray, made: dict[str, np.ndarray]
) -> None:
    out = made[name]
    assert out.shape == clip.shape
    assert out.dtype == np.float32
    assert np.max(np.abs(out)) <= HIGHEST
    assert loudness(out, RATE) == pytest.approx(loudness(clip, RATE), abs=0.7)


@pytest.mark.parametrize("name", NAMES)
def test_no_family_clicks_and_a_planted_click_is_found(name: str, made: dict[str, np.ndarray]) -> None:
    out = made[name]
    assert len(find_clicks(out, RATE)) == 0
    broken = out.copy()
    quiet = int(np.argmin(np.convolve(np.abs(out[:, 0]), np.ones(960), "valid"))) + 480
    broken[quiet:] += 0.1
    assert any(abs(int(frame) - quiet) <= 2 for frame in find_clicks(broken, RATE))


def test_attacks_are_not_clicks_but_a_wrong_sample_is() -> None:
    audio = clicks(4.0, 120.0, 0.3)
    assert len(find_clicks(audio, RATE)) == 0
    assert len(find_clicks(chords(4.0), RATE)) == 0
    audio[RATE] += 0.3
    assert [abs(int(frame) - RATE) <= 2 for frame in find_clicks(audio, RATE)] == [True] * 3


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(name: str, clip: np.ndarray) -> None:
    short = clip[: 3 * RATE]
    first, again, other = (remix(short, RATE, wish(name, seed, 3.0)).audio for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert np.max(np.abs(first - other)) > 0.01


def test_zero_and_seeds_beyond_32_bits_are_accepted() -> None:
    short = chords(1.0)
    for seed in (0, 2**32 - 1, 2**40):
        assert len(remix(short, RATE, wish("house", seed)).audio) == len(short)


def test_styles_differ_by_stated_margins(made: dict[str, np.ndarray], clip: np.ndarray) -> None:
    """Any two of seven styles differ by 6 dB in a band or 1.5 onsets per second, or their rhythms correlate below 0.6.

    Smaller differences suffice if they add up to 1, each taken as a fraction of its limit.
    """
    seven = [name for name in NAMES if name != "techno"]
    portraits = {name: portray(made[name], clip, RATE) for name in seven}
    rhythms = {name: rhythm(made[name], RATE, np.arange(0.0, 8.1, 2.0)) for name in seven}
    for first in seven:
        for second in seven:
            if first == second:
                continue
            a, b = portraits[first], portraits[second]
            bands = max(abs(x - y) for x, y in zip(a.balance, b.balance, strict=True))
            onsets = abs(a.onsets - b.onsets)
            alike = float(np.corrcoef(rhythms[first], rhythms[second])[0, 1])
            assert bands / 6.0 + onsets / 1.5 + (1.0 - alike) / 0.4 >= 1.0, (first, second, bands, onsets, alike)
            assert likeness(made[first], made[second]) < 0.8


def test_each_style_is_what_it_says(made: dict[str, np.ndarray], clip: np.ndarray) -> None:
    levels = {name: balance(made[name], RATE) for name in NAMES}
    onsets = {name: len(onset_times(made[name], RATE)) / 8.0 for name in NAMES}
    assert levels["lofi"][4] < levels["drum and bass"][4] - 9.0  # little treble
    assert levels["house"][0] > balance(clip, RATE)[0] + 3.0  # a kick
    assert onsets["ambient"] < 0.4 * onsets["house"]  # few attacks
    assert levels["half-time trap"][0] > balance(clip, RATE)[0] + 3.0  # an 808
    assert abs(likeness(made["half-time trap"], clip)) < 0.3  # an octave away from the clip
    assert levels["drum and bass"][4] > levels["dub"][4] + 6.0  # hats


@pytest.mark.parametrize("name", ["house", "lofi", "chopped", "ambient"])
def test_amount_is_how_far_from_the_source(name: str, clip: np.ndarray) -> None:
    likes = [likeness(remix(clip, RATE, wish(name, amount=amount)).audio, clip) for amount in (0.0, 0.3, 0.9)]
    assert likes[0] > 0.9999
    assert likes[0] > likes[1] > likes[2]
    assert likes[2] < 0.75


@given(
    frames=st.integers(1, 40000),
    rate=st.sampled_from([8000, 11025, 22050, 44100, 44111, 48000, 96000]),
    name=st.sampled_from(NAMES),
    first=st.floats(-0.3, 2.0),
    tempo=st.sampled_from([None, 40.0, 97.3, 174.0, 260.0]),
)
@settings(max_examples=25, deadline=None)
def test_the_length_is_exact(frames: int, rate: int, name: str, first: float, tempo: float | None) -> None:
    audio = chords(frames / rate, rate)[:frames]
    frames = len(audio)
    beats = tuple(first + number * 60.0 / tempo for number in range(5)) if tempo else ()
    out = remix(audio, rate, Wish(name, 3, tempo=tempo, beats=beats)).audio
    assert out.shape == (frames, 2)
    assert np.all(np.isfinite(out))
    assert np.max(np.abs(out)) <= HIGHEST


@pytest.mark.parametrize("name", NAMES)
def test_silence_stays_silent(name: str) -> None:
    out = remix(np.zeros((RATE * 4, 2), np.float32), RATE, Wish(name, 1)).audio
    assert not np.any(out)


def test_drums_stop_where_the_clip_does() -> None:
    audio = chords(8.0)
    audio[4 * RATE :] = 0.0
    out = remix(audio, RATE, wish("techno")).audio
    assert np.sqrt(np.mean(out[6 * RATE :] ** 2)) < 0.01 * np.sqrt(np.mean(out[: 4 * RATE] ** 2))


@pytest.mark.parametrize("name", NAMES)
def test_very_loud_input_stays_loud_and_complete(name: str) -> None:
    audio = np.clip(chords(3.0, level=6.0), -1.5, 1.5)
    out = remix(audio, RATE, wish(name, seconds=3.0)).audio
    assert np.max(np.abs(out)) <= HIGHEST
    assert loudness(out, RATE) > loudness(audio, RATE) - 9.0


def test_invalid_samples_count_as_silence() -> None:
    audio = chords(2.0)
    audio[1000:1010] = np.nan
    audio[2000] = np.inf
    assert np.all(np.isfinite(remix(audio, RATE, wish("dub", seconds=2.0)).audio))


def test_an_empty_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="no audio"):
        remix(np.zeros((0, 2), np.float32), RATE, Wish("house", 1))


@pytest.mark.parametrize("first", [0.0, 0.137, 0.5])
@pytest.mark.parametrize("tempo", [97.3, 124.0])
def test_the_kick_lands_on_the_daws_beats_within_a_millisecond(first: float, tempo: float) -> None:
    seconds = 10.0
    tone = 0.05 * np.sin(2 * np.pi * 2000.0 * np.arange(round(seconds * RATE)) / RATE)
    audio = np.stack((tone, tone), axis=1).astype(np.float32)
    where = grid(seconds, tempo, first)
    made = remix(audio, RATE, Wish("house", 1, tempo=tempo, amount=1.0, **where))
    low = np.abs(made.audio[:, 0] - made.audio[:, 0].mean())
    block = 12  # frames: 0.25 ms
    levels = low[: len(low) // block * block].reshape(-1, block).max(axis=1)
    for beat in [beat for beat in where["beats"][4:12] if beat < seconds - 0.5]:
        frame = round(beat * RATE) // block
        before = levels[frame - 40 : frame - 1].max()
        rise = frame - 4 + int(np.argmax(levels[frame - 4 : frame + 40] > 1.5 * before))
        assert abs(rise * block / RATE - beat) <= 0.001, beat


def test_a_found_grid_is_close_to_the_given_one() -> None:
    audio = chords(12.0) + clicks(12.0, 120.0, 0.25)[: 12 * RATE]
    found = remix(audio, RATE, Wish("house", 1)).plan
    given_tempo = remix(audio, RATE, Wish("house", 1, tempo=120.0)).plan
    assert found.found
    assert found.tempo == pytest.approx(120.0, rel=0.003)
    assert given_tempo.tempo == 120.0
    assert not given_tempo.found
    for plan in (found, given_tempo):
        beats = np.array([beat for beat in plan.grid.beats if 0 <= beat <= 12])
        assert np.max(np.abs((beats - 0.25 + 0.25) % 0.5 - 0.25)) < 0.012


@pytest.mark.needs("music")
def test_real_music_stays_in_place() -> None:
    audio, rate = soundfile.read(track("speeditup"), dtype="float32", always_2d=True, frames=15 * 44100)
    out = remix(audio, rate, Wish("lofi", 1)).audio
    whole = np.fft.irfft(
        np.fft.rfft(out.mean(axis=1), 2 * len(out)) * np.conj(np.fft.rfft(audio.mean(axis=1), 2 * len(out)))
    )
    lag = int(np.argmax(np.concatenate((whole[-4410:], whole[:4410])))) - 4410
    assert abs(lag) <= rate // 1000


@pytest.mark.parametrize("name", NAMES)
def test_a_long_clip_in_sections_is_the_same_as_in_one(
    name: str, long_clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = long_clip
    asked = wish(name, seconds=32.0)

    def raw() -> tuple[int, np.ndarray]:
        surveyor = Surveyor(16000, listen=False)
        surveyor.add(audio)
        plan = make_plan(surveyor.survey(), asked)
        shares: list[float] = []
        parts = list(render_clip(lambda start, stop: audio[start:stop], plan, shares.append))
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        return len(sections(plan)), np.concatenate(parts)

    count, whole = raw()
    assert count == 1
    monkeypatch.setattr(planning, "WHOLE", 10.0)
    monkeypatch.setattr(planning, "SECTION", 7.0)
    count, parts = raw()
    assert count >= 2
    assert len(parts) == len(whole)
    assert len(find_clicks(parts, 16000)) == 0
    if name not in ("ambient", "lofi"):  # the noise of these styles differs between sections
        error = np.sqrt(np.mean((parts - whole) ** 2)) / np.sqrt(np.mean(whole**2))
        assert error < 0.05
    assert abs(loudness(parts, 16000) - loudness(whole, 16000)) < 0.5


@given(st.lists(st.integers(1, 30000), min_size=1, max_size=8), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_final_level_does_not_depend_on_the_blocks(sizes: list[int], seed: int) -> None:
    audio = np.random.default_rng(seed).standard_normal((sum(sizes), 2)).astype(np.float32)
    cuts = np.cumsum(sizes)[:-1]
    whole = np.concatenate(list(finish(lambda: [audio], 8000, 2.3)))
    parts = np.concatenate(list(finish(lambda: np.split(audio, cuts), 8000, 2.3)))
    assert np.allclose(whole, parts, rtol=0, atol=1e-6)  # products of other sizes may round differently
    assert np.max(np.abs(whole)) <= HIGHEST
