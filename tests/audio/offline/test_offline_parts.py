"""Tests the parts of the offline engine: spectra, filters, slices, cuts, drums, bass, echo, reverb, wow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.offline.arrays import excerpt, generator
from bridge.audio.offline.bass import Bass, bar_notes, find_pitch, play_bass
from bridge.audio.offline.cuts import CUTS, Material, tiles
from bridge.audio.offline.drums import Hit, Kit, build_kit, play
from bridge.audio.offline.dynamics import Duck, activity, duck_gain
from bridge.audio.offline.families import FAMILIES
from bridge.audio.offline.filters import Sweep, Tone, cut_curves, filter_tone, sweep_curve, tone_windows
from bridge.audio.offline.grid import Bar, build_grid
from bridge.audio.offline.grooves import VELOCITY, phrase_hits
from bridge.audio.offline.measure import find_clicks
from bridge.audio.offline.slicing import Cell, assemble
from bridge.audio.offline.space import Echo, Reverb, echo, pad, reverb
from bridge.audio.offline.spectrum import change_windows
from bridge.audio.offline.texture import wobble
from bridge.audio.offline.words import DEFAULT, WORDS, choose
from tests.audio.offline.clips import RATE, chords


def sine(frequency: float, seconds: float, rate: int = RATE) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.stack((wave, wave), axis=1).astype(np.float32)


def rms_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


@pytest.mark.parametrize("frames", [1, 1023, 48000, 100003])
def test_unchanged_windows_give_the_audio_back(frames: int) -> None:
    audio = generator(1, "test").standard_normal((frames, 2)).astype(np.float32)
    assert np.allclose(change_windows(audio, 2048, lambda windows, *_: windows), audio, atol=1e-5)


@pytest.mark.parametrize("rate", [22050, 48000, 96000])
def test_a_high_cut_has_its_frequency(rate: int) -> None:
    for frequency, expected in ((500.0, 0.0), (2000.0, -3.0), (4000.0, -24.0)):
        audio = sine(frequency, 1.0, rate)
        bars = np.zeros(len(tone_windows(len(audio), rate)))
        low, high = cut_curves(Tone(high_cut=2000.0), None, bars, 1.0)
        out = filter_tone(audio, rate, Tone(high_cut=2000.0), low, high, 1.0)
        middle = slice(rate // 4, 3 * rate // 4)
        assert rms_db(out[middle]) - rms_db(audio[middle]) == pytest.approx(expected, abs=1.0)


def test_a_sweep_moves_with_the_bars_and_returns_on_the_bar_line() -> None:
    sweep = Sweep("high", 1000.0, 16000.0, 8, "rise")
    at = sweep_curve(sweep, np.array([0.0, 2.0, 4.0, 7.5, 8.0]), 1.0)
    assert at[0] == pytest.approx(1000.0)
    assert list(at[:4]) == sorted(at[:4])
    assert at[3] > 13000.0
    assert at[4] == pytest.approx(1000.0)
    assert np.all(sweep_curve(sweep, np.linspace(0, 8, 9), 0.0) > 21000.0)


def test_cells_that_move_nothing_give_the_audio_back() -> None:
    audio = chords(4.0)
    edges = np.arange(33) * 0.125
    cells = [Cell(step, 2, step, 2) for step in range(0, 32, 2)]
    out = assemble(audio, 0, RATE, [(edges, cells)])
    inside = slice(0, round(4.0 * RATE) - RATE // 100)
    assert np.allclose(out[inside], audio[inside], atol=1e-6)


@given(st.integers(0, 2**32), st.sampled_from(sorted(CUTS)), st.floats(0.0, 1.0), st.sampled_from([16, 12, 4, 20, 28]))
@settings(max_examples=120, deadline=None)
def test_every_cut_fills_the_phrase_from_within_the_clip(seed: int, name: str, depth: float, bar: int) -> None:
    first = seed % 7
    material = Material((0, bar, 2 * bar, 3 * bar, 4 * bar), first, 4 * bar - 5, depth, np.random.default_rng(seed))
    cells = CUTS[name](material)
    assert tiles(cells, 4 * bar)
    for cell in cells:
        moved = (cell.source, cell.span) != (cell.at, cell.steps)
        assert not moved or material.holds(cell.source, cell.span)


def test_half_speed_plays_an_octave_lower_in_the_same_time() -> None:
    audio = sine(440.0, 4.0)
    out = assemble(audio, 0, RATE, [(np.arange(33) * 0.125, [Cell(0, 32, 0, 16)])])
    spectrum = np.abs(np.fft.rfft(out[RATE : 3 * RATE, 0]))
    assert np.argmax(spectrum) / 2.0 == pytest.approx(220.0, abs=1.0)
    assert len(out) == len(audio)


def test_slices_in_another_order_do_not_click() -> None:
    audio = sine(333.0, 4.0)
    rng = np.random.default_rng(2)
    cells = [Cell(step, 1, int(rng.integers(0, 31)), 1, reverse=bool(step % 3 == 0)) for step in range(32)]
    out = assemble(audio, 0, RATE, [(np.arange(33) * 0.125, cells)])
    assert len(find_clicks(out, RATE)) == 0


@pytest.mark.parametrize("rate", [44100, 48000])
def test_every_drum_begins_at_its_time(rate: int) -> None:
    kit = build_kit(Kit(), rate, 1)
    for voice in sorted(set(kit) - {"swell"}):
        out = play([Hit(0.5, voice, 1.0)], kit, 0, rate * 3, rate)
        loud = np.flatnonzero(np.abs(out[:, 0]) > 0.02 * np.max(np.abs(out)))
        assert 0.5 <= loud[0] / rate < 0.5 + (0.003 if voice == "shaker" else 0.001), voice
        assert len(find_clicks(out, rate)) == 0, voice


def test_the_swell_ends_where_it_is_hit() -> None:
    out = play([Hit(2.0, "swell", 1.0)], build_kit(Kit(), RATE, 1), 0, RATE * 3, RATE)
    assert not np.any(out[2 * RATE :])
    assert np.any(out[RATE : 2 * RATE])


def test_grooves_are_written_in_their_characters() -> None:
    for family in FAMILIES.values():
        if family.groove is None:
            continue
        for patterns in (*family.groove.bars, family.groove.fill):
            for voice, pattern in patterns.items():
                assert len(pattern) == 16, (family.name, voice, pattern)
                assert set(pattern) <= {*VELOCITY, "."}, (family.name, voice, pattern)
        for pattern in family.groove.bass:
            assert len(pattern) == 16
            assert set(pattern) <= set("Xxo-.")


@pytest.mark.parametrize("name", sorted(name for name, family in FAMILIES.items() if family.groove))
def test_hits_on_even_sixteenths_are_on_the_grid(name: str) -> None:
    groove = FAMILIES[name].groove
    assert groove is not None
    phrase = build_grid(tuple(0.237 + 0.48 * n for n in range(20)), (0, 4, 8, 12, 16), 9.0).phrases()[2]
    hits = phrase_hits(groove, phrase, generator(1, "groove", phrase.index))
    strong = [hit.time for hit in hits if hit.voice in ("kick", "snare", "clap") and hit.velocity > 0.75]
    assert len(strong) >= 4
    steps = phrase.steps[:-1]
    for time in strong:
        step = int(np.argmin(np.abs(steps - time)))
        late = time - steps[step]
        assert abs(late) < 1e-9 or (step % 2 == 1 and 0 < late < 0.35 * 0.12)


def test_the_bass_plays_the_clips_own_note() -> None:
    bar = Bar(0, tuple(0.125 * step for step in range(17)))
    audio = sine(98.0, 2.0) + 0.3 * sine(440.0, 2.0)
    assert find_pitch(audio, RATE) == pytest.approx(49.0, rel=0.01)
    notes = bar_notes(bar, "X...x...o.-.....", audio, 0, RATE)
    assert [note.start for note in notes] == [0.0, 0.5, 1.0]
    assert notes[2].length == pytest.approx(0.25)
    out = play_bass(notes, Bass("sub", 0.0), 0, 2 * RATE, RATE)
    assert np.argmax(np.abs(np.fft.rfft(out[:, 0]))) / 2.0 == pytest.approx(49.0, abs=1.0)
    noise = generator(5, "test").standard_normal((RATE, 2)).astype(np.float32) * 0.1
    assert find_pitch(noise, RATE) is None
    assert find_pitch(np.zeros((RATE, 2), np.float32), RATE) is None


def test_the_kick_ducks_the_clip_and_releases_it() -> None:
    gain = duck_gain([(0.5, 1.0)], Duck(12.0, 1.0), 0.5, RATE * 2, RATE)
    assert gain[int(0.48 * RATE)] == pytest.approx(1.0)
    assert 20 * np.log10(gain[int(0.502 * RATE)]) == pytest.approx(-12.0, abs=0.3)
    assert gain[int(1.01 * RATE)] == pytest.approx(1.0, abs=0.01)
    assert np.max(np.abs(np.diff(gain))) < 0.01


def test_activity_follows_the_clip() -> None:
    audio = np.concatenate((np.zeros((2 * RATE, 2), np.float32), sine(440.0, 2.0)))
    share = activity(audio, RATE, -14.0)
    assert np.all(share[:RATE] == 0.0)
    assert np.all(share[3 * RATE :] == 1.0)


def test_echoes_come_in_time_and_change_sides() -> None:
    audio = np.zeros((3 * RATE, 2), np.float32)
    audio[1000:1100, 0] = 0.5
    out = echo(audio, RATE, 0.5, Echo(0.75, 0.5, -6.0, 2))
    first, second = 1000 + round(0.375 * RATE), 1000 + round(0.75 * RATE)
    assert np.argmax(out[: first + 2000, 1]) == pytest.approx(first + 50, abs=60)
    assert np.max(np.abs(out[first : first + 200, 0])) == 0.0
    assert 0.3 < np.max(out[second : second + 200, 0]) / np.max(out[first : first + 200, 1]) < 0.6


@pytest.mark.parametrize("rate", [44100, 48000, 11025])
def test_reverb_and_pad_keep_the_length_and_are_stereo(rate: int) -> None:
    audio = chords(1.7, rate)
    room = reverb(audio, rate, Reverb(1.5, -6.0, 3000.0), generator(1, "room"))
    soft = pad(audio, rate, generator(1, "pad"), 0.3)
    for out in (room, soft):
        assert out.shape == audio.shape
        assert np.all(np.isfinite(out))
        assert abs(float(np.corrcoef(out[:, 0], out[:, 1])[0, 1])) < 0.7


def test_wow_does_not_lose_the_beat() -> None:
    audio = sine(1000.0, 4.0)
    out = wobble(audio, RATE, 14.0, 0)
    crossings = np.flatnonzero((out[:-1, 0] < 0) & (out[1:, 0] >= 0))
    exact = crossings + out[crossings, 0] / (out[crossings, 0] - out[crossings + 1, 0])
    places = exact / RATE * 1000.0
    assert np.max(np.abs(places - np.round(places))) > 0.1  # in periods; one period is 1 ms
    assert np.max(np.abs(places - np.arange(len(places)) - places[0])) < 4.0
    assert len(find_clicks(out, RATE)) == 0


def test_excerpt_is_silent_outside() -> None:
    audio = np.ones((10, 2), np.float32)
    assert excerpt(audio, -3, 4)[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert excerpt(audio, 8, 12)[:, 0].tolist() == [1, 1, 0, 0]
    assert not np.any(excerpt(audio, 20, 25))


@pytest.mark.parametrize(
    ("tags", "family"),
    [
        ("lofi, hiphop, chill", "lofi"),
        ("Deep House, 124 BPM", "house"),
        ("Drum & Bass, energetic", "drum and bass"),
        ("liquid DnB", "drum and bass"),
        ("space ambient, pads", "ambient"),
        ("dub techno, chords", "dub"),
        ("roots reggae", "dub"),
        ("dark trap, 808, hat rolls", "half-time trap"),
        ("glitch, cut-up", "chopped"),
        ("warehouse techno", "techno"),
    ],
)
def test_tags_choose_the_family(tags: str, family: str) -> None:
    chosen, known = choose(tags)
    assert chosen.name == family
    assert known


def test_a_hint_takes_precedence_and_nonsense_is_reported() -> None:
    assert choose("house", "Half-time Trap")[0].name == "half-time trap"
    assert choose("house", "polka")[0].name == "house"
    assert choose("xyzzy, polka") == (FAMILIES[DEFAULT], False)
    assert choose("") == (FAMILIES[DEFAULT], False)
    assert set(WORDS) == set(FAMILIES)
