"""The beat grid to which everything is aligned: the DAW's grid if it is known, otherwise the grid found in the clip.

Cuts, grooves, sweeps and echoes take their times from the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Curve

STEPS_PER_BEAT = 4  # sixteenths
PHRASE_BARS = 4  # bars per phrase; a phrase ends with a fill or a cut


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    index: int  # 0 is the first bar that starts in the clip
    steps: tuple[float, ...]  # times of the bar's sixteenths and of its end, s

    @property
    def start(self) -> float:
        """Return the time of the bar line, s."""
        return self.steps[0]

    @property
    def end(self) -> float:
        """Return the time of the next bar line, s."""
        return self.steps[-1]

    @property
    def beats(self) -> int:
        """Return the number of beats."""
        return (len(self.steps) - 1) // STEPS_PER_BEAT


@dataclass(frozen=True, slots=True)
class Phrase:
    """Four bars that are arranged together."""

    index: int  # 0 is the phrase that starts with bar 0
    bars: tuple[Bar, ...]  # in order

    @property
    def start(self) -> float:
        """Return the time of the first bar line, s."""
        return self.bars[0].start

    @property
    def end(self) -> float:
        """Return the time of the bar line at the end, s."""
        return self.bars[-1].end

    @property
    def steps(self) -> Curve:
        """Return the times of all sixteenths and of the end, s."""
        return np.array([time for bar in self.bars for time in bar.steps[:-1]] + [self.end])


@dataclass(frozen=True, slots=True)
class Grid:
    """The beats and bars of a clip, and of at least one phrase before and after it."""

    beats: tuple[float, ...]  # times of the beats, s from the first frame, ascending
    bars: tuple[int, ...]  # beat index of each bar line, ascending; the last bar line ends the grid
    zero: int  # index of bar 0 in `bars`

    @property
    def tempo(self) -> float:
        """Return the mean tempo, BPM."""
        return 60.0 * (len(self.beats) - 1) / (self.beats[-1] - self.beats[0])

    def phrases(self) -> tuple[Phrase, ...]:
        """Return all complete phrases."""
        beats = np.array(self.beats)
        found: dict[int, list[Bar]] = {}
        for number in range(len(self.bars) - 1):
            first, last = self.bars[number], self.bars[number + 1]
            positions = np.arange(first * STEPS_PER_BEAT, last * STEPS_PER_BEAT + 1) / STEPS_PER_BEAT
            times = np.interp(positions, np.arange(len(beats)), beats)
            bar = Bar(number - self.zero, tuple(float(time) for time in times))
            found.setdefault(bar.index // PHRASE_BARS, []).append(bar)
        return tuple(Phrase(index, tuple(bars)) for index, bars in sorted(found.items()) if len(bars) == PHRASE_BARS)

    def bar_positions(self, times: Curve) -> Curve:
        """Convert times (s) to positions in bars; 0 is the start of bar 0."""
        lines = np.array([self.beats[index] for index in self.bars])
        return np.interp(times, lines, np.arange(len(lines)) - self.zero)


def _clean(beats: tuple[float, ...], downbeats: tuple[int, ...]) -> tuple[Curve, list[int]]:
    """Return the beats that are valid and not repeated, and the indices of the downbeats among these beats."""
    kept: list[float] = []
    lines: list[int] = []
    marked = set(downbeats)
    for index, beat in enumerate(beats):
        if not np.isfinite(beat) or (kept and beat - kept[-1] < 0.05):
            continue
        if index in marked:
            lines.append(len(kept))
        kept.append(float(beat))
    return np.array(kept), lines


def build_grid(beats: tuple[float, ...], downbeats: tuple[int, ...], seconds: float) -> Grid:
    """Build a grid that covers the clip and at least one phrase before and after it.

    Before the first beat and after the last beat, the grid continues at the nearest tempo and with the most common bar
    length.

    Args:
        beats: seconds from the first frame, ascending; a beat less than 50 ms after the previous beat is dropped.
        downbeats: indices into `beats`; if empty, bars of 4 start at the first beat.
        seconds: length of the clip, s.

    Raises:
        ValueError: there are fewer than two valid beats.
    """
    times, lines = _clean(beats, downbeats)
    if len(times) < 2:
        raise ValueError("a grid needs two beats")
    lines = lines or [0]
    lengths = np.diff(lines)
    per_bar = int(np.bincount(lengths).argmax()) if len(lengths) else 4
    reach = PHRASE_BARS * per_bar
    before, after = times[1] - times[0], times[-1] - times[-2]
    # Add up to two more phrases than the clip needs, since phrases are counted from bar 0.
    add_before = int(np.ceil(max(times[0], 0.0) / before)) + 2 * reach
    add_after = int(np.ceil(max(seconds - times[-1], 0.0) / after)) + 3 * reach
    times = np.concatenate(
        (
            times[0] - before * np.arange(add_before, 0, -1),
            times,
            times[-1] + after * np.arange(1, add_after + 1),
        )
    )
    lines = [line + add_before for line in lines]
    bars = list(range(lines[0] % per_bar, lines[0], per_bar)) + lines
    bars += list(range(lines[-1] + per_bar, len(times), per_bar))
    # A bar line up to 10 ms before the clip belongs to the clip.
    zero = next((i for i, bar in enumerate(bars) if times[bar] > -0.01), 0)
    return Grid(tuple(float(time) for time in times), tuple(bars), zero)


def felt(grid: Grid, lowest: float, highest: float) -> Grid:
    """Double a tempo below a style's range, or halve a tempo above it, if the new tempo does not overshoot the range.

    Otherwise, the grid is not changed. For example, drum and bass over a song at 87 BPM plays at 174 BPM.

    Args:
        grid: grid at the tempo of the DAW or the clip.
        lowest: lowest tempo of the style, BPM.
        highest: highest tempo of the style, BPM.
    """
    tempo = grid.tempo
    if tempo < lowest and tempo * 2.0 <= highest:
        return _doubled(grid)
    if tempo > highest and tempo / 2.0 >= lowest:
        return _halved(grid)
    return grid


def _doubled(grid: Grid) -> Grid:
    """Add a beat between every two beats, and a bar line in the middle of each bar."""
    beats = np.interp(np.arange(2 * len(grid.beats) - 1) / 2.0, np.arange(len(grid.beats)), grid.beats)
    bars = [2 * grid.bars[0]]
    for first, last in zip(grid.bars, grid.bars[1:], strict=False):
        bars += [first + last, 2 * last]
    return Grid(tuple(float(beat) for beat in beats), tuple(bars), 2 * grid.zero)


def _halved(grid: Grid) -> Grid:
    """Keep every second beat and bar line, counted from bar 0; a grid with different bar lengths is not changed."""
    if len(set(np.diff(grid.bars).tolist())) > 1:
        return grid
    parity = grid.zero % 2
    lines = grid.bars[parity::2]
    beats = grid.beats[lines[0] :: 2]
    return Grid(beats, tuple((line - lines[0]) // 2 for line in lines), grid.zero // 2)
