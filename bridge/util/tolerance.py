"""Accepts numbers that other programs write differently: 4.0 for 4, and -1e-12 where a value must not be negative.

Lua and JavaScript write whole numbers as floats. DAWs compute positions and gains, which leaves rounding errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from msgspec import Meta

from bridge.util.kinds import fields, is_union, limits_of, without_limits

ROUNDING = 5e-7  # largest rounding error, in the value's unit: 0.5 µs, or 5e-7 dB, semitones or BPM; inaudible


def tolerant(value: Any, kind: Any) -> Any:
    """Return a copy of a value in which floats are whole numbers, or inside the limits, where its type requires it.

    A float becomes a whole number only if it has no fraction. A float outside a limit becomes the limit only if the
    difference is at most ROUNDING.

    >>> from typing import Annotated
    >>> tolerant(4.0, int), tolerant(4.5, int), tolerant(-1e-12, Annotated[float, Meta(ge=0)])
    (4, 4.5, 0.0)
    """
    plain = without_limits(kind)
    if is_union(plain):
        return tolerant(value, meant(value, get_args(plain)))
    if isinstance(value, float):
        return _number(value, plain, limits_of(kind))
    return with_parts(value, plain, tolerant)


def with_parts(value: Any, plain: Any, change: Callable[[Any, Any], Any]) -> Any:
    """Return a copy of a value whose parts have been changed by `change`, which gets each part and its type."""
    members = get_args(plain)
    if isinstance(value, Mapping) and get_origin(plain) is dict:
        return {key: change(part, members[1]) for key, part in value.items()}
    if isinstance(value, Mapping) and hasattr(plain, "__struct_fields__"):
        known = fields(plain)
        return {key: change(part, known[key]) if key in known else part for key, part in value.items()}
    if isinstance(value, (list, tuple)) and get_origin(plain) is tuple:
        kinds = members[:1] * len(value) if members[-1] is Ellipsis else members
        return [change(part, kind) for part, kind in zip(value, kinds, strict=False)] + list(value[len(kinds) :])
    return value


def meant(value: Any, members: Sequence[Any]) -> Any:
    """Return the type of a union that a value is meant for; Any if there is none."""
    if isinstance(value, float):
        return next((one for kind in (float, int) for one in members if without_limits(one) is kind), Any)
    if isinstance(value, Mapping):
        return next((one for one in members if get_origin(one) is dict or hasattr(one, "__struct_fields__")), Any)
    if isinstance(value, (list, tuple)):
        return next((one for one in members if get_origin(without_limits(one)) is tuple), Any)
    return Any


def _number(value: float, plain: Any, limits: Meta) -> float:
    if plain is int or (get_origin(plain) is Literal and int in map(type, get_args(plain))):
        return int(value) if value.is_integer() else value
    if plain is float:
        low = -math.inf if limits.ge is None else float(limits.ge)
        high = math.inf if limits.le is None else float(limits.le)
        inside = min(max(value, low), high)
        return inside if abs(inside - value) <= ROUNDING else value
    return value
