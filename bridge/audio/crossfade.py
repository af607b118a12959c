"""Makes inaudible joins: cross-fades two sounds, closes loops, and measures how much a join stands out.

The `fit` task closes loops with this module; the `join` task joins the segments of a long clip. `measure` compares a
join with all other moments of the music around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block, between

LOOP_FADE = 0.02  # s; cross-fade of a loop's end with the music before its start
WINDOW = 0.02  # s; window of each spectrum
LEVEL = 0.05  # s; window in which a level is measured
CLICK = 8  # frames on each side of a join that are searched for a click
FLOOR = 1e-3  # fraction of the music's level; anything quieter counts as silence
COMPRESSION = 100.0  # as in onsets.py, so that relative changes count instead of absolute changes

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """The prominence of a join; each rank is the fraction (0..1) of nearby moments at which the sound changes less."""

    step_db: float  # level after the join relative to the level before it, dB
    step_rank: float  # rank of that level step
    flux_rank: float  # rank of the change in the spectrum
    click_rank: float  # rank of the largest step between neighbouring samples

    def to_wire(self) -> dict[str, float]:
        """Return the rounded values for the recipe."""
        return {
            "step_db": round(self.step_db, 2),
            "step_rank": round(self.step_rank, 4),
            "flux_rank": round(self.flux_rank, 4),
            "click_rank": round(self.click_rank, 4),
        }


class Ends:
    """The start and the end of a stream, kept while the stream passes through, to measure the seam of a loop."""

    def __init__(self, frames: int, around: int) -> None:
        """Prepare for a stream of `frames` frames; `around` frames are kept at each end."""
        self._frames, self._around = frames, min(around, frames // 2)
        self._head: list[Block] = []
        self._tail: list[Block] = []
        self._position = 0

    def watched(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield the stream unchanged, and keep its ends."""
        for part in blocks:
            _keep(self._head, part, self._position, 0, self._around)
            _keep(self._tail, part, self._position, self._frames - self._around, self._frames)
            self._position += len(part)
            yield part

    def met(self, rate: int) -> Measured:
        """Return how much the seam from the loop's end to its start stands out."""
        sound = np.concatenate((*self._tail, *self._head))
        return measure(sound, self._around, 0, rate)


def _keep(kept: list[Block], part: Block, position: int, start: int, stop: int) -> None:
    """Append a copy of the frames in start ≤ frame < stop to `kept`; a view would keep the whole block in memory."""
    wanted = between(part, position, start, stop)
    if len(wanted):
        kept.append(wanted.copy())


def likeness(first: Block, second: Block) -> float:
    """Return the normalised correlation (-1..1) of two sounds of equal length, frames × channels; 0 for silence.

    >>> likeness(np.float32([[1], [-1]]), np.float32([[-0.5], [0.5]]))
    -1.0
    """
    one, two = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    size = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / size if size > 0 else 0.0


def crossfaded(first: Block, second: Block) -> Block:
    """Return a constant-power cross-fade from `first` to `second`, both frames × channels.

    Sine and cosine gains keep the power of uncorrelated sounds. The sum of correlated sounds would be up to 3 dB
    louder, so the sum is divided by the gain that the correlation causes (M. Fink, M. Holters, U. Zölzer,
    "Signal-matched power-complementary cross-fading and dry-wet mixing", DAFx 2016).

    >>> ones = np.ones((4, 2), np.float32)
    >>> crossfaded(ones, ones)[:, 0], crossfaded(ones, 0 * ones)[:, 0].round(2)
    (array([1., 1., 1., 1.], dtype=float32), array([0.98, 0.83, 0.56, 0.2 ], dtype=float32))
    """
    angle = (np.arange(len(first)) + 0.5) / max(1, len(first)) * np.pi / 2
    down, up = np.cos(angle), np.sin(angle)
    alike = min(1.0, max(-0.5, likeness(first, second)))  # below -0.5, the division would amplify noise
    even = 1 / np.sqrt(1 + 2 * alike * down * up)
    mixed: Block = (first * (down * even)[:, None] + second * (up * even)[:, None]).astype(np.float32)
    return mixed


def closed(blocks: Iterable[Block], fade: int, frames: int) -> Iterator[Block]:
    """Yield a loop of `frames` frames whose end continues into its start.

    Args:
        blocks: the `fade` frames before the loop, then the loop itself; frames × channels.
        fade: number of frames at the loop's end that are cross-faded with the frames before the loop; at most `frames`.
        frames: length of the loop.

    >>> ramp = np.arange(12, dtype=np.float32)[:, None] % 8  # 4 frames of lead-in, then a loop of 8
    >>> sum(len(block) for block in closed([ramp], 4, 8))
    8
    """
    lead: list[Block] = []
    end: list[Block] = []
    position = -fade
    for part in blocks:
        _keep(lead, part, position, -fade, 0)
        _keep(end, part, position, frames - fade, frames)
        body = between(part, position, 0, frames - fade)
        if len(body):
            yield body
        position += len(part)
    if fade:
        yield crossfaded(np.concatenate(end), np.concatenate(lead))


