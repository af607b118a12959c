"""The two sides of a variation for audition: the clip and the result, with the same span and the same loudness.

control/service.py calls the function `sides`, and player.py plays the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.audition.player import Side


def sides(result: Mapping[str, Any], fitted: Mapping[str, Any], rendered: Mapping[str, Any] | None) -> tuple[Side, ...]:
    """Return the result and, if the clip's file still exists, the clip.

    The louder side is lowered to the level of the quieter one, because a louder sound seems better. Both are kept below
    full scale.

    Args:
        result: a variation's result, as shown to surfaces.
        fitted: output of the `fit` stage, with lufs and true_peak_db of the file.
        rendered: output of the `render` stage, with gain_db of the file, and lufs and true_peak_db before that gain;
            None if the clip's file no longer exists.
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
    """Return the gain in dB to apply to each file.

    Args:
        levels: for each side the loudness (LUFS) and true peak (dBTP) before any gain, and the gain in dB that the
            file already has.
    """
    known = [lufs for lufs, _, _ in levels.values() if lufs is not None]
    quietest = min(known) if len(known) == len(levels) else None  # silence has no loudness
    wanted = {
        name: (quietest - lufs if quietest is not None and lufs is not None else 0.0)
        for name, (lufs, _, _) in levels.items()
    }
    peaks = [peak + wanted[name] for name, (_, peak, _) in levels.items() if peak is not None]
    over = max([0.0, *peaks])
    return {name: wanted[name] - over - given for name, (_, _, given) in levels.items()}
