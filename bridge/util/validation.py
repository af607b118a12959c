"""Validates all input from outside: settings, presets, parameters, messages, OSC arguments and MIDI mappings.

The caller passes a type with its limits, for example `Annotated[int, Meta(ge=0, le=65535)]`. `validate` converts a
value to that type with msgspec, or raises an error that names the key, the value and the values that the key accepts.
Whole numbers may be floats, and a limit may be missed by a rounding error (see tolerance.py).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from bridge.errors import BridgeError
from bridge.util.kinds import fields, has_parts, is_union, limits_of, without_limits
from bridge.util.suggest import did_you_mean
from bridge.util.tolerance import tolerant

LONGEST = 60  # maximum number of characters of a value in an error
MANY = 5  # minimum number of choices for which the error also suggests the most similar one
LARGEST = 10**30  # whole numbers of this size or larger are not written out

T = TypeVar("T")
_PLACE = re.compile(
    r"(?P<what>.*) - at (?:`key` in )?`\$(?P<path>[\w.\[\]]*)`", re.DOTALL
)  # `.*` is greedy and so finds the last path, because a value may contain " - at `$…`" too
_STEP = re.compile(r"\.[^.\[]+|\[[^\]]+\]")
_FIELD = re.compile(r"Object (?P<problem>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_REFUSED = ("Expected ", "Invalid enum value", "Number out of range")
_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")
_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def validate(
    value: Any,
    kind: type[T],
    name: str,
    error: type[BridgeError],
    *,
    place: Callable[[str], str] = lambda key: "",
    secret: bool = False,
) -> T:
    """Convert a value from outside to its type.

    Args:
        value: the value as read from JSON, TOML or OSC.
        kind: the type with its limits: a plain, annotated or union type, or a `msgspec.Struct`.
        name: name of the value in the error; "" for a whole message.
        error: class of the error to raise.
        place: function that returns the location of a key as a prefix for the error, for example
            "config.toml, line 3: ".
        secret: whether the error hides the value.

    Raises:
        BridgeError: the value is invalid. The error, of class `error`, names the key, the value and what is accepted.
    """
    with contextlib.suppress(msgspec.ValidationError):
        return msgspec.convert(value, type=kind)
    value = tolerant(value, kind)
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as problem:
        key, text = _explain(str(problem), name, value, kind, secret=secret)
        raise error(place(key) + text) from problem


def from_text(kind: Any, text: str) -> Any:
    """Convert text to a value of the given type, or return the text unchanged if it cannot be converted."""
    plain = without_limits(kind)
    if plain is bool:
        return _SWITCH.get(text.lower(), text)
    if get_origin(plain) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    members = get_args(plain) if is_union(plain) else (plain,)
    kinds = [without_limits(member) for member in members]
    for number in (int, float):
        if number in kinds:
            with contextlib.suppress(ValueError):
                return number(text)
    if int in kinds:
        with contextlib.suppress(ValueError):
            return float(text) if float(text).is_integer() else text
    return text


def describe(kind: Any) -> str:
    """Return the values that a type accepts, in words: "a whole number from 0 to 65535"."""
    plain, limits = without_limits(kind), limits_of(kind)
    if limits.description:
        return limits.description
    if get_origin(plain) is Literal:
        *others, last = map(show, get_args(plain))
        return f"{', '.join(others)} or {last}" if others else last
    if is_union(plain):
        return " or ".join(describe(member) for member in get_args(plain) if member is not NoneType)
    if plain in (int, float):
        return ("a whole number" if plain is int else "a number") + _bounds(limits)
    if get_origin(plain) is tuple:
        fixed = [member for member in get_args(plain) if member is not Ellipsis]
        if len(fixed) == len(get_args(plain)):
            return f"a list of {_values(len(fixed))}"
        return f"a list of at least {_values(limits.min_length)}" if limits.min_length else "a list"
    if plain is str and limits.max_length is not None:
        return f"text of {limits.min_length or 0} to {limits.max_length} characters"
    return {str: "text", bool: "true or false"}.get(plain, "keys and values")


def show(value: Any) -> str:
    """Return a value from outside as short printable text."""
    if value is None or isinstance(value, (bool, str)):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, int) and abs(value) >= LARGEST:
        text = "a huge number"
    elif isinstance(value, bytes):
        text = "binary data"
    elif isinstance(value, (list, tuple)):
        text = f"a list of {_values(len(value))}" if value else "an empty list"
    else:
        text = "an object" if isinstance(value, Mapping) else str(value).removesuffix(".0")
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(char if char.isprintable() else "?" for char in text)


def bare(name: Any) -> str:
    """Return a name from outside as short printable text, without quotation marks."""
    return show(name).strip('"')


def _explain(problem: str, at: str, value: Any, kind: Any, *, secret: bool) -> tuple[str, str]:
    """Return the key that an msgspec error is about, and a sentence that explains the error to people."""
    found = _PLACE.fullmatch(problem)
    what, path = (found["what"], found["path"]) if found else (problem, "")
    try:
        for step in _STEP.findall(path):
            at, value, kind = _enter(step, at, value, kind)
    except LookupError:  # an unknown field whose name looks like a path
        return at, f"{at or 'The message'} has an unknown field."
    field = _FIELD.fullmatch(what)
    if field:
        key = f"{at}.{field['name']}".lstrip(".")
        if field["problem"] == "missing required":
            return key, f"{key} is missing."
        where = f" in {at}" if at else ""
        return key, f"there is no “{field['name']}”{where}.{did_you_mean(field['name'], fields(kind))}"
    if not what.startswith(_REFUSED):  # an error from a `__post_init__`
        return at, f"{at}: {what}." if at else f"The message has an error: {what}."
    named, too_long = at or "The message", _TOO_LONG.fullmatch(what)
    if too_long:
        return at, f"{named} has {len(value)} characters; it takes at most {too_long[1]}."
    shown = "hidden here" if secret and not isinstance(value, bool) else show(value)
    choices = get_args(without_limits(kind)) if get_origin(without_limits(kind)) is Literal else ()
    guess = did_you_mean(value, choices) if len(choices) >= MANY and isinstance(value, str) else ""
    return at, f"{named} is {shown}; it takes {describe(kind)}.{guess}"


def _enter(step: str, at: str, value: Any, kind: Any) -> tuple[str, Any, Any]:
    """Follow one step of the path in an msgspec error; return the key, value and type at that position."""
    plain = without_limits(kind)
    if is_union(plain):  # choose the only type in the union that has parts
        plain = next(part for part in map(without_limits, get_args(plain)) if has_parts(part))
    if step.startswith("."):
        return f"{at}{step}".lstrip("."), value[step[1:]], fields(plain)[step[1:]]
    members = get_args(plain)
    if step == "[...]":  # msgspec does not name the keys of a table with arbitrary keys
        key, part = next((key, part) for key, part in value.items() if not _fits(part, members[1]))
        return f"{at}.{key}", part, members[1]
    index = int(step[1:-1])
    return f"{at}{step}", value[index], members[0] if members[-1] is Ellipsis else members[index]


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        return False
    return True


def _bounds(limits: msgspec.Meta) -> str:
    if limits.ge is not None and limits.le is not None:
        return f" from {_number(limits.ge)} to {_number(limits.le)}"
    if limits.gt is not None and limits.le is not None:
        return f" above {_number(limits.gt)}, at most {_number(limits.le)}"
    return f" of at least {_number(limits.ge)}" if limits.ge is not None else ""


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:g}"
