"""Stretches time and shifts pitch with the library Signalsmith Stretch, if the library is installed.

The `render` task uses this module for `preserve_pitch`, `pitch` and `straighten`. The library processes a piece of
audio in one call and at one speed. A clip that is long or changes its speed is therefore divided into overlapping
pieces, which are cross-faded. The division into pieces does not depend on the division into blocks.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import NamedTuple

import numpy as np

from bridge.audio.block import Block
from bridge.audio.resample import resample

PIECE = 45.0  # seconds of source per piece; stretching a piece takes 90 MB at 48 kHz; most clips are one piece
CONTEXT = 0.2  # seconds of source before and after a piece; longer than the library's window
FADE = 0.02  # s; cross-fade between two pieces
SEED = 1  # seed of the library's random phases, for reproducible output


class Part(NamedTuple):
    """A part of the source that plays at one speed."""

    frames: int  # length in the source, frames
    speed: float  # source seconds per result second; 2 is twice as fast
    semitones: float  # pitch shift


def available() -> bool:
    """Return whether Signalsmith Stretch is installed.

    >>> available() in (True, False)
    True
    """
    return importlib.util.find_spec("python_stretch") is not None


def stretched(blocks: Iterable[Block], rate: int, speed: float, semitones: float) -> Iterator[Block]:
    """Yield the stream (frames × 2) at another speed and pitch; the length is divided by `speed`.

    Args:
        blocks: stereo, float32.
        rate: Hz.
        speed: source seconds per result second; 2 is twice as fast.
        semitones: pitch shift. Without the library (see `available`), it is ignored and the pitch follows the speed.

    >>> sum(len(block) for block in stretched([np.zeros((48000, 2), np.float32)], 48000, speed=2.0, semitones=0))
    24000
    """
    return _pieced(blocks, rate, repeat(Part(round(PIECE * rate), speed, semitones)))


def straightened(
    blocks: Iterable[Block], rate: int, line: Sequence[tuple[float, float]], semitones: float, *, keep_pitch: bool
) -> Iterator[Block]:
    """Yield the stream (frames × 2) stretched along a line from source time to result time.

    Args:
        blocks: stereo, float32, starting at the line's first source time.
        rate: Hz.
        line: pairs (source time, result time) in seconds, both ascending; the last speed continues after the last pair.
        semitones: pitch shift.
        keep_pitch: whether the pitch stays the same when the speed changes. Without the library (see `available`),
            the pitch follows the speed.

    >>> line = [(0.0, 0.0), (0.5, 1.0), (1.0, 1.25)]  # half speed, then double speed
    >>> blocks = straightened([np.zeros((48000, 2), np.float32)], 48000, line, 0.0, keep_pitch=True)
    >>> sum(len(block) for block in blocks)  # 1.25 s
    60000
    """
    return _pieced(blocks, rate, _parts(rate, line, semitones, keep_pitch))


def _parts(rate: int, line: Sequence[tuple[float, float]], semitones: float, keep_pitch: bool) -> Iterator[Part]:
    """Yield parts of the line with one speed each, at most PIECE long; the last part is repeated without end."""
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
    before: Block | None = None  # sound after the end of the previous piece, for the cross-fade
    at = 0.0  # first frame of the piece in the result
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
    """Yield each part with its frames and `overlap` frames on each side; frames outside the stream are silent."""
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
    """Stretch and shift one piece (frames × 2); the library compensates for its own latency."""
    if not available():  # resampling gives the right length, but changes the pitch
        return resample(piece, part.speed, 1.0, "VHQ")
    from python_stretch import Signalsmith  # optional

    machine = Signalsmith.Stretch(SEED)
    machine.preset(2, float(rate))
    machine.timeFactor = part.speed
    if part.semitones:
        machine.setTransposeSemitones(part.semitones)
    result: Block = np.asarray(machine.process(np.ascontiguousarray(piece.T)), np.float32).T
    return result
