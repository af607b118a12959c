"""Converts sample rates with numpy, for systems without a wheel of soxr. The filter is a Kaiser-windowed sinc.

If output frames fall on few positions between input frames, as from 44.1 to 48 kHz, their filters are the columns of
one matrix. Otherwise the same method first converts to at least OVERSAMPLING times the lower rate, and a short filter
then reads between these frames. docs/fit.md compares the output with that of soxr.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

Frames: TypeAlias = npt.NDArray[np.float64]  # frames × channels

POSITIONS = 1024  # columns of a matrix, at most
EXACT = 1e-12  # relative error of a ratio that counts as exact: 0.01 frames in 28 hours
CHUNK = 4096  # input frames per matrix product, about; the same for every product, so that blocks make no difference
ROWS = 16  # rows per matrix product, at least; with fewer, reading the matrix takes most of the time
OVERSAMPLING = 8  # intermediate rate ÷ lower rate, at least
SHORT = 8  # half the length of the short filter, in frames of the intermediate rate
STEPS = 16384  # entries of the short filter's table per frame


class Design(NamedTuple):
    """What a filter lets through."""

    passband: float  # end of the passband, as a share of half the lower rate; the stopband begins at 1
    rejection: float  # dB


DESIGNS = {
    "LQ": Design(0.68, 90.0),
    "MQ": Design(0.88, 100.0),
    "HQ": Design(0.913, 125.0),
    "VHQ": Design(0.913, 160.0),
}


class SincStream:
    """A stream that is converted block by block, with the methods of `soxr.ResampleStream`."""

    def __init__(self, rate_in: float, rate_out: float, channels: int, quality: str) -> None:
        """Prepare the filters.

        Args:
            rate_in: Hz; need not be an integer.
            rate_out: Hz.
            channels: number of channels; blocks of one channel have one dimension.
            quality: key of DESIGNS.
        """
        self._ratio = rate_out / rate_in
        self._channels = channels
        step, design = rate_in / rate_out, DESIGNS[quality]
        exact = Fraction(step).limit_denominator(POSITIONS)
        self._between: _Between | None = None
        if exact and abs(exact / Fraction(step) - 1) <= EXACT:
            self._stage = _Matrix(exact, max(1.0, step), design, channels)
        else:
            coarse = Fraction(math.floor(max(1.0, step)), OVERSAMPLING)
            self._stage = _Matrix(coarse, max(1.0, step), design, channels)
            self._between = _Between(step / float(coarse), channels)
        self._taken = self._given = 0  # frames

    def resample_chunk(self, block: Block, last: bool = False) -> Block:
        """Return the output frames that are complete after this block, or with `last` all the rest."""
        self._taken += len(block)
        sound = self._stage.add(block.reshape(-1, self._channels).astype(np.float64))
        if last:
            sound = np.concatenate((sound, self._stage.end()))
        if self._between is not None:
            sound = self._between.add(sound)
            if last:
                sound = np.concatenate((sound, self._between.end()))
        if last:
            sound = sound[: math.floor(self._taken * self._ratio + 0.5) - self._given]
        self._given += len(sound)
        out = sound.astype(np.float32)
        return out if block.ndim > 1 else out[:, 0]


class _Matrix:
    """Converts by a rational step, many frames per matrix product."""

    def __init__(self, step: Fraction, width: float, design: Design, channels: int) -> None:
        """Prepare the matrix.

        Args:
            step: input frames per output frame.
            width: how many times wider the filter is than one for the input rate; 2 if the output rate is half.
            design: the filter.
            channels: number of channels.
        """
        self._filters, self._hop = _matrix(step, width, design)  # input frames × output frames
        self._rows = max(ROWS, CHUNK // self._hop)
        self._half = (len(self._filters) - self._hop) // 2
        self._held: list[Frames] = [np.zeros((self._half, channels))]
        self._frames = self._half

    def add(self, sound: Frames) -> Frames:
        """Return the output for all input that fills whole chunks."""
        self._held.append(sound)
        self._frames += len(sound)
        size, advance = (self._rows - 1) * self._hop + len(self._filters), self._rows * self._hop
        channels = sound.shape[1]
        done = [np.zeros((0, channels))]
        if self._frames >= size:
            joined = np.concatenate(self._held)
            at = 0
            for at in range(0, len(joined) - size + 1, advance):
                rows = np.lib.stride_tricks.sliding_window_view(joined[at : at + size], len(self._filters), axis=0)
                made = np.ascontiguousarray(rows[:: self._hop]).reshape(-1, len(self._filters)) @ self._filters
                done.append(made.reshape(self._rows, channels, -1).transpose(0, 2, 1).reshape(-1, channels))
            self._held = [joined[at + advance :]]
            self._frames = len(self._held[0])
        return np.concatenate(done)

    def end(self) -> Frames:
        """Return the output for the rest, and more, as if silence followed."""
        return self.add(np.zeros((len(self._filters) + self._rows * self._hop, self._held[0].shape[1])))


class _Between:
    """Reads a stream of oversampled sound at positions between its frames."""

    def __init__(self, step: float, channels: int) -> None:
        """Prepare the stream.

        Args:
            step: frames of the intermediate rate per output frame.
            channels: number of channels.
        """
        self._step = step
        self._held: Frames = np.zeros((SHORT - 1, channels))
        self._start = 1 - SHORT  # position of the first held frame
        self._given = 0  # output frames

    def add(self, sound: Frames) -> Frames:
        """Return the output frames whose neighbours are all there."""
        self._held = np.concatenate((self._held, sound))
        end = self._start + len(self._held) - SHORT  # output at positions below this has its neighbours
        count = max(0, math.ceil(end / self._step) - self._given)
        parts = [self._read(at) for at in self._spans(count)]
        self._given += count
        first = max(0, min(len(self._held), math.floor(self._given * self._step) - SHORT + 1 - self._start))
        self._held, self._start = self._held[first:], self._start + first
        return np.concatenate([np.zeros((0, sound.shape[1])), *parts])

    def end(self) -> Frames:
        """Return the rest, and more, as if silence followed."""
        return self.add(np.zeros((2 * SHORT + math.ceil(self._step), self._held.shape[1])))

    def _spans(self, count: int) -> Iterator[npt.NDArray[np.float64]]:
        """Yield the positions of the next output frames, for a limited number of frames at a time."""
        for start in range(self._given, self._given + count, CHUNK):
            frames = np.arange(start, min(start + CHUNK, self._given + count), dtype=np.float64)
            yield frames * self._step - self._start

    def _read(self, at: npt.NDArray[np.float64]) -> Frames:
        whole = np.floor(at).astype(np.intp)
        place = (at - whole) * STEPS
        row = place.astype(np.intp)
        share = (place - row)[:, None]
        table = _short_filter()
        weights = table[row] * (1.0 - share) + table[row + 1] * share
        near = np.lib.stride_tricks.sliding_window_view(self._held, 2 * SHORT, axis=0)[whole - SHORT + 1]
        read: Frames = (near * weights[:, None, :]).sum(axis=2)
        return read


@lru_cache(maxsize=4)
def _matrix(step: Fraction, width: float, design: Design) -> tuple[Frames, int]:
    """Return a matrix of filters (input frames × output frames), and the input frames from one product to the next.

    Every column is the filter for one output frame. The rows begin and end half a filter before and after the step.
    """
    half = math.ceil(_taps(design.rejection, (1.0 - design.passband) / 2.0) * width / 2)
    wanted = math.ceil(2 * half / step.numerator)  # longer steps copy less input
    repeats = max(1, min(wanted, POSITIONS // step.denominator))
    hop, columns = step.numerator * repeats, step.denominator * repeats
    offsets = np.arange(hop + 2 * half)[:, None] - half - np.arange(columns)[None, :] * float(step)
    cutoff = (1.0 + design.passband) / 2.0 / width
    return _kernel(offsets, half, cutoff, design.rejection), hop


@lru_cache(maxsize=1)
def _short_filter() -> Frames:
    """Return the filter that reads between oversampled frames, for each of STEPS + 1 positions after a frame."""
    places = np.arange(STEPS + 1)[:, None] / STEPS
    offsets = np.arange(1 - SHORT, SHORT + 1)[None, :] - places
    return _kernel(offsets, SHORT, 1.0, DESIGNS["VHQ"].rejection + 10.0)


def _kernel(offsets: Frames, half: float, cutoff: float, rejection: float) -> Frames:
    """Return a low-pass filter at the offsets (input frames) from its centre; zero beyond `half`.

    The window is Kaiser's, with the formula for its shape from Oppenheim and Schafer, "Discrete-Time Signal
    Processing", 7.5.3.
    """
    inside = np.clip(1.0 - (offsets / half) ** 2, 0.0, None)
    shape = 0.1102 * (rejection - 8.7)
    window = np.where(inside > 0.0, np.i0(shape * np.sqrt(inside)) / np.i0(shape), 0.0)
    filters: Frames = cutoff * np.sinc(cutoff * offsets) * window
    return filters


def _taps(rejection: float, transition: float) -> float:
    """Return the length of a filter (input frames) for a transition that is a share of the input rate."""
    return (rejection - 7.95) / (14.36 * transition)
