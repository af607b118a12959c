"""Plays two recordings of the same music in sync and switches between them without a click.

The player process (audition/process.py) reads blocks from the `Deck` and switches between its sides (the recordings)
during playback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

FADE = 0.010  # s; length of the cross-fade between sides and of the fade-out at a stop

Opened = Callable[[], Iterable[Block]]  # opens a side at its start and returns its blocks (stereo, float32)


class Deck:
    """A player for several sides of the same rate and length; one side is heard at a time."""

    def __init__(self, sides: Sequence[Opened], rate: int, frames: int, *, heard: int = 0, loop: bool = False) -> None:
        """Load the sides.

        Args:
            sides: one function per side, which opens the side's stream (frames × 2) at its start.
            rate: Hz.
            frames: length of each side.
            heard: index of the side to play first.
            loop: whether playback continues from the end to the start without a gap, as a loop does in a DAW.
        """
        self.heard = heard
        self.loop = loop
        self._sides = tuple(sides)
        self._frames = frames
        self._step = 1.0 / max(1, round(FADE * rate))
        self._places = np.array([float(index == heard) for index in range(len(sides))])  # 0 is silent, 1 is full level

    def blocks(self, size: int, stopped: threading.Event) -> Iterator[Block]:
        """Yield blocks of `size` frames until the end or, after `stopped` is set, until the fade-out ends.

        `heard` and `loop` may be set at any time and take effect at the next block.
        """
        while True:
            for parts in zip(*(even(side(), size) for side in self._sides), strict=True):
                ending = stopped.is_set()
                yield self._mixed(parts, silent=ending)
                if ending and not self._places.any():
                    return
            if not self.loop or self._frames == 0:
                return

    def _mixed(self, parts: Sequence[Block], *, silent: bool) -> Block:
        """Return the sum of the sides, each faded towards its target gain."""
        out: Block = np.zeros_like(parts[0])
        for index, part in enumerate(parts):
            goal = 0.0 if silent or index != self.heard else 1.0
            if self._places[index] == goal:
                if goal:
                    out += part
                continue
            out += part * self._ramp(index, goal, len(part))[:, None]
        return out

    def _ramp(self, index: int, goal: float, frames: int) -> npt.NDArray[np.float32]:
        """Return a side's gain per frame: a raised cosine, so that the gains of two sides always add up to 1."""
        start = self._places[index]
        way = np.arange(1, frames + 1) * self._step
        places = np.minimum(goal, start + way) if goal > start else np.maximum(goal, start - way)
        self._places[index] = places[-1]
        gains: npt.NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * places)).astype(np.float32)
        return gains


def even(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Yield a stream (frames × channels) in blocks of `size` frames; the last block may be shorter.

    >>> [len(block) for block in even([np.zeros((5, 2), np.float32)] * 2, 4)]
    [4, 4, 2]
    """
    kept: list[Block] = []
    there = 0
    for block in blocks:
        kept.append(block)
        there += len(block)
        if there < size:
            continue
        joined = np.concatenate(kept) if len(kept) > 1 else block
        whole = there - there % size
        for start in range(0, whole, size):
            yield joined[start : start + size]
        kept, there = [joined[whole:]], there - whole
    if there:
        yield np.concatenate(kept)
