"""Cuts audio at sixteenths and reassembles the slices in another order without clicks.

`cuts.py` arranges the slices in steps; this module converts steps to frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, Frames, add_at, excerpt, fade_edges, fade_in
from bridge.audio.resample import resample

FADE = 0.004  # s; cross-fade that ends at the start of the slice, to keep the attack


@dataclass(frozen=True, slots=True)
class Cell:
    """One slice at its new position; positions and lengths are in steps (sixteenths) of the phrase."""

    at: int  # first step in the remix
    steps: int  # length in the remix
    source: int  # first step in the clip
    span: int  # length in the clip; if it differs from `steps`, speed and pitch change
    reverse: bool = False  # whether the slice plays backwards
    gain: float = 1.0  # gain factor


def assemble(audio: Audio, origin: int, rate: int, phrases: Sequence[tuple[Curve, Sequence[Cell]]]) -> Audio:
    """Play the cells of several phrases.

    If two cells are adjacent in the source as well, their cross-fade adds up to the source. Cells that stay in place
    therefore return the audio unchanged.

    Args:
        audio: section of the clip, frames × 2.
        origin: frame of the clip at which the section starts.
        rate: Hz.
        phrases: for each phrase, the times of its steps and of its end (s from the start of the clip), and its cells.

    Returns:
        frames × 2, as long as the section; silent where there is no cell.
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
    """Return the faded sound of a cell; the sound starts `fade` frames before the cell."""
    length = int(edges[cell.at + cell.steps] - edges[cell.at])
    start, stop = int(edges[cell.source]), int(edges[cell.source + cell.span])
    wanted = length + fade
    if cell.span != cell.steps:
        ratio = length / (stop - start)
        sound = resample(excerpt(audio, start - round(fade / ratio), stop), stop - start, length, "HQ")
        sound = excerpt(sound, 0, wanted)
    elif cell.reverse:
        sound = excerpt(audio, start, start + wanted)[::-1]
    else:
        # If grid and slice differ by a frame, play past the end of the slice instead of resampling it.
        sound = excerpt(audio, start - fade, start + length)
    sound = sound * np.float32(cell.gain)
    rise = fade_in(fade)[:, None]
    edge = min(fade, len(sound) // 2)
    sound[:edge] *= rise[:edge]
    sound[len(sound) - edge :] *= rise[::-1][-edge:] if edge else 1.0
    return sound
