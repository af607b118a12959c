"""The task "split": splits a clip that is longer than the engine's limit into one FLAC file per segment.

The `render` stage runs this task. The segments overlap, and the task `join` joins their results.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.audio import files, writers
from bridge.audio.silence import SoundPeak
from bridge.workers.tasks.opening import SOURCE, opened, writing


def split(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Copy the segments of a rendered clip to files, sample for sample.

    Args:
        args: path (a FLAC file), legs (for each segment: start, frames and the path to write).
        progress: called with the completed fraction, 0..1.

    Returns:
        sha256 (hash of each file) and silent (whether the file is silent), both in order.

    Raises:
        ClipError: the clip cannot be read.
        HomeError: a file cannot be written.
    """
    found, silent = [], []
    with opened(Path(args["path"]), SOURCE) as reader:
        bits = 16 if reader.info.subtype == "PCM_16" else 24
        for number, segment in enumerate(args["legs"], 1):
            into, peak = Path(segment["path"]), SoundPeak()
            with writing(into), writers.FlacWriter(into, reader.info.sample_rate, bits) as writer:
                for part in reader.blocks(segment["start"], segment["frames"]):
                    writer.write(part)
                    peak.add(part)
            found.append(files.sha256(into))
            silent.append(peak.is_silent())
            progress(number / len(args["legs"]))
    return {"sha256": found, "silent": silent}
