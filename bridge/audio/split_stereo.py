"""Reads two mono files as one stereo file, since Ardour and other DAWs store stereo recordings as two mono files.

If a clip's source names a second file, the `render` task reads both files through a `Pair`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bridge.audio.block import FRAMES, Block
from bridge.audio.files import Info, Reader, Unreadable, shown


class Pair:
    """Two open files whose first channels are read as left and right."""

    def __init__(self, left: Reader, right: Reader) -> None:
        """Combine two files.

        Args:
            left: file for the left channel.
            right: file for the right channel, with the same sample rate.

        Raises:
            Unreadable: the sample rates differ.
        """
        self._sides = (left, right)
        if left.info.sample_rate != right.info.sample_rate:
            raise Unreadable(f"{shown(left.path)} and {shown(right.path)} have different sample rates.")
        shorter = min(left.info, right.info, key=lambda info: info.frames)
        ending = shorter.ending or left.info.ending or right.info.ending
        self.info: Info = replace(left.info, channels=2, frames=shorter.frames, ending=ending)

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start` in blocks of frames × 2, float32.

        Raises:
            CutShort, Unreadable: as in `files.Reader.blocks`.
        """
        left, right = (side.blocks(start, frames, size) for side in self._sides)
        for one, other in zip(left, right, strict=True):
            yield np.stack([one[:, 0], other[:, 0]], axis=1)

    def check_unchanged(self) -> None:
        """Raise `Changed` if either file was rewritten since it was opened."""
        for side in self._sides:
            side.check_unchanged()