def joined(parts: Iterable[Iterable[Block]], fade: int) -> Iterator[Block]:
    """Yield several streams (frames × channels) as one, with a cross-fade from each stream to the next.

    Args:
        parts: the streams, each at least twice as long as the fade.
        fade: length of a cross-fade, frames.

    >>> ones = np.ones((6, 2), np.float32)
    >>> sum(len(block) for block in joined([[ones], [ones]], fade=2))
    10
    """
    end: Block | None = None  # last frames of the previous stream
    for part in parts:
        held: list[Block] = []
        count = 0
        for piece in part:
            held.append(piece)
            count += len(piece)
            if end is not None and count >= fade:
                whole = np.concatenate(held)
                held, end = [crossfaded(end, whole[:fade]), whole[fade:]], None
            if end is None and count > fade:
                whole = np.concatenate(held)
                yield whole[: len(whole) - fade]
                held, count = [whole[len(whole) - fade :]], fade
        end = np.concatenate(held)
    if end is not None:
        yield end


def measure(sound: Block, at: int, width: int, rate: int) -> Measured:
    """Compare a join with all other moments of the music around it.

    Args:
        sound: frames × channels, a few seconds on both sides of the join.
        at: frame in the middle of the join.
        width: length of the join in frames; 0 if the join is a cut between two samples.
        rate: Hz.

    >>> music = 0.1 * np.random.default_rng(1).standard_normal((48000, 2)).astype(np.float32)
    >>> music[24000:] *= 4  # 12 dB
    >>> round(measure(music, 24000, 0, 48000).step_db)
    12
    """
    first, last = at - width // 2, at + (width + 1) // 2
    level = max(1, min(round(LEVEL * rate), first // 2, (len(sound) - last) // 2))
    steps = _steps(sound, level, last - first)
    own = min(max(0, first - level), len(steps) - 1)
    changes, hop, size = _changes(sound, rate)
    inner = slice(max(0, (first - size) // hop), last // hop + 1)
    jumps = np.abs(np.diff(sound, axis=0)).max(axis=1)
    near = slice(max(0, first - CLICK), last + CLICK)
    return Measured(
        float(steps[own]),
        _rank(np.abs(steps), slice(own, own + 1), level + last - first),
        _rank(changes, inner, size // hop),
        _rank(jumps, near, 0),
    )


def _steps(sound: Block, level: int, width: int) -> Values:
    """Return the level change in dB across each run of `width` frames.

    The levels before and after a run are means over `level` frames. For value i, the first mean starts at frame i.
    """
    power = np.concatenate(([0.0], np.cumsum((sound.astype(np.float64) ** 2).mean(axis=1))))
    mean = (power[level:] - power[:-level]) / level
    floor = FLOOR**2 * max(float(power[-1]) / max(1, len(sound)), 1e-12)
    decibels = 10 * np.log10(mean + floor)
    apart = level + width
    rise: Values = decibels[apart:] - decibels[: len(decibels) - apart]
    return rise


def _changes(sound: Block, rate: int) -> tuple[Values, int, int]:
    """Return the spectral flux from window to window, and the hop and the window size, both in frames."""
    size = 1 << max(5, round(np.log2(WINDOW * rate)))
    hop = size // 4
    count = max(2, (len(sound) - size) // hop + 1)
    padded = np.pad(sound, ((0, max(0, (count - 1) * hop + size - len(sound))), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)[::hop][:count]  # windows × channels × size
    shape = np.hanning(size).astype(np.float32)
    heights = np.stack([np.sqrt((np.abs(np.fft.rfft(one * shape)) ** 2).sum(axis=0)) for one in windows])
    loudest = max(float(np.quantile(heights.max(axis=1), 0.98)), 1e-9)
    compressed = np.log1p(heights * (COMPRESSION / loudest))
    rise: Values = np.maximum(np.diff(compressed, axis=0), 0.0).sum(axis=1)
    return rise, hop, size


def _rank(values: Values, own: slice, apart: int) -> float:
    """Return the fraction of moments whose maximum is below the maximum of the join.

    A moment is a run of as many values as the join has. Moments that overlap the join or are less than `apart`
    values away from it are left out.
    """
    start, stop = own.start, min(own.stop, len(values))
    count = max(1, stop - start)
    highest = float(values[start:stop].max()) if stop > start else 0.0
    others = np.concatenate((_highest(values[: max(0, start - apart)], count), _highest(values[stop + apart :], count)))
    return float(np.mean(others < highest)) if len(others) else 0.0


def _highest(values: Values, count: int) -> Values:
    """Return the maximum of each run of `count` values; runs overlap by half."""
    if len(values) < count:
        return np.zeros(0)
    runs = np.lib.stride_tricks.sliding_window_view(values, count)[:: max(1, count // 2)]
    highest: Values = runs.max(axis=1)
    return highest
