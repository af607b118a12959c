"""The check of a value that came from a surface against the argument that it is given for.

surface → raw values → here → checked values → table.py → `BridgeApi`. Everything that does not fit is a
RequestError.
"""

from __future__ import annotations

import hmac
import math
from pathlib import PurePath
from typing import Any

from bridge.control.command import Argument
from bridge.errors import ParamInvalid, RequestError, TokenWrong
from bridge.presets.parameters import PARAMS


def check_token(expected: str, given: str) -> None:
    """Raise `TokenWrong` unless both are the same, in a time that tells nothing about where they differ."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise TokenWrong


def checked(address: str, argument: Argument, value: Any) -> Any:
    """Return one value in its argument's kind.

    Raises:
        RequestError: it does not fit; the text names the command, the argument and what it takes.
    """
    where = f"{address}: {argument.name}"
    if argument.kind in ("text", "path"):
        return _text(where, argument, value)
    if argument.kind == "value" and isinstance(value, (str, bool)):
        return value if isinstance(value, bool) else _text(where, argument, value)
    return _number(where, argument, value)


def _text(where: str, argument: Argument, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{where} is a text, not {_shown(value)}.")
    if len(value) > argument.longest:
        raise RequestError(f"{where} is longer than {argument.longest} characters.")
    if argument.choices and value not in argument.choices:
        raise RequestError(f"{where} is one of {', '.join(argument.choices)}, not {_shown(value)}.")
    if argument.kind == "path" and not PurePath(value).is_absolute():
        raise RequestError(f"{where} is an absolute path, not {_shown(value)}.")
    return value


def _number(where: str, argument: Argument, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RequestError(f"{where} is a number, not {_shown(value)}.")
    if argument.low is not None and argument.high is not None and not argument.low <= value <= argument.high:
        raise RequestError(f"{where} lies between {argument.low:g} and {argument.high:g}, not at {value:g}.")
    if argument.kind == "port":
        return int(value)
    return value if argument.kind == "value" else float(value)


def _shown(value: Any) -> str:
    """Show what somebody sent, whatever it is, in a few characters."""
    return repr(value)[:60]


def from_surface(name: str, value: str | int | float | bool) -> str | int | float | bool:
    """Turn what a fader, button or menu sends into a value of the parameter's kind; ranges are checked later.

    A fader knows no whole numbers and a button no words, so a whole number is rounded and a choice may come as its
    place in the list.

    Raises:
        ParamInvalid: it is a text that surfaces do not carry, or a place in a list that is not there.
    """
    param = PARAMS.get(name)
    if param is None:
        return value  # `amount`, or unknown, which `Settings.set` says
    if param.kind in ("text", "url"):
        raise ParamInvalid(
            f"{name} is a text, and OSC carries none of those.", hint="Select a preset that has it, or put it in one."
        )
    if isinstance(value, str):
        return value
    if param.kind == "choice":
        if not 0 <= round(value) < len(param.choices):
            raise ParamInvalid(f"{name} has no choice number {value:g}; the choices are {param.span}, from 0.")
        return param.choices[round(value)]
    return round(value) if param.kind == "int" else value
