"""Distinguishes drums from music.

The `listen` task uses this module for the automatic tags. Median filters separate the horizontal lines (tones) of the
spectrogram from its vertical columns (percussion). The method is from D. FitzGerald, "Harmonic/percussive separation
using median filtering", DAFx 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.audio.onsets import RATE, Mono

SIZE, HOP = 1024, 512  # frames per window, frames from one window to the next; at onsets.RATE
ALONG, ACROSS = 11, 17  # lengths of the median filters along time and along frequency, values
LONGEST = 40.0  # s; only this much of a clip, from its middle, is analysed
DRUMS_ALONE = 0.53  # lowest percussive fraction of a clip that has only drums

Spectrum = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Character:
    """The proportion of percussion in a clip's sound."""

    percussive: float  # fraction of the compressed energy in vertical columns, 0..1

    @property
    def word(self) -> str:
        """Return "drums" for a clip that has only drums, otherwise "music"."""
        return "drums" if self.percussive >= DRUMS_ALONE else "music"


def find_character(sound: Mono) -> Character | None:
    """Classify a sound at onsets.RATE; return None if the sound is silent or shorter than 0.5 s.

    >>> click = np.arange(2 * RATE) % 4000 == 0
    >>> [find_character(sound.astype(np.float32)).word for sound in (click, np.sin(np.arange(2 * RATE)))]
    ['drums', 'music']
    """
    most = round(LONGEST * RATE)
    first = max(0, (len(sound) - most) // 2)
    sound = sound[first : first + most]
    if len(sound) < RATE // 2 or not sound.any():
        return None
    windows = np.lib.stride_tricks.sliding_window_view(sound, SIZE)[::HOP]
    size = np.abs(np.fft.rfft(windows * np.hanning(SIZE).astype(np.float32), axis=1)).astype(np.float32)
    bands = np.sqrt(size[:, 2:386].reshape(len(size), 192, 2).mean(axis=2))
    lines, columns = _median(bands, ALONG, 0), _median(bands, ACROSS, 1)
    share = columns**2 / np.maximum(lines**2 + columns**2, 1e-12)
    return Character(float((share * bands).sum() / max(1e-12, float(bands.sum()))))


def _median(values: Spectrum, count: int, axis: int) -> Spectrum:
    """Return the moving median along an axis; the edge values are repeated."""
    pad = [(0, 0), (0, 0)]
    pad[axis] = (count // 2, count // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, pad, mode="edge"), count, axis=axis)
    found: Spectrum = np.partition(windows, count // 2, axis=-1)[..., count // 2]
    return found
