"""The check of a value that came from a surface against the argument that it is given for.

surface → raw values → here → checked values → table.py → `BridgeApi`. Everything that does not fit is a
RequestError.
"""

from __future__ import annotations

import hmac
from typing import Any

from bridge.control.command import Argument
from bridge.errors import ParamInvalid, RequestError, TokenWrong
from bridge.presets.parameters import PARAMS
from bridge.util.validation import describe, validate


def check_token(expected: str, given: str) -> None:
    """Raise `TokenWrong` unless both are the same, in a time that tells nothing about where they differ."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise TokenWrong


def checked(address: str, argument: Argument, value: Any) -> Any:
    """Return one value in its argument's kind.

    Raises:
        RequestError: it does not fit; the text names the command, the argument and what it takes.
    """
    if argument.kind == "port" and isinstance(value, float) and value.is_integer():
        value = int(value)  # some senders know no whole numbers
    return validate(value, argument.takes, f"{address}: {argument.name}", RequestError)


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
            raise ParamInvalid(
                f"{name} has no choice number {value:g}; the choices are {describe(param.takes)}, counted from 0."
            )
        return param.choices[round(value)]
    return round(value) if param.kind == "int" else value
