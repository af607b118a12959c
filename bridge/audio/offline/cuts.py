"""Cuts a phrase into slices and rearranges the slices, in steps of a sixteenth.

`families.py` chooses a cut from the table CUTS. Slices stay in their phrase, so that the harmony changes little and
a phrase can be processed without the rest of the clip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.slicing import Cell


@dataclass(frozen=True, slots=True)
class Material:
    """The input of a cut."""

    bars: tuple[int, ...]  # first step of each bar, then the length of the phrase in steps
    first: int  # first step within the clip
    last: int  # step after the last step within the clip
    depth: float  # 0..1; amount of rearrangement
    rng: np.random.Generator  # random generator for this phrase

    @property
    def length(self) -> int:
        """Return the length of the phrase in steps."""
        return self.bars[-1]

    def chance(self, share: float) -> bool:
        """Return True with a probability of `share` × depth."""
        return bool(self.rng.random() < share * self.depth)

    def holds(self, source: int, span: int) -> bool:
        """Return whether all `span` steps, starting at `source`, lie within the clip."""
        return self.first <= source and source + span <= self.last


Cut = Callable[[Material], list[Cell]]


def _still(at: int, steps: int, gain: float = 1.0) -> Cell:
    return Cell(at, steps, at, steps, gain=gain)


def _stutter(material: Material, at: int, steps: int) -> list[Cell]:
    """Fill a span with repeats of its first eighth or sixteenth."""
    grain = int(material.rng.choice([1, 2])) if steps >= 4 else 1
    if steps % grain or not material.holds(at, grain):
        return [_still(at, steps)]
    return [Cell(at + step, grain, at, grain) for step in range(0, steps, grain)]


def straight(material: Material) -> list[Cell]:
    """Keep the order; the last beat of the phrase sometimes stutters."""
    end = material.length - 4
    if end > 0 and material.chance(0.6):
        return [_still(0, end), *_stutter(material, end, 4)]
    return [_still(0, material.length)]


def loop(material: Material) -> list[Cell]:
    """Play the first two bars twice, as a sampler does, with a small variation at the end."""
    middle = material.bars[2]
    again = material.length - middle
    if again > middle or not material.holds(0, again) or not material.chance(0.9):
        return straight(material)
    turn = min(2, again)
    return [
        _still(0, middle),
        Cell(middle, again - turn, 0, again - turn),
        Cell(material.length - turn, turn, again - turn, turn, reverse=material.chance(0.5)),
    ]


def chop(material: Material) -> list[Cell]:
    """Replace eighths of the phrase by eighths from other bars, some repeated or reversed, like sampler pads."""
    cells: list[Cell] = []
    grain = 2
    at = 0
    while at < material.length:
        steps = min(grain, material.length - at)
        cells += _chopped(material, at, steps)
        at += steps
    return cells


def _chopped(material: Material, at: int, steps: int) -> list[Cell]:
    """Return the cells of one eighth of a chopped phrase."""
    last_bar = at >= material.bars[-2]
    if at >= material.length - 4 and material.chance(0.9):
        source = material.bars[-2]
        if material.holds(source, 1):
            return [Cell(at + step, 1, source, 1, gain=0.95) for step in range(steps)]
    if not material.chance(0.95 if last_bar else 0.8):
        return [_still(at, steps)]
    bar = int(material.rng.integers(0, len(material.bars) - 1))
    # The same position in another bar keeps strong beats strong; an offset of up to a beat adds variation.
    begin = max(start for start in material.bars[:-1] if start <= at)
    source = material.bars[bar] + (at - begin) + int(material.rng.choice([0, 0, 2, -2, 4]))
    if not material.holds(source, steps):
        return [_still(at, steps)]
    if material.chance(0.3) and steps == 2:
        return [Cell(at, 1, source, 1), Cell(at + 1, 1, source, 1, gain=0.8)]
    return [Cell(at, steps, source, steps, reverse=material.chance(0.15))]


def breaks(material: Material) -> list[Cell]:
    """Keep the first half of each bar, rearrange eighths in the second half, and stutter into the next phrase."""
    cells: list[Cell] = []
    for start, stop in zip(material.bars, material.bars[1:], strict=False):
        half = start + (stop - start) // 2
        cells.append(_still(start, half - start))
        at = half
        while at < stop:
            steps = min(2, stop - at)
            source = start + int(material.rng.choice([0, 2, 4]))
            moved = material.chance(0.55) and material.holds(source, steps)
            cells.append(Cell(at, steps, source, steps) if moved else _still(at, steps))
            at += steps
    if material.chance(0.7):
        cells = [cell for cell in cells if cell.at < material.length - 4]
        cells += _stutter(material, material.length - 4, 4)
    return cells


def half_speed(material: Material) -> list[Cell]:
    """Replace every pair of bars with its first bar at half speed, an octave lower.

    The last beat of the pair keeps full speed.
    """
    cells: list[Cell] = []
    for pair in range(0, len(material.bars) - 1, 2):
        start, stop = material.bars[pair], material.bars[min(pair + 2, len(material.bars) - 1)]
        length = stop - start - 4
        span = length // 2
        slow = length > 0 and length % 2 == 0 and material.holds(start, span) and material.chance(1.3)
        cells.append(Cell(start, length, start, span) if slow else _still(start, length))
        cells += _stutter(material, stop - 4, 4) if material.chance(0.4) else [_still(stop - 4, 4)]
    return cells


def off_beat(material: Material) -> list[Cell]:
    """Keep the clip on the off-beats and lower or mute it elsewhere, to make room for the echoes.

    The level elsewhere falls as the depth increases. The first 8 steps of the last bar are kept in full.
    """
    bed = max(0.0, 1.0 - 1.15 * material.depth)
    cells: list[Cell] = []
    for at in range(0, material.length, 2):
        steps = min(2, material.length - at)
        free = at >= material.bars[-2] and (at - material.bars[-2]) < 8
        struck = at % 4 == 2
        cells.append(_still(at, steps, 1.0 if free or struck else bed))
    return cells


CUTS: Mapping[str, Cut] = {
    "straight": straight,
    "loop": loop,
    "chop": chop,
    "breaks": breaks,
    "half speed": half_speed,
    "off-beat": off_beat,
}


def tiles(cells: list[Cell], length: int) -> bool:
    """Return whether cells fill a phrase of `length` steps without gaps or overlaps."""
    at = 0
    for cell in sorted(cells, key=lambda cell: cell.at):
        if cell.at != at or cell.steps <= 0:
            return False
        at += cell.steps
    return at == length
