"""Two recordings of the same music played in step: a switch goes over to the other at the same place, without a click.

The playing process (audition/process.py) reads blocks from the `Deck` and switches sides meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

FADE = 0.010  # s from one side to the other, and to silence at a stop: long against a click, short against a note

Opened = Callable[[], Iterable[Block]]  # one pass through a side: stereo, float32


class Deck:
    """Sides of equal rate and length, of which one is heard."""

    def __init__(self, sides: Sequence[Opened], rate: int, frames: int, *, heard: int = 0, loop: bool = False) -> None:
        """Lay the sides on.

        Args:
            sides: each opens its stream (frames × 2) from the start; all are `frames` frames long.
            rate: Hz.
            frames: of one pass.
            heard: index of the side that is heard first.
            loop: whether the end goes over into the start, sample after sample, as a loop does in a DAW.
        """
        self.heard = heard
        self.loop = loop
        self._sides = tuple(sides)
        self._frames = frames
        self._step = 1.0 / max(1, round(FADE * rate))
        self._places = np.array([float(index == heard) for index in range(len(sides))])  # 0 silent … 1 heard

    def blocks(self, size: int, stopped: threading.Event) -> Iterator[Block]:
        """Yield what is heard, in blocks of `size` frames, until the end or a short while after `stopped`.

        Between two blocks `heard` and `loop` may be set; the next block follows.
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
        """Return the sum of the sides, each on its way to be heard or not."""
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
        """Return a side's gains over a block; raised cosines, so that two sides' add up to one all the way."""
        start = self._places[index]
        way = np.arange(1, frames + 1) * self._step
        places = np.minimum(goal, start + way) if goal > start else np.maximum(goal, start - way)
        self._places[index] = places[-1]
        gains: npt.NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * places)).astype(np.float32)
        return gains


def even(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Yield a stream (frames × channels) in blocks of `size` frames, the last one shorter."""
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
