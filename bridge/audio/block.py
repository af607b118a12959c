"""What flows through bridge.audio: blocks of samples, and the helpers that cut a stream of them to measure.

Every stage of rendering and fitting takes an iterator of blocks and gives one, so that an hour needs no more memory
than a second. Nothing depends on where the cuts between the blocks are: blocks equal one piece bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Block: TypeAlias = npt.NDArray[np.float32]  # frames × channels

MOST = 1e6  # full scales, 120 dB over what a file can play: beyond it a float is damage and no sound
FRAMES = 65536  # frames per block: 512 KiB of stereo, which stays in a core's cache


def silence(frames: int, channels: int, size: int = FRAMES) -> Iterator[Block]:
    """Yield `frames` frames of zeros."""
    while frames > 0:
        part = min(frames, size)
        yield np.zeros((part, channels), np.float32)
        frames -= part


def sound_alone(block: Block) -> tuple[Block, int]:
    """Return the block with zeros for what is no sound (not a number, infinite, beyond MOST), and how many those were.

    One product over the block tells whether there is anything to look for, at a third of the cost of looking.
    """
    if np.vdot(block, block) < MOST**2:  # false for NaN as well
        return block, 0
    wrong = ~(np.abs(block) <= MOST)
    count = int(wrong.sum())
    return (np.where(wrong, np.float32(0.0), block) if count else block), count


def exactly(blocks: Iterable[Block], frames: int, channels: int) -> Iterator[Block]:
    """Yield the first `frames` frames of the stream, with silence after its end where it is shorter."""
    for block in blocks:
        if len(block) >= frames:
            yield block[:frames]
            return
        frames -= len(block)
        yield block
    yield from silence(frames, channels)


def between(block: Block, position: int, start: int, stop: int) -> Block:
    """Return the part of a block, which begins at `position` in its stream, that lies in start ≤ frame < stop."""
    return block[max(0, start - position) : max(0, stop - position)]


def mono(block: Block) -> npt.NDArray[np.float32]:
    """Return the mean of a block's channels, frame by frame.

    Channel by channel, as in `heights`: numpy takes ten times as long to reduce an axis of two samples.
    """
    total = block[:, 0].copy()
    for channel in range(1, block.shape[1]):
        total += block[:, channel]
    total /= np.float32(block.shape[1])
    return total


def heights(block: Block) -> npt.NDArray[np.float32]:
    """Return the highest absolute sample of each frame of a block."""
    highest = np.abs(block[:, 0])
    for channel in range(1, block.shape[1]):
        np.maximum(highest, np.abs(block[:, channel]), out=highest)
    return highest
