"""Estimates the key of a clip by comparing the chroma of its partials with the profiles of the 24 keys.

The `listen` task suggests the key. The key of a full mix is only a suggestion; `Key.margin` shows how clear the key is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.audio.onsets import RATE, Mono

SIZE = 8192  # frames per window at onsets.RATE: 0.5 s, long enough to resolve a semitone at 65 Hz
HOP = 4096
LOWEST, HIGHEST = 65.0, 2000.0  # Hz; range of the partials that are used
SURE = 0.1  # lowest margin at which a key is suggested; docs/fit.md shows how often such a key is right
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# Profiles by D. Temperley, "What's key for key?", Music Perception 17 (1999), table 3 (revised Krumhansl-Schmuckler).
MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Key:
    """A musical key."""

    tonic: int  # semitones above C
    minor: bool
    margin: float  # correlation with the key's profile, minus the next best correlation; the relative key is ignored

    @property
    def name(self) -> str:
        """Return the name, for example "A minor"."""
        return f"{NAMES[self.tonic]} {'minor' if self.minor else 'major'}"

    @property
    def sure(self) -> bool:
        """Return whether the key is clear enough to be suggested."""
        return self.margin >= SURE


def find_key(sound: Mono) -> Key | None:
    """Return the most likely key of a sound at onsets.RATE, or None if the sound has no tones.

    >>> times = np.arange(2 * RATE) / RATE
    >>> chord = sum(np.sin(2 * np.pi * hertz * times) for hertz in (220.0, 261.63, 329.63, 246.94))
    >>> find_key(chord.astype(np.float32)).name
    'A minor'
    """
    tones = chroma(sound)
    if not tones.any():
        return None
    fits = np.array([[_like(np.roll(profile, tonic), tones) for tonic in range(12)] for profile in (MAJOR, MINOR)])
    mode, tonic = (int(value) for value in np.unravel_index(int(np.argmax(fits)), fits.shape))
    relative = (tonic + (9 if mode == 0 else 3)) % 12
    others = fits.copy()
    others[mode, tonic] = others[1 - mode, relative] = -1.0
    return Key(tonic, mode == 1, float(fits[mode, tonic] - others.max()))


def chroma(sound: Mono) -> Curve:
    """Return the strength of the 12 pitch classes from C on; the strongest is 1.

    Spectral peaks are weighted by the square root of their magnitude. The mean deviation of the peaks from equal
    temperament at 440 Hz is removed.

    >>> tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    >>> chroma(tone).round(1)[[8, 9, 10]].tolist()  # G sharp, A, B flat
    [0.0, 1.0, 0.0]
    """
    if len(sound) < SIZE:
        sound = np.pad(sound, (0, SIZE - len(sound)))
    windows = np.lib.stride_tricks.sliding_window_view(sound, SIZE)[::HOP]
    window = np.hanning(SIZE).astype(np.float32)
    first, last = int(LOWEST * SIZE / RATE), int(HIGHEST * SIZE / RATE)
    notes, sizes = [np.zeros(0)], [np.zeros(0)]
    for piece in windows:
        size = np.abs(np.fft.rfft(piece * window))[first - 1 : last + 2].astype(np.float64)
        around = np.convolve(size, np.ones(41) / 41, "same")[1:-1]
        left, at, right = size[:-2], size[1:-1], size[2:]
        top = np.flatnonzero((at > left) & (at >= right) & (at > 2.0 * around))
        part = 0.5 * (left[top] - right[top]) / np.minimum(left[top] - 2 * at[top] + right[top], -1e-12)
        notes.append(69 + 12 * np.log2((top + first + part) * RATE / SIZE / 440.0))
        sizes.append(np.sqrt(at[top]))
    return _folded(np.concatenate(notes), np.concatenate(sizes))


def _folded(notes: Curve, sizes: Curve) -> Curve:
    """Convert peaks (MIDI note numbers and weights) to a chroma, with their common detuning removed."""
    if not sizes.sum():
        return np.zeros(12)
    detuned = np.angle(np.sum(sizes * np.exp(2j * np.pi * notes))) / (2 * np.pi)
    notes = notes - detuned
    nearest = np.round(notes)
    weight = sizes * np.maximum(0.0, 1 - 2 * np.abs(notes - nearest))
    tones = np.bincount(nearest.astype(np.intp) % 12, weight, 12)
    return tones / max(1e-12, float(tones.max()))


def _like(profile: Curve, tones: Curve) -> float:
    return float(np.corrcoef(profile, tones)[0, 1]) if tones.std() else 0.0
