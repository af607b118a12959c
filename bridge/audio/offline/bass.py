"""Adds a bass that plays the clip's own bass notes, moved into the octave above 38 Hz.

One note is found in each half bar. The bass plays only notes that already sound in the clip, so that it cannot clash
with them. In a bar without a clear note, the bass rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, add_at, excerpt, fade_in, mono
from bridge.audio.offline.grid import Bar

LOWEST = 38.0  # Hz; notes are folded into the octave above
SEARCH = (55.0, 220.0)  # Hz; range of bass notes in the source
CLEAR = 6.0  # smallest ratio of a clear note's peak to the median magnitude of the band
# One cycle of a saw wave of six partials, with the upper partials attenuated.
_CYCLE = 2.0 * np.pi * np.arange(16384) / 16384
SAW = np.asarray(sum(np.sin(partial * _CYCLE) / partial**1.4 for partial in range(1, 7)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Bass:
    """The bass sound of a family."""

    sound: str  # "sub": a sine · "reese": two detuned saws, dark · "808": long, with a pitch that falls to the note
    level: float  # dB relative to the kick


@dataclass(frozen=True, slots=True)
class Note:
    """One bass note."""

    start: float  # s from the clip's start
    length: float  # s
    pitch: float  # Hz
    velocity: float  # 0..1


def find_pitch(audio: Audio, rate: int) -> float | None:
    """Return the strongest bass note in Hz, folded into the octave above `LOWEST`, or None if no note is clear.

    Args:
        audio: frames × 2, a few tenths of a second.
        rate: Hz.
    """
    if len(audio) < rate // 10:
        return None
    windowed = mono(audio) * np.hanning(len(audio)).astype(np.float32)
    step = max(rate // 2000, 1)  # bass needs no more than 1 kHz; the mean of `step` frames is a sufficient filter
    coarse = windowed[: len(windowed) // step * step].reshape(-1, step).mean(axis=1)
    size = 1 << (4 * len(coarse) - 1).bit_length()
    magnitude = np.abs(np.fft.rfft(coarse, size))
    width = rate / step / size
    low, high = int(SEARCH[0] / width), int(SEARCH[1] / width)
    band = magnitude[low:high]
    if not len(band) or float(band.max()) < 1e-3 * len(coarse) ** 0.5:
        return None
    top = int(np.argmax(band))
    if band[top] < CLEAR * float(np.median(band)):
        return None
    pitch = (low + top) * width
    # Round to the nearest semitone of equal temperament at 440 Hz; otherwise the bass sounds out of tune.
    pitch = 440.0 * 2.0 ** (round(12.0 * np.log2(pitch / 440.0)) / 12.0)
    return float(pitch / 2.0 ** np.floor(np.log2(pitch / LOWEST)))


def bar_notes(bar: Bar, pattern: str, audio: Audio, origin: int, rate: int) -> list[Note]:
    """Return the notes of one bar; each note lasts until the next note or the end of the bar.

    Args:
        bar: the bar.
        pattern: one character per sixteenth; X, x and o start a note, - ends the previous note.
        audio: section of the clip after its slices were rearranged, frames × 2.
        origin: frame of the clip at which the section starts.
        rate: Hz.
    """
    count = len(bar.steps) - 1
    signs = [pattern[step % len(pattern)] for step in range(count)]
    half = count // 2
    pitches = [
        find_pitch(_between(audio, origin, rate, bar.steps[0], bar.steps[half]), rate),
        find_pitch(_between(audio, origin, rate, bar.steps[half], bar.end), rate),
    ]
    notes: list[Note] = []
    for step, sign in enumerate(signs):
        pitch = pitches[step >= half] or pitches[step < half]
        if sign not in "Xxo" or pitch is None:
            continue
        stop = next((later for later in range(step + 1, count) if signs[later] != "."), count)
        velocity = {"X": 1.0, "x": 0.85, "o": 0.6}[sign]
        notes.append(Note(bar.steps[step], bar.steps[stop] - bar.steps[step], pitch, velocity))
    return notes


def _between(audio: Audio, origin: int, rate: int, start: float, stop: float) -> Audio:
    return excerpt(audio, round(start * rate) - origin, round(stop * rate) - origin)


def play_bass(notes: Sequence[Note], bass: Bass, origin: int, frames: int, rate: int) -> Audio:
    """Return a track of the notes (frames × 2) with a peak of about 1."""
    track = np.zeros(frames, dtype=np.float32)
    for note in notes:
        add_at(track, round(note.start * rate) - origin, _sound(note, bass.sound, rate))
    return np.stack((track, track), axis=1)


def _sound(note: Note, sound: str, rate: int) -> Audio:
    count = max(round(note.length * rate), 64)
    times = np.arange(count) / rate
    pitch = np.full(count, note.pitch)
    if sound == "808":
        pitch *= 1.0 + 1.2 * np.exp(-times / 0.02)
    phase = np.cumsum(pitch) / rate
    if sound == "reese":
        # Two saws, detuned by 0.6 %.
        wave = 0.6 * (_saw(0.997 * phase) + _saw(1.003 * phase))
    else:
        wave = np.tanh(1.5 * np.sin(2.0 * np.pi * phase)) / np.tanh(1.5)
    if sound == "808":
        wave = wave * np.exp(-times / max(0.6 * note.length, 0.25))
    edge = min(max(round(0.004 * rate), 2), count // 2)
    wave[:edge] *= fade_in(edge)
    release = min(max(round(0.02 * rate), 2), count // 2)
    wave[count - release :] *= fade_in(release)[::-1]
    return np.asarray(note.velocity * wave, dtype=np.float32)


def _saw(phase: Curve) -> Curve:
    """Return the saw wave at phases given in cycles."""
    return np.asarray(SAW[(np.mod(phase, 1.0) * len(SAW)).astype(np.int64)], dtype=np.float64)
