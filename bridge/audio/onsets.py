"""Measures onset strength (how fast the level of each band rises over time), for alignment and tempo.

The `fit` and `listen` tasks convert a clip to mono at `RATE` with `heard`. align.py and rhythm.py use the envelopes.
The offline engine measures the levels while it reads a clip.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bridge.audio import resample
from bridge.audio.block import Block, mono

Mono: TypeAlias = npt.NDArray[np.float32]  # frames
Curve: TypeAlias = npt.NDArray[np.float32]  # values over time
Envelope: TypeAlias = npt.NDArray[np.float32]  # bands × values over time

RATE = 16_000  # Hz; onsets need no more than 8 kHz of bandwidth
SIZE = 512  # frames per window, 32 ms
HOP = 80  # frames between two values, 5 ms
STEP = HOP / RATE  # seconds between two values
BANDS = 24  # mel bands up to RATE / 2
COMPRESSION = 300.0  # levels down to 1/300 of the loudest level matter, so that an onset counts from its start
AT_ONCE = 4096  # windows transformed together, to limit memory
LONGEST = 600.0  # s; more sound would not improve the measured offset


def heard(blocks: Iterable[Block], rate: float, longest: float = LONGEST) -> Mono:
    """Return the first `longest` seconds of a stream (frames × channels) as mono at RATE.

    Args:
        blocks: float32, any number of channels.
        rate: Hz.
        longest: length to keep, s.

    >>> len(heard([np.zeros((48000, 2), np.float32)], 48000))  # 1 s
    16000
    """
    stream = resample.stream(rate, RATE, 1, "LQ")
    parts, left = [], round(longest * RATE)
    for block in blocks:  # read to the end, since other meters may watch the same stream
        if left > 0:
            part = stream.resample_chunk(mono(block))[:left]
            parts.append(part)
            left -= len(part)
    parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True)[:left])
    return np.concatenate(parts)


def band_edges(bands: int = BANDS) -> npt.NDArray[np.intp]:
    """Return the first spectrum bin of each mel band, strictly ascending (O'Shaughnessy: 2595·lg(1 + f/700) mel).

    >>> band_edges()[[0, 1, -1]] * RATE / SIZE  # Hz
    array([   0. ,   62.5, 7125. ])
    """
    top = 2595.0 * np.log10(1.0 + RATE / 2 / 700.0)
    hertz = 700.0 * (10.0 ** (np.arange(bands) * top / bands / 2595.0) - 1.0)
    bins: npt.NDArray[np.intp] = np.round(hertz / (RATE / SIZE)).astype(np.intp)
    for band in range(1, bands):
        bins[band] = max(bins[band], bins[band - 1] + 1)
    return bins


def levels(sound: Mono) -> Envelope:
    """Return the magnitude of each mel band (bands × values); value i is centred at i·STEP seconds.

    >>> levels(np.zeros(RATE, np.float32)).shape  # 1 s
    (24, 201)
    """
    count = len(sound) // HOP + 1
    padded = np.pad(sound, (SIZE // 2, SIZE))
    return _band_levels(np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::HOP][:count])


class LevelMeter:
    """A meter that measures `levels` block by block, with 19 KB of memory per second of sound."""

    def __init__(self, rate: float) -> None:
        self._stream = resample.stream(rate, RATE, 1, "LQ")
        self._rest = np.zeros(SIZE // 2, np.float32)  # resampled frames that do not fill a window yet
        self._frames = 0
        self._levels: list[Envelope] = []

    def add(self, block: Block) -> None:
        """Add the next block, frames × channels."""
        self._add(self._stream.resample_chunk(mono(block)))

    def value(self) -> Envelope:
        """Return the levels of all added blocks. Call this once, at the end."""
        self._add(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
        count = self._frames // HOP + 1
        self._add(np.zeros(SIZE, np.float32))
        found = np.empty((BANDS, sum(part.shape[1] for part in self._levels)), np.float32)
        end = found.shape[1]
        while self._levels:  # each part is freed after it is copied, to limit memory
            part = self._levels.pop()
            found[:, end - part.shape[1] : end] = part
            end -= part.shape[1]
        return found[:, :count]

    def _add(self, sound: Mono) -> None:
        self._frames += len(sound)
        sound = np.concatenate((self._rest, sound))
        if len(sound) >= SIZE:
            windows = np.lib.stride_tricks.sliding_window_view(sound, SIZE)[::HOP]
            self._levels.append(_band_levels(windows))
            sound = sound[len(windows) * HOP :]
        self._rest = sound


def _band_levels(windows: npt.NDArray[np.float32]) -> Envelope:
    """Return the magnitude of each mel band (bands × windows) in each of the windows (windows × frames)."""
    shape = np.hanning(SIZE).astype(np.float32)
    edges = band_edges()
    found = np.empty((BANDS, len(windows)), np.float32)
    for start in range(0, len(windows), AT_ONCE):
        spectrum = np.fft.rfft(windows[start : start + AT_ONCE] * shape, axis=1)
        power = np.add.reduceat(spectrum.real**2 + spectrum.imag**2, edges, axis=1)
        found[:, start : start + AT_ONCE] = np.sqrt(power).T
    return found


def loudest(magnitudes: Envelope) -> float:
    """Return the 98 % quantile over time of the loudest band of an envelope (bands × values).

    >>> loudest(np.float32([np.arange(101), np.zeros(101)]))
    98.0
    """
    return max(float(np.quantile(magnitudes.max(axis=0), 0.98)), 1e-6)


def rises(magnitudes: Envelope, reference: float | None = None) -> Envelope:
    """Return how much the compressed level of each band rises over two steps (spectral flux); zero if the level falls.

    The level is compressed as log(1 + COMPRESSION · level / reference), after M. Müller, "Fundamentals of Music
    Processing", 6.1.2. The rise is assigned to the value in the middle of the two steps.

    Args:
        magnitudes: from `levels`.
        reference: `loudest` of the whole sound, if `magnitudes` is only a part of it.

    >>> rises(np.float32([[0, 0, 1, 1]]), reference=1.0).round(2)
    array([[0.  , 5.71, 5.71, 0.  ]], dtype=float32)
    """
    if not magnitudes.size:
        return magnitudes
    compressed = np.log1p(magnitudes * np.float32(COMPRESSION / (reference or loudest(magnitudes))))
    around = np.pad(compressed, ((0, 0), (1, 1)), mode="edge")
    rise: Envelope = np.maximum(around[:, 2:] - around[:, :-2], np.float32(0))
    return rise


def onset_envelope(sound: Mono) -> Envelope:
    """Return the onset strength of a sound at RATE: bands × values, one value per STEP, never negative.

    >>> click = np.zeros(RATE, np.float32)
    >>> click[RATE // 2 :] = 1.0
    >>> print(abs(onset_envelope(click).sum(axis=0).argmax() * STEP - 0.5) <= 0.015)  # s
    True
    """
    return rises(levels(sound))
