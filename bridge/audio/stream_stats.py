"""Measures a stream: level over time, DC offset and clipped samples.

The `fit` task measures the source and the result with one `Intake` each; defects.py compares the statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block
from bridge.audio.block import heights as of_frames

STEP = 0.005  # seconds per level value
FLAT = 4  # lowest number of adjacent equal samples in a flat top; at 16 bits, three may be the crest of a slow wave
EQUAL = 1e-5  # full scale; samples that differ by less count as equal
BINS = 128  # bins of the histogram of flat-top heights, up to twice full scale
TOP = 0.95  # fraction of the highest sample above which flat tops count as clipping

Curve = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Passed:
    """The statistics of a stream."""

    levels: Curve  # peak level of each STEP, full scale 1.0
    mean: npt.NDArray[np.float64]  # DC offset of each channel, full scale 1.0
    clipped: float  # fraction of samples in flat tops, 0..1
    peak: float  # highest absolute sample, full scale 1.0
    power: tuple[float, ...] = ()  # mean square of each channel without its DC offset
    shared: float = 0.0  # mean product of the first two channels without their DC offsets


class Intake:
    """A meter for the blocks (frames × channels) of one stream."""

    def __init__(self, rate: int, channels: int) -> None:
        self._step = max(1, round(rate * STEP))
        self._rest = np.zeros(0, np.float32)  # peaks that do not fill a step yet
        self._levels: list[Curve] = []
        self._sum = np.zeros(channels)
        self._squares = np.zeros(channels)
        self._product = 0.0  # of the first two channels
        self._frames = 0
        self._tops = np.zeros(BINS, np.int64)
        self._peak = 0.0

    def watched(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield the stream unchanged and measure it."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: Block) -> None:
        """Add the next block."""
        if not len(block):
            return
        self._frames += len(block)
        sides = [np.ascontiguousarray(block[:, channel]) for channel in range(block.shape[1])]
        self._sum += [side.sum(dtype=np.float64) for side in sides]
        self._squares += [float(np.dot(side, side)) for side in sides]
        self._product += float(np.dot(sides[0], sides[min(1, len(sides) - 1)]))
        heights = np.concatenate((self._rest, of_frames(block)))
        self._peak = max(self._peak, float(heights.max()))
        whole = len(heights) // self._step * self._step
        self._levels.append(heights[:whole].reshape(-1, self._step).max(axis=1))
        self._rest = heights[whole:]
        for side in sides:
            self._count_tops(side)

    def passed(self) -> Passed:
        """Return the statistics of all added blocks."""
        rest = [self._rest.max(keepdims=True)] if len(self._rest) else []
        levels = np.concatenate([*self._levels, *rest]) if self._frames else np.zeros(0, np.float32)
        high = np.arange(BINS) / BINS * 2 >= TOP * min(2.0, self._peak) - 2 / BINS
        samples = max(1, self._frames * len(self._sum))
        frames = max(1, self._frames)
        mean = self._sum / frames
        power = np.maximum(0.0, self._squares / frames - mean**2)
        shared = self._product / frames - float(mean[0] * mean[min(1, len(mean) - 1)])
        clipped = float(self._tops[high].sum()) / samples
        return Passed(levels, mean, clipped, self._peak, tuple(power.tolist()), shared)

    def _count_tops(self, samples: Curve) -> None:
        """Count, by height, the samples that equal the FLAT - 1 samples before them."""
        high = np.abs(samples)
        if float(high.max()) < 0.25 or len(samples) < FLAT:
            return
        same = (np.abs(np.diff(samples)) < EQUAL) & (high[1:] > 0.25)
        runs = same[: len(same) - FLAT + 2].copy()
        for shift in range(1, FLAT - 1):
            runs &= same[shift : len(same) - FLAT + 2 + shift]
        at = np.minimum(BINS - 1, (high[FLAT - 1 :][runs] * (BINS / 2)).astype(np.intp))
        self._tops += np.bincount(at, minlength=BINS)
