"""Tables of the members that the mock models: getters, setters with value types, and methods with argument types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

GETTERS: dict[tuple[str, str], Callable[[Any, Any], Any]] = {}
SETTERS: dict[tuple[str, str], tuple[str, Callable[[Any, Any, Any], None]]] = {}
METHODS: dict[tuple[str, str], tuple[tuple[str, ...], bool, Callable[..., Any]]] = {}


def getter(kind: str, name: str) -> Callable[[Any], Any]:
    return lambda function: GETTERS.setdefault((kind, name), function)


def method(kind: str, name: str, *wanted: str, changes: bool = False) -> Callable[[Any], Any]:
    return lambda function: METHODS.setdefault((kind, name), (wanted, changes, function))


def plain(kind: str, name: str, wanted: str, attribute: str = "") -> None:
    """Add a property that reads and writes an attribute of the data object, by default the one named `name`."""
    GETTERS[kind, name] = lambda world, thing: getattr(thing, attribute or name)
    SETTERS[kind, name] = wanted, lambda world, thing, value: setattr(thing, attribute or name, value)


def vector(things: list[Any]) -> Any:
    from tests.daws.live.double import Vector

    return Vector(things)
