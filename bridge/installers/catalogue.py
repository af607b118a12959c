"""The catalogue file for DAW scripts: presets, engines with their parameters and prices, and limits that need consent.

The daemon writes the file to the bridge's home at each start. A DAW script reads the file before it opens a dialog.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.config.settings import Budget
from bridge.engines.base import Capabilities
from bridge.presets.parameters import PARAMS, Param
from bridge.presets.preset import Preset

FILE = "catalogue.json"  # name of the file in the bridge's home
# Parameters without a knob. Dialogs have a field of another kind for some of them.
_OWN_WIDGETS = {"audio_url", "tags", "lyrics", "seed", "original_seed"}
AMOUNT: dict[str, Any] = {
    "name": "amount",
    "kind": "float",
    "help": "How far the remix may depart from the clip: 0 stays close, 1 is free.",
    "default": None,
    "low": 0,
    "high": 1,
    "choices": [],
}


def catalogue(presets: Iterable[Preset], engines: Iterable[Capabilities], budget: Budget) -> dict[str, Any]:
    """Return the content of the file. An engine has a knob for each supported parameter that has an effect."""
    return {
        "confirm": {"above": budget.confirm_above, "count": budget.confirm_count},
        "presets": [{"name": one.name, "title": one.title, "description": one.description} for one in presets],
        "engines": [_engine(one) for one in engines],
    }


def _engine(can: Capabilities) -> dict[str, Any]:
    names = can.honours - can.inert - _OWN_WIDGETS
    knobs = [AMOUNT] if "amount" in names else []
    knobs += [_knob(param) for name, param in PARAMS.items() if name in names]
    return {
        "name": can.name,
        "label": can.label,
        "currency": can.currency,
        "price_per_second": can.price_per_second,
        "longest": can.longest,
        "takes_lyrics": "lyrics" in can.honours,
        "knobs": knobs,
    }


def _knob(param: Param) -> dict[str, Any]:
    low, high = param.surface or (param.low, param.high)
    return {
        "name": param.name,
        "kind": param.kind,
        "help": param.help,
        "default": param.default,
        "low": low,
        "high": high,
        "choices": list(param.choices),
    }
