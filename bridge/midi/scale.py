"""Converts between the values of a parameter and the positions of a fader or ring, 0..1.

presets/parameters.py defines which part of a parameter's range a fader covers.
"""

from __future__ import annotations

from bridge.control.api import Value
from bridge.presets.parameters import HAND_PARAMS, Param

STEPS = 100  # number of encoder steps for the full range

_BY_NAME = {param.name: param for param in HAND_PARAMS}


def names() -> tuple[str, ...]:
    """Return the names of the parameters that a control can set."""
    return tuple(_BY_NAME)


def to_value(name: str, position: float) -> Value:
    """Return the value of a parameter at a position, 0..1."""
    param = _BY_NAME[name]
    if param.kind == "choice":
        return param.choices[min(int(position * len(param.choices)), len(param.choices) - 1)]
    low, high = _ends(param)
    value = low + position * (high - low)
    return round(value) if param.kind == "int" else value


def to_position(name: str, value: Value) -> float:
    """Return the position of a value, 0..1. A value outside the fader's range gives 0 or 1."""
    param = _BY_NAME[name]
    if param.kind == "choice":
        last = max(len(param.choices) - 1, 1)
        return param.choices.index(str(value)) / last if value in param.choices else 0.0
    low, high = _ends(param)
    return min(max((float(value) - low) / (high - low), 0.0), 1.0)


def stepped(name: str, value: Value, steps: int) -> Value:
    """Return the value after a number of encoder steps. A choice or integer moves by at least one per step."""
    param = _BY_NAME[name]
    if param.kind == "choice":
        now = param.choices.index(str(value)) if value in param.choices else 0
        return param.choices[min(max(now + steps, 0), len(param.choices) - 1)]
    low, high = _ends(param)
    step = (high - low) / STEPS
    if param.kind == "int":
        moved: float = round(float(value)) + steps * max(1, round(step))
        return int(min(max(moved, low), high))
    return min(max(float(value) + steps * step, low), high)


def _ends(param: Param) -> tuple[float, float]:
    if param.surface is not None:
        return param.surface
    return param.low or 0.0, 1.0 if param.high is None else param.high
