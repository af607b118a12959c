"""Reads the names, arguments and return types of the functions in REAPER (`api.tsv`) and ReaImGui (`imgui.tsv`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Function:
    """A row of a table: a function's name, arguments and return types."""

    name: str
    least: int
    most: int
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    since: str  # first version known to have this function


@cache
def functions() -> dict[str, Function]:
    """Return REAPER's own functions."""
    return _read("api.tsv")


@cache
def toolkit() -> dict[str, Function]:
    """Return the functions of the optional extension ReaImGui."""
    return _read("imgui.tsv")


@cache
def sws() -> dict[str, Function]:
    """Return the functions of the optional extension SWS."""
    return _read("sws.tsv")


def _read(name: str) -> dict[str, Function]:
    found = {}
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()[1:]:
        name, least, most, takes, returns, since = line.split("\t")
        found[name] = Function(name, int(least), int(most), _types(takes), _types(returns), since)
    return found


def version(text: str) -> tuple[int, ...]:
    """Return a version as a tuple of numbers: 7.08 → (7, 8)."""
    return tuple(int(part) for part in text.split("."))


def available(name: str, reaper: str) -> bool:
    row = functions().get(name)
    return row is not None and version(row.since) <= version(reaper)


def _types(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def complaint(row: Function, args: Sequence[Any], is_handle: Any) -> str | None:
    """Return the error that REAPER would raise for a call; None if the call is valid."""
    if not row.least <= len(args) <= row.most:
        return f"{row.name} takes {row.least} to {row.most} arguments, not {len(args)}"
    for number, (wanted, value) in enumerate(zip(row.takes, args, strict=False), 1):
        if not _fits(wanted.rstrip("?"), value, wanted.endswith("?"), is_handle):
            return f"bad argument #{number} to {row.name}: {wanted} expected, got {value!r}"
    return None


def forgiven(row: Function, args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments as REAPER reads them: it ignores extra ones, and converts numbers and strings as Lua does.

    Scripts by others leave out projects, booleans and buffers at the end, and pass 0 for the active project.
    """
    found = [_converted(wanted.rstrip("?"), value) for wanted, value in zip(row.takes, args, strict=False)]
    for wanted in row.takes[len(found) :]:
        kind = wanted.rstrip("?")
        if kind not in ("ReaProject", "boolean", "HWND") and not wanted.endswith("?"):
            break
        found.append({"boolean": False, "ReaProject": 0}.get(kind))
    return tuple(found)


def _converted(wanted: str, value: Any) -> Any:
    if wanted in ("integer", "number") and isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    if wanted == "integer" and isinstance(value, float):
        return int(value)
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.14g}" if isinstance(value, float) and not value.is_integer() else str(value)
    if wanted == "boolean" and not isinstance(value, bool):
        return bool(value)
    if wanted == "ReaProject" and (value is None or isinstance(value, int | float)):
        return 0
    return value


def _fits(wanted: str, value: Any, optional: bool, is_handle: Any) -> bool:
    if value is None:
        return optional or wanted == "HWND"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match wanted:
        case "integer":
            return is_number and float(value).is_integer()
        case "number":
            return is_number
        case "table|number" | "any":
            return True
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "function":
            return callable(value)
        case "HWND":
            return True
        case kind:
            return bool(is_handle(value, kind))
