"""The sides of a variation for audition: its result and its clip, equally loud and of the same span.

control/service.py calls it, and player.py plays the sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.audition.player import Side


def sides(result: Mapping[str, Any], fitted: Mapping[str, Any], rendered: Mapping[str, Any] | None) -> tuple[Side, ...]:
    """Return the result and, if it still exists, the clip.

    The louder side is lowered to the quieter one, since louder sounds better, and both are kept below full scale.

    Args:
        result: of a variation, as shown to surfaces.
        fitted: output of stage fit: lufs and true_peak_db of the file.
        rendered: output of stage render, lufs before the gain_db of the file; None if the clip no longer exists.
    """
    length = result["samples"] / result["sample_rate"]
    levels = {"result": (fitted.get("lufs"), fitted.get("true_peak_db"), 0.0)}
    if rendered is not None:
        sent_db = rendered["gain_db"]
        levels["source"] = (rendered.get("lufs"), rendered.get("true_peak_db"), sent_db)
    gains = _gains(levels)
    found = [Side("result", Path(result["path"]), result["source_offset"], length, gains["result"])]
    if rendered is not None:
        found.insert(0, Side("source", Path(rendered["path"]), rendered["handles"][0], length, gains["source"]))
    return tuple(found)


def _gains(levels: Mapping[str, tuple[float | None, float | None, float]]) -> dict[str, float]:
    """Return a gain in dB for each file from its loudness (LUFS), its true peak (dBTP) and its present gain."""
    known = [lufs for lufs, _, _ in levels.values() if lufs is not None]
    quietest = min(known) if len(known) == len(levels) else None  # silence has no loudness
    wanted = {
        name: (quietest - lufs if quietest is not None and lufs is not None else 0.0)
        for name, (lufs, _, _) in levels.items()
    }
    peaks = [peak + wanted[name] for name, (_, peak, _) in levels.items() if peak is not None]
    over = max([0.0, *peaks])
    return {name: wanted[name] - over - given for name, (_, _, given) in levels.items()}
