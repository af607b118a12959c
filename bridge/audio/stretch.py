"""Other speed at the same pitch and other pitch at the same speed, by Signalsmith Stretch where it is installed.

The render task uses it for `preserve_pitch` and `pitch`. The library stretches a piece as a whole, so a long clip goes
through in pieces of fixed length that overlap a little and are cross-faded; the cuts do not depend on the blocks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from bridge.audio.block import Block

PIECE = 45.0  # s of source per piece: about 90 MB at 48 kHz while it is stretched; most clips are one piece
CONTEXT = 0.2  # s of source before and after a piece, longer than the library's window
FADE = 0.02  # s of cross-fade between two pieces
SEED = 1  # of the library's phases, so that the same clip renders the same


def available() -> bool:
    """Tell whether the library is installed."""
    return importlib.util.find_spec("python_stretch") is not None


def stretched(blocks: Iterable[Block], rate: int, speed: float, semitones: float) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another speed and pitch; its length is that of the stream / speed.

    Args:
        blocks: stereo, float32.
        rate: Hz.
        speed: source seconds per second; 2 is twice as fast.
        semitones: shift of the pitch.

    Raises:
        ImportError: the library is not installed; ask `available` first.
    """
    overlap, fade = round(CONTEXT * rate), round(FADE * rate)
    before: Block | None = None  # what the last piece goes on with, under the cross-fade
    for start, stop, piece in _pieces(blocks, round(PIECE * rate), overlap):
        base = round((start - overlap) / speed)
        first, end = round(start / speed) - base, round(stop / speed) - base
        out = _process(piece, rate, speed, semitones)
        part = out[first:end]
        if before is not None:
            ramp = np.linspace(0.0, 1.0, min(fade, len(part)), dtype=np.float32)[:, None]
            part = part.copy()
            part[: len(ramp)] = part[: len(ramp)] * ramp + before[: len(ramp)] * (1 - ramp)
        yield part
        before = out[end : end + fade]


def _pieces(blocks: Iterable[Block], size: int, overlap: int) -> Iterator[tuple[int, int, Block]]:
    """Yield (start, stop, frames start - overlap … stop + overlap) with silence outside the stream."""
    outside = np.zeros((overlap, 2), np.float32)
    held, length, start = [outside], overlap, 0
    for block in chain(blocks, (outside,)):
        held.append(block)
        length += len(block)
        while length > size + 2 * overlap:
            joined = np.concatenate(held)
            yield start, start + size, joined[: size + 2 * overlap]
            held, length, start = [joined[size:]], length - size, start + size
    if length > 2 * overlap:
        yield start, start + length - 2 * overlap, np.concatenate(held)


def _process(piece: Block, rate: int, speed: float, semitones: float) -> Block:
    """Stretch one piece (frames × 2) as a whole; the library takes its own latency out."""
    from python_stretch import Signalsmith  # an optional library, so only where it is used

    machine = Signalsmith.Stretch(SEED)
    machine.preset(2, float(rate))
    machine.timeFactor = speed
    if semitones:
        machine.setTransposeSemitones(semitones)
    result: Block = np.asarray(machine.process(np.ascontiguousarray(piece.T)), np.float32).T
    return result
