"""The task "probe": checks that an engine's result is usable audio.

The `fetch` stage runs this task before it accepts a result. The whole file is decoded once, in blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.audio import block, files
from bridge.audio.silence import SILENT
from bridge.errors import ResultBroken, ResultSilent, ResultTooLarge, ResultTooShort, ResultTruncated
from bridge.workers.tasks.opening import RESULT, number, opened

SHORTEST_SHARE = 0.8  # shortest accepted result, as a fraction of the expected length
LONGEST_SHARE, LONGEST_EXTRA = 2.0, 10.0  # longest accepted result: twice the expected length plus 10 s


def probe(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Decode and check a result.

    The download checks that every byte arrived. A wrong length in the header is therefore no reason to reject a result:
    only its real length counts.

    Args:
        args: path, seconds (length of the submitted clip, including handles).
        progress: called with the completed fraction, 0..1.

    Returns:
        format, sample_rate, channels, frames, peak (full scale 1.0).

    Raises:
        ResultError: the result cannot be used.
    """
    expected = number(args, "seconds", 0.0, 1e7)
    with opened(Path(args["path"]), RESULT) as reader:
        info = reader.info
        seconds = info.frames / info.sample_rate
        if seconds > LONGEST_SHARE * expected + LONGEST_EXTRA:
            raise ResultTooLarge(f"The result is {seconds:.1f} s long, and the clip has {expected:.1f} s.")
        if seconds < SHORTEST_SHARE * expected:
            short = ResultTooShort if info.ending is None else ResultTruncated
            raise short(f"The result is {seconds:.1f} s long, and the clip has {expected:.1f} s.")
        peak = _peak(reader, progress)
    if not peak <= block.MOST:
        raise ResultBroken
    if peak < SILENT:
        raise ResultSilent
    return {
        "format": f"{info.format} {info.subtype}",
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "frames": info.frames,
        "peak": peak,
    }


def _peak(reader: files.Reader, progress: Callable[[float], None]) -> float:
    """Return the highest absolute sample, or NaN if any sample is NaN."""
    peak, done = 0.0, 0
    for part in reader.blocks(0, reader.info.frames):
        here = max(float(part.max()), -float(part.min()))  # both propagate NaN
        if math.isnan(here):
            return here
        peak = max(peak, here)
        done += len(part)
        progress(done / reader.info.frames)
    return peak
