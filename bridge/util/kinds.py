"""Takes the types of values from outside apart: fields, limits and unions."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec


@cache
def fields(kind: Any) -> dict[str, Any]:
    """Return the types of a struct's fields, with their limits, by name."""
    return get_type_hints(kind, include_extras=True)


def has_parts(kind: Any) -> bool:
    """Return whether values of a type without limits have parts that errors can name."""
    return get_origin(kind) in (tuple, dict) or hasattr(kind, "__struct_fields__")


def is_union(kind: Any) -> bool:
    """Return whether a type without limits is a union."""
    return get_origin(kind) in (Union, UnionType)


def without_limits(kind: Any) -> Any:
    """Return a type without its limits."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def limits_of(kind: Any) -> msgspec.Meta:
    """Return a type's limits, which are empty if it has none."""
    limits: msgspec.Meta = get_args(kind)[-1] if get_origin(kind) is Annotated else msgspec.Meta()
    return limits
