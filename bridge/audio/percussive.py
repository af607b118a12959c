"""What kind of sound a clip is: drums alone, or music.

The task `listen` asks, and the tags that write themselves say it. Steady lines and short columns of the spectrogram are
told apart by medians (D. FitzGerald, "Harmonic/percussive separation using median filtering", DAFx 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.audio.onsets import RATE, Mono

SIZE, HOP = 1024, 512  # frames of a window and between two, at onsets.RATE
ALONG, ACROSS = 11, 17  # values of the medians along time and along frequency
LONGEST = 40.0  # s that are looked at, from the middle: enough to know what it is
DRUMS_ALONE = 0.53  # how often it is right: docs/fit.md

Spectrum = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Character:
    """How much of a clip's sound is percussion."""

    percussive: float  # share of the compressed energy that lies in short columns, 0..1

    @property
    def word(self) -> str:
        """Return "drums" for a clip of these alone, else "music"."""
        return "drums" if self.percussive >= DRUMS_ALONE else "music"


def find_character(sound: Mono) -> Character | None:
    """Judge a sound at onsets.RATE; None under 0.5 s or for silence."""
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
    """Return the moving median along an axis, the edges repeated."""
    pad = [(0, 0), (0, 0)]
    pad[axis] = (count // 2, count // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, pad, mode="edge"), count, axis=axis)
    found: Spectrum = np.partition(windows, count // 2, axis=-1)[..., count // 2]
    return found
