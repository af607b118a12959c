"""One OSC 1.0 message to bytes and back, for the commands that a foot switch waits for.

The daemon's surface uses python-osc; importing that takes as long as all the rest of `send`, for one small message. The
two are held together by a test.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

Value = str | int | float | bool | None
_NUMBERS = {"i": ">i", "h": ">q", "f": ">f", "d": ">d"}
_SIMPLE: dict[str, Value] = {"T": True, "F": False, "N": None}


class Message(NamedTuple):
    """What was said."""

    address: str
    params: list[Any]


def encode(address: str, values: Sequence[Value] = ()) -> bytes:
    """Return a message; whole numbers go as i, or h where they are large, others as f.

    Raises:
        ValueError: a number or a text that OSC cannot hold.
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
    """Read a message.

    Raises:
        ValueError: it is none, or has arguments of kinds that are not known here.
    """
    address, place = _read_text(data, 0)
    tags, place = _read_text(data, place)
    params: list[Any] = []
    for tag in tags.removeprefix(","):
        if tag == "s":
            text, place = _read_text(data, place)
            params.append(text)
        elif tag in _NUMBERS:
            size = struct.calcsize(_NUMBERS[tag])
            if len(data) < place + size:
                raise ValueError("an OSC message that was cut off")
            params += struct.unpack_from(_NUMBERS[tag], data, place)
            place += size
        elif tag in _SIMPLE:
            params.append(_SIMPLE[tag])
        else:
            raise ValueError(f"an OSC argument of the kind {tag}")
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
    except UnicodeEncodeError:  # a file's name may be any bytes
        shown = text.encode(errors="replace").decode()
        raise ValueError(f"An OSC message carries UTF-8 alone, and “{shown}” is not.") from None
    return data + bytes(4 - len(data) % 4)


def _read_text(data: bytes, start: int) -> tuple[str, int]:
    end = data.find(b"\0", start)
    if end < 0:
        raise ValueError("an OSC text without an end")
    return data[start:end].decode(), end + 4 - (end - start) % 4
