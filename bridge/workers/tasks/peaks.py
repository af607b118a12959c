"""The task "peaks": finds the lowest and highest sample in each column of a waveform drawn in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio.block import FRAMES
from bridge.workers.tasks.opening import SOURCE, number, opened


def peaks(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Measure the waveform of a file, with all channels combined.

    Args:
        args: path, columns (1 to 100000).
        progress: called with the completed fraction, 0..1.

    Returns:
        peaks: [lowest, highest] per column, with fewer columns if the file has fewer frames; seconds: length of the
        file.

    Raises:
        ClipError: the file cannot be used.
    """
    with opened(Path(args["path"]), SOURCE) as reader:
        frames = reader.info.frames
        columns = min(frames, round(number(args, "columns", 1, 100_000)))
        edges = np.arange(columns) * frames // columns  # first frame of each column
        lowest, highest = np.full(columns, np.inf), np.full(columns, -np.inf)
        done = 0
        for block in reader.blocks(0, frames, FRAMES):
            first = int(np.searchsorted(edges, done, "right")) - 1
            last = int(np.searchsorted(edges, done + len(block), "left"))
            cuts = np.maximum(edges[first:last] - done, 0)
            lowest[first:last] = np.minimum(lowest[first:last], np.minimum.reduceat(block, cuts).min(axis=1))
            highest[first:last] = np.maximum(highest[first:last], np.maximum.reduceat(block, cuts).max(axis=1))
            done += len(block)
            progress(done / frames)
        outline = np.nan_to_num(np.stack((lowest, highest), axis=1))
        return {"peaks": outline.tolist(), "seconds": frames / reader.info.sample_rate}
