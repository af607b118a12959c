"""A small encoder and decoder of OSC 1.0 messages, for `ace-bridge send`.

The daemon uses python-osc, but importing python-osc would double the run time of `ace-bridge send`. A test checks that
this module and python-osc give the same results.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

Value = str | int | float | bool | None
_NUMBERS = {"i": ">i", "h": ">q", "f": ">f", "d": ">d"}
_SIMPLE: dict[str, Value] = {"T": True, "F": False, "N": None}


class Message(NamedTuple):
    """A decoded message."""

    address: str
    params: list[Any]


def encode(address: str, values: Sequence[Value] = ()) -> bytes:
    """Encode a message, with integers as i (large ones as h) and floats as f.

    Raises:
        ValueError: a number or text cannot be represented in OSC.
    """
    tags, data = "", b""
    for value in values:
        tag = _tag(value)
        tags += tag
        if tag == "s":
            data += _text(str(value))
        elif tag in _NUMBERS:
            try:
                data += struct.pack(_NUMBERS[tag], value)
            except (struct.error, OverflowError):
                raise ValueError(f"{value} is too large for an OSC message.") from None
    return _text(address) + _text(f",{tags}") + data


def decode(data: bytes) -> Message:
    """Decode a message.

    Raises:
        ValueError: the message is invalid, or an argument has an unsupported type.
    """
    address, position = _read_text(data, 0)
    tags, position = _read_text(data, position)
    params: list[Any] = []
    for tag in tags.removeprefix(","):
        if tag == "s":
            text, position = _read_text(data, position)
            params.append(text)
        elif tag in _NUMBERS:
            size = struct.calcsize(_NUMBERS[tag])
            if len(data) < position + size:
                raise ValueError("The OSC message is truncated.")
            params += struct.unpack_from(_NUMBERS[tag], data, position)
            position += size
        elif tag in _SIMPLE:
            params.append(_SIMPLE[tag])
        else:
            raise ValueError(f"An OSC argument has the unsupported type {tag}.")
    return Message(address, params)


def _tag(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "N", True: "T", False: "F"}[value]
    if isinstance(value, int):
        return "i" if -(2**31) <= value < 2**31 else "h"
    return "f" if isinstance(value, float) else "s"


def _text(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a file name may contain any bytes
        shown = text.encode(errors="replace").decode()
        raise ValueError(f"OSC messages only carry valid UTF-8, and “{shown}” is not.") from None
    return data + bytes(4 - len(data) % 4)


def _read_text(data: bytes, start: int) -> tuple[str, int]:
    end = data.find(b"\0", start)
    if end < 0:
        raise ValueError("An OSC string is not terminated.")
    return data[start:end].decode(), end + 4 - (end - start) % 4
