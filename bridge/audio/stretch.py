"""Other speed at the same pitch and other pitch at the same speed, by Signalsmith Stretch where it is installed.

The render task uses it for `preserve_pitch`, `pitch` and `straighten`. The library stretches a piece at one speed and
as a whole, so a long clip, or one whose speed changes, goes through in pieces that overlap a little and are
cross-faded; the cuts do not depend on the blocks.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import NamedTuple

import numpy as np
import soxr

from bridge.audio.block import Block

PIECE = 45.0  # s of source per piece: about 90 MB at 48 kHz while it is stretched; most clips are one piece
CONTEXT = 0.2  # s of source before and after a piece, longer than the library's window
FADE = 0.02  # s of cross-fade between two pieces
SEED = 1  # of the library's phases, so that the same clip renders the same


class Part(NamedTuple):
    """A stretch of the source that plays at one speed."""

    frames: int  # of source
    speed: float  # source seconds per second; 2 is twice as fast
    semitones: float  # shift of the pitch


def available() -> bool:
    """Tell whether the library is installed."""
    return importlib.util.find_spec("python_stretch") is not None


def stretched(blocks: Iterable[Block], rate: int, speed: float, semitones: float) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another speed and pitch; its length is that of the stream / speed.

    Args:
        blocks: stereo, float32.
        rate: Hz.
        speed: source seconds per second; 2 is twice as fast.
        semitones: shift of the pitch. Without the library it is not shifted, and follows the speed; see `available`.
    """
    return _pieced(blocks, rate, repeat(Part(round(PIECE * rate), speed, semitones)))


def straightened(
    blocks: Iterable[Block], rate: int, line: Sequence[tuple[float, float]], semitones: float, *, keep_pitch: bool
) -> Iterator[Block]:
    """Yield the stream (frames × 2) so that each moment of the source lies where a line puts it.

    Args:
        blocks: stereo, float32, from the line's first source second on.
        rate: Hz.
        line: (second of the source, second of the result), both rising; the last piece's speed goes on behind it.
        semitones: shift of the pitch.
        keep_pitch: whether the pitch stays when the speed changes. Without the library it follows the speed.
    """
    return _pieced(blocks, rate, _parts(rate, line, semitones, keep_pitch))


def _parts(rate: int, line: Sequence[tuple[float, float]], semitones: float, keep_pitch: bool) -> Iterator[Part]:
    """Yield the line's straight pieces, none longer than PIECE; the last one without an end."""
    size, done, part = round(PIECE * rate), 0, Part(0, 1.0, semitones)
    for (source, result), (source_next, result_next) in pairwise(line):
        speed = (source_next - source) / (result_next - result)
        part = Part(size, speed, semitones + (0.0 if keep_pitch else 12.0 * math.log2(speed)))
        end = round((source_next - line[0][0]) * rate)
        while done < end:
            frames = min(size, end - done)
            yield part._replace(frames=frames)
            done += frames
    yield from repeat(part)


def _pieced(blocks: Iterable[Block], rate: int, parts: Iterator[Part]) -> Iterator[Block]:
    overlap, fade = round(CONTEXT * rate), round(FADE * rate)
    before: Block | None = None  # what the last piece goes on with, under the cross-fade
    at = 0.0  # where the piece begins in the result, in frames
    for part, piece in _pieces(blocks, parts, overlap):
        base = round(at - overlap / part.speed)
        first, end = round(at) - base, round(at + part.frames / part.speed) - base
        out = _process(piece, rate, part)
        at += part.frames / part.speed
        sound = out[first:end]
        if before is not None:
            ramp = np.linspace(0.0, 1.0, min(fade, len(sound), len(before)), dtype=np.float32)[:, None]
            sound = sound.copy()
            sound[: len(ramp)] = sound[: len(ramp)] * ramp + before[: len(ramp)] * (1 - ramp)
        yield sound
        before = out[end : end + fade]


def _pieces(blocks: Iterable[Block], parts: Iterator[Part], overlap: int) -> Iterator[tuple[Part, Block]]:
    """Yield each part with its frames and `overlap` of them before and after, silence outside the stream."""
    outside = np.zeros((overlap, 2), np.float32)
    held, length, part = [outside], overlap, next(parts)
    for block in chain(blocks, (outside,)):
        held.append(block)
        length += len(block)
        while length > part.frames + 2 * overlap:
            joined = np.concatenate(held)
            yield part, joined[: part.frames + 2 * overlap]
            held, length, part = [joined[part.frames :]], length - part.frames, next(parts)
    if length > 2 * overlap:
        yield part._replace(frames=length - 2 * overlap), np.concatenate(held)


def _process(piece: Block, rate: int, part: Part) -> Block:
    """Change one piece (frames × 2) as a whole; the library takes its own latency out."""
    if not available():  # in time all the same, only at another pitch
        slower: Block = soxr.resample(np.ascontiguousarray(piece), part.speed, 1.0, quality="VHQ")
        return slower
    from python_stretch import Signalsmith  # an optional library, so only where it is used

    machine = Signalsmith.Stretch(SEED)
    machine.preset(2, float(rate))
    machine.timeFactor = part.speed
    if part.semitones:
        machine.setTransposeSemitones(part.semitones)
    result: Block = np.asarray(machine.process(np.ascontiguousarray(piece.T)), np.float32).T
    return result
