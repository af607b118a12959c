"""Converts any number of channels to stereo: channel selection, down-mix, pan and polarity.

The `render` task passes every block of the source through `to_stereo`, the tasks `fit` and `join` every block of the
result. A mono clip has two equal channels until its result is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

MODES = ("normal", "left", "right", "downmix", "swap")

_C = math.sqrt(0.5)  # gain of centre and surrounds, -3 dB: ITU-R BS.775-4, table 2
# By number of source channels: one row per output channel, one column per source channel in the order of
# WAVE_FORMAT_EXTENSIBLE. As in BS.775, the LFE is left out.
_LAYOUTS = {
    3: ((1, 0, _C), (0, 1, _C)),
    4: ((1, 0, _C, 0), (0, 1, 0, _C)),
    5: ((1, 0, _C, _C, 0), (0, 1, _C, 0, _C)),
    6: ((1, 0, _C, 0, _C, 0), (0, 1, _C, 0, 0, _C)),
    7: ((1, 0, _C, 0, 0.5, _C, 0), (0, 1, _C, 0, 0.5, 0, _C)),
    8: ((1, 0, _C, 0, _C, 0, _C, 0), (0, 1, _C, 0, 0, _C, 0, _C)),
}


def mix(channels: int, mode: str, pan: float | None, polarity: bool) -> npt.NDArray[np.float32]:
    """Return the mixing matrix (2 × channels).

    `pan` is a balance control: it lowers the opposite side to 1 − |pan|. In the centre, both sides have unity gain.

    >>> mix(2, "normal", pan=0.5, polarity=False).tolist()
    [[0.5, 0.0], [0.0, 1.0]]

    Args:
        channels: number of source channels.
        mode: one of MODES; "left" puts the first channel on both sides, "right" puts the second channel on both sides.
        pan: -1 (left) to 1 (right); None is 0.
        polarity: whether the signal is inverted.

    Raises:
        ValueError: `mode` is not one of MODES.
    """
    first, second = np.eye(max(2, channels), dtype=np.float32)[:2, :channels]
    if channels == 1:
        second = first
    elif channels > 2:
        first, second = _folded(channels)
    choice = {
        "normal": (first, second),
        "left": (np.eye(1, channels, dtype=np.float32)[0],) * 2,
        "right": (np.eye(1, channels, min(1, channels - 1), dtype=np.float32)[0],) * 2,
        "downmix": ((first + second) / 2,) * 2,
        "swap": (second, first),
    }
    if mode not in choice:
        raise ValueError(f"channels is {mode!r}; it must be one of {', '.join(MODES)}.")
    balance = pan or 0.0
    gains = np.array([min(1.0, 1.0 - balance), min(1.0, 1.0 + balance)], np.float32)
    matrix: npt.NDArray[np.float32] = np.stack(choice[mode]) * gains[:, None] * np.float32(-1.0 if polarity else 1.0)
    return matrix


def _folded(channels: int) -> npt.NDArray[np.float32]:
    """Return the two matrix rows for more than two channels.

    If there are more than 8 channels, odd channels go left and even channels go right, counted from 1.
    """
    if channels in _LAYOUTS:
        return np.array(_LAYOUTS[channels], np.float32)
    rows = np.zeros((2, channels), np.float32)
    rows[0, 0::2] = 1.0 / len(rows[0, 0::2])
    rows[1, 1::2] = 1.0 / len(rows[1, 1::2])
    return rows


def is_identity(matrix: npt.NDArray[np.float32]) -> bool:
    """Return whether the matrix copies one source channel to each side unchanged.

    >>> is_identity(mix(1, "normal", None, False)), is_identity(mix(6, "normal", None, False))
    (True, False)
    """
    return bool(np.all((matrix == 0) | (matrix == 1)) and np.all(matrix.sum(axis=1) == 1))


def is_mono(matrix: npt.NDArray[np.float32]) -> bool:
    """Return whether both sides get the same signal.

    >>> [is_mono(mix(1, "normal", pan, False)) for pan in (None, 0.0, 0.5)], is_mono(mix(2, "left", None, False))
    ([True, True, False], True)
    """
    return bool(np.array_equal(matrix[0], matrix[1]))


def to_stereo(blocks: Iterable[Block], matrix: npt.NDArray[np.float32]) -> Iterator[Block]:
    """Yield each block (frames × channels) as stereo (frames × 2).

    Channels are added one by one, since the rounding of a matrix product depends on the length of the block.

    >>> [block.tolist() for block in to_stereo([np.float32([[0.5, 0.25]])], mix(2, "swap", None, False))]
    [[[0.25, 0.5]]]
    """
    straight = matrix.shape[1] == 2 and np.array_equal(matrix, np.eye(2, dtype=np.float32))
    for block in blocks:
        if straight:
            yield block
            continue
        mixed = np.zeros((len(block), 2), np.float32)
        for side, source in zip(*np.nonzero(matrix), strict=True):
            mixed[:, side] += block[:, source] * matrix[side, source]
        yield mixed
