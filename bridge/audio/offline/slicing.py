"""Cuts audio at sixteenths and puts the slices together in another order, without a click at any edge.

`cuts.py` says which slice goes where in steps; here steps become frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from bridge.audio.offline.arrays import Audio, Curve, Frames, add_at, excerpt, fade_edges, fade_in

FADE = 0.004  # s of cross-fade, which ends where the slice begins, so that the attack stays whole


@dataclass(frozen=True, slots=True)
class Cell:
    """One slice in its new place, in sixteenths of a phrase."""

    at: int  # first step that it fills
    steps: int  # how many steps it fills
    source: int  # first step that it plays
    span: int  # how many steps it plays; another number than `steps` changes speed and pitch
    reverse: bool = False  # played backwards
    gain: float = 1.0  # factor


def assemble(audio: Audio, origin: int, rate: int, phrases: Sequence[tuple[Curve, Sequence[Cell]]]) -> Audio:
    """Play the cells of several phrases.

    Where two cells follow each other that also follow each other in the source, the cross-fade adds up to the source
    itself: cells that move nothing give back the audio, whatever their number.

    Args:
        audio: frames × 2, a section of the clip.
        origin: the section's first frame, counted in the clip.
        rate: Hz.
        phrases: times of the steps in s (from the clip's start, end included), and the cells.

    Returns:
        frames × 2, as long as the section; silence where no cell is.
    """
    fade = max(round(FADE * rate), 2)
    out = np.zeros_like(audio)
    faded = fade_edges(audio, fade)
    for times, cells in phrases:
        edges = np.round(times * rate).astype(np.int64) - origin
        for cell in cells:
            start, stop = int(edges[cell.at]), int(edges[cell.at + cell.steps])
            if stop > 0 and start < len(audio) and cell.gain:
                stays = cell.source == cell.at and cell.span == cell.steps and not cell.reverse
                add_at(out, start - fade, _slice(audio if stays else faded, edges, cell, fade))
    return out


def _slice(audio: Audio, edges: Frames, cell: Cell, fade: int) -> Audio:
    """Return a cell's sound with its fades; it begins `fade` frames before the cell does."""
    length = int(edges[cell.at + cell.steps] - edges[cell.at])
    start, stop = int(edges[cell.source]), int(edges[cell.source + cell.span])
    wanted = length + fade
    if cell.span != cell.steps:
        ratio = length / (stop - start)
        sound = soxr.resample(excerpt(audio, start - round(fade / ratio), stop), stop - start, length, quality="HQ")
        sound = excerpt(sound, 0, wanted)
    elif cell.reverse:
        sound = excerpt(audio, start, start + wanted)[::-1]
    else:
        # Played on past its end rather than squeezed where grid and slice differ by a frame.
        sound = excerpt(audio, start - fade, start + length)
    sound = sound * np.float32(cell.gain)
    rise = fade_in(fade)[:, None]
    edge = min(fade, len(sound) // 2)
    sound[:edge] *= rise[:edge]
    sound[len(sound) - edge :] *= rise[::-1][-edge:] if edge else 1.0
    return sound
