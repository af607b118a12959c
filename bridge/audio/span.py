"""A source as a DAW plays it: a section of a file, optionally reversed or looped, surrounded by silence.

The `render` task reads the clip from a `Played`, which reads the file. If the model needs more music than the source
has, the task reads the `Played` through a `Repeated`. Frames are counted from the start of the section in playing
direction: in reverse, frame 0 is the last frame of the section.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bridge.audio.block import FRAMES, Block, silence

Read = Callable[[int, int, int], Iterator[Block]]  # arguments: first frame, number of frames, frames per block


@dataclass(frozen=True, slots=True)
class Played:
    """A section of a file as the DAW plays it."""

    read: Read  # function that reads the file
    channels: int  # number of channels in the file
    first: int  # the section's first frame in the file
    frames: int  # length of the section, at least 1
    reverse: bool = False  # whether the section plays backwards
    loop: bool = False  # whether the section repeats without end in both directions

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start`, which may be negative; frames outside the section are silent."""
        if self.loop:
            yield from self._looped(start, frames, size)
            return
        before = min(frames, max(0, -start))
        yield from silence(before, self.channels, size)
        there = max(0, min(start + frames, self.frames) - max(start, 0))
        if there:
            yield from self._once(max(start, 0), there, size)
        yield from silence(frames - before - there, self.channels, size)

    def missing(self, start: int, frames: int) -> int:
        """Return how many of the `frames` frames from frame `start` are outside the section and therefore silent."""
        if self.loop:
            return 0
        return frames - max(0, min(start + frames, self.frames) - max(start, 0))

    def last(self, start: int, frames: int) -> int:
        """Return the position in the file after the last frame that `blocks` reads for the same arguments."""
        if self.loop:
            start %= self.frames
        first, stop = max(0, start), min(start + frames, self.frames)
        if self.loop and start + frames > self.frames:
            first = 0
        return self.first + (self.frames - first if self.reverse else stop)

    def _once(self, start: int, frames: int, size: int) -> Iterator[Block]:
        """Yield frames that all lie within one pass of the section."""
        if not self.reverse:
            yield from self.read(self.first + start, frames, size)
            return
        end = self.first + self.frames - start
        for done in range(0, frames, size):
            part = min(size, frames - done)
            (block,) = self.read(end - done - part, part, part)
            yield block[::-1]

    def _looped(self, start: int, frames: int, size: int) -> Iterator[Block]:
        """Yield pass after pass of the loop.

        A loop that fits into a block is read only once, to avoid a million reads per hour of audio.
        """
        if self.frames <= size:
            once = np.concatenate(list(self._once(0, self.frames, size)))
            for done in range(0, frames, size):
                part = min(size, frames - done)
                yield once[(start + done + np.arange(part)) % self.frames]
            return
        while frames > 0:
            place = start % self.frames
            part = min(frames, self.frames - place)
            yield from self._once(place, part, size)
            start += part
            frames -= part


@dataclass(frozen=True, slots=True)
class Repeated:
    """A part of a source, extended before its start and after its end by repeats of complete bars."""

    played: Played  # the source
    first: int  # first frame of the part
    stop: int  # frame after the last frame of the part
    period: int  # length of a repeat in frames: complete bars, at least 1 frame, at most the part's length

    @property
    def channels(self) -> int:
        """Return the number of channels in the source."""
        return self.played.channels

    def missing(self, start: int, frames: int) -> int:
        """Return how many of the `frames` frames from frame `start` are silent; all must be frames of the part."""
        return self.played.missing(start, frames)

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start`, which may be any integer."""
        while frames > 0:
            if start < self.first:
                place = self.first + (start - self.first) % self.period
                part = min(frames, self.first + self.period - place)
            elif start < self.stop:
                place, part = start, min(frames, self.stop - start)
            else:
                place = self.stop - self.period + (start - self.stop) % self.period
                part = min(frames, self.stop - place)
            yield from self.played.blocks(place, part, size)
            start += part
            frames -= part
