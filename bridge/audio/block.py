"""Blocks of samples, and helpers for streams of blocks.

Rendering and fitting pass iterators of blocks from step to step, so that an hour of audio takes no more memory than a
second of audio. The output does not depend on where a stream is divided into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Block: TypeAlias = npt.NDArray[np.float32]  # frames × channels

MOST = 1e6  # full scale 1.0; a float sample beyond this (+120 dBFS) is damaged data
FRAMES = 65536  # frames per block: 512 KiB of stereo, which stays in a core's cache


def silence(frames: int, channels: int, size: int = FRAMES) -> Iterator[Block]:
    """Yield `frames` frames of zeros in blocks of at most `size` frames × `channels`.

    >>> [block.shape for block in silence(5, channels=2, size=4)]
    [(4, 2), (1, 2)]
    """
    while frames > 0:
        part = min(frames, size)
        yield np.zeros((part, channels), np.float32)
        frames -= part


def sound_alone(block: Block) -> tuple[Block, int]:
    """Return the block with invalid samples (NaN, infinite, beyond MOST) set to zero, and the number of these samples.

    A dot product shows whether the block has invalid samples; this takes a third as long as testing each sample.

    >>> sound_alone(np.float32([[0.5, np.nan]]))
    (array([[0.5, 0. ]], dtype=float32), 1)
    """
    if np.vdot(block, block) < MOST**2:  # also false if a sample is NaN
        return block, 0
    wrong = ~(np.abs(block) <= MOST)
    count = int(wrong.sum())
    return (np.where(wrong, np.float32(0.0), block) if count else block), count


def exactly(blocks: Iterable[Block], frames: int, channels: int) -> Iterator[Block]:
    """Yield the first `frames` frames of a stream, padded with silence if the stream is shorter.

    >>> [len(block) for block in exactly([np.ones((3, 2), np.float32)], 5, channels=2)]
    [3, 2]
    """
    for block in blocks:
        if len(block) >= frames:
            yield block[:frames]
            return
        frames -= len(block)
        yield block
    yield from silence(frames, channels)


def between(block: Block, position: int, start: int, stop: int) -> Block:
    """Return the part of a block within start ≤ frame < stop; the block begins at frame `position` of its stream.

    >>> between(np.float32([[0], [1], [2]]), position=10, start=11, stop=20).tolist()
    [[1.0], [2.0]]
    """
    return block[max(0, start - position) : max(0, stop - position)]


def is_alike(block: Block) -> bool:
    """Return whether the first two channels of a block are equal.

    >>> is_alike(np.float32([[0.5, 0.5], [1, 1]])), is_alike(np.float32([[0.5, -0.5]]))
    (True, False)
    """
    return bool(np.array_equal(block[:, 0], block[:, 1]))


def mono(block: Block) -> npt.NDArray[np.float32]:
    """Return the mean of a block's channels, one value per frame.

    Channels are added one by one, since numpy takes ten times as long to average over such a short axis.

    >>> mono(np.float32([[0.5, 0.25], [1, -1]])).tolist()
    [0.375, 0.0]
    """
    total = block[:, 0].copy()
    for channel in range(1, block.shape[1]):
        total += block[:, channel]
    total /= np.float32(block.shape[1])
    return total


def heights(block: Block) -> npt.NDArray[np.float32]:
    """Return the highest absolute sample of each frame over all channels.

    >>> heights(np.float32([[0.5, -0.75], [0, 0.25]])).tolist()
    [0.75, 0.25]
    """
    highest = np.abs(block[:, 0])
    for channel in range(1, block.shape[1]):
        np.maximum(highest, np.abs(block[:, channel]), out=highest)
    return highest
