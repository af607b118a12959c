"""Writes files with clicks, processes files as the bridge does, and finds clicks in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.workers.tasks.fit import fit
from bridge.workers.tasks.render import render


def write_clicks(path: Path, moments: list[float], seconds: float, rate: int = 48_000) -> None:
    """Write a file with a click at each moment (s); the clicks become louder, so that all of them differ."""
    sound = np.zeros(round(seconds * rate), dtype=np.float32)
    for number, moment in enumerate(moments):
        sound[round(moment * rate)] = 0.3 + 0.5 * number / len(moments)
    soundfile.write(path, sound, rate, subtype="PCM_24")


def find_clicks(path: str) -> list[float]:
    """Return the times of a file's clicks, s; of samples less than 10 ms apart, only the highest counts as a click."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    level = np.abs(sound[:, 0])
    found: list[float] = []
    for index in np.flatnonzero(level > 0.4 * level.max()):
        if found and index / rate - found[-1] < 0.01:
            if level[index] > level[round(found[-1] * rate)]:
                found[-1] = index / rate
        else:
            found.append(index / rate)
    return found


def through_the_bridge(message: dict[str, Any], into: Path) -> tuple[Path, int]:
    """Render a request's clip and fit the rendered audio as if the engine had returned it; return (file, frames)."""
    (clip,) = message["args"]["clips"]
    flac, wav = into / "sent.flac", into / f"result-{len(list(into.iterdir()))}.wav"
    wanted = {"source": clip["source"], "length": clip["length"], "handles": [0.0, 0.0], "into": str(flac)}
    render({**wanted, "highest_rate": 48_000}, lambda part: None)
    samples = round((clip["position"] + clip["length"]) * 48_000) - round(clip["position"] * 48_000)
    bext = {"description": "", "originator": "", "originator_reference": "", "time_reference": 0}
    bext |= {"origination_date": "2026-01-01", "origination_time": "00:00:00", "coding_history": ""}
    fitting = {"raw": str(flac), "into": str(wav), "sample_rate": 48_000, "samples": samples, "bext": bext}
    fit(fitting, lambda part: None)
    return wav, samples
