"""Checks the values that a surface sends for a command's arguments."""

from __future__ import annotations

import hmac
from typing import Any

from bridge.control.command import Argument
from bridge.errors import ParamInvalid, RequestError, TokenWrong
from bridge.presets.parameters import PARAMS
from bridge.util.validation import describe, validate


def check_token(expected: str, given: str) -> None:
    """Raise `TokenWrong` unless the two tokens are equal and not empty. The comparison takes constant time."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise TokenWrong


def checked(address: str, argument: Argument, value: Any) -> Any:
    """Check a value and convert it to the argument's type.

    Raises:
        RequestError: the value is invalid; the error names the command, the argument and the allowed values.
    """
    return validate(value, argument.takes, f"{address}: {argument.name}", RequestError)


def from_surface(name: str, value: str | int | float | bool) -> str | int | float | bool:
    """Convert a value from a fader, button or menu to the parameter's type, without checking its range.

    For an integer parameter the value is rounded, because faders send floats. A number sent for a choice is an index
    in the list of choices, counted from 0.

    Raises:
        ParamInvalid: the parameter takes text, which controls cannot send, or no choice has this index.
    """
    param = PARAMS.get(name)
    if param is None:
        return value  # `amount`, or an unknown name, which `Settings.set` rejects
    if param.kind in ("text", "url"):
        raise ParamInvalid(
            f"{name} is text, which OSC controls cannot send.", hint="Select a preset that sets it, or add it to one."
        )
    if isinstance(value, str):
        return value
    if param.kind == "choice":
        if not 0 <= round(value) < len(param.choices):
            raise ParamInvalid(
                f"{name} has no choice number {value:g}. Counted from 0, the choices are {describe(param.takes)}."
            )
        return param.choices[round(value)]
    return round(value) if param.kind == "int" else value
