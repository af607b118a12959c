"""Parses untrusted bytes into OSC messages, each with the time at which it is due, and encodes messages.

network → sockets → here → server.py. This module checks the size limits and splits bundles
itself, and lets python-osc parse only single messages: the bundle parser of python-osc loops forever on a negative
element size, recurses without limit and reads the clock.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing import osc_types

LONGEST_TEXT = 1000  # maximum length of a text in bytes, so that a message fits into one network frame

_BUNDLE = b"#bundle\x00"
_BUNDLE_HEAD = len(_BUNDLE) + 8  # bytes, including the time tag
_TAGS = frozenset(b",ifsbhdtTFNrm[]")  # tags that python-osc supports; it logs a warning for any other tag
# OSC 1.0 types that python-osc does not support. Impulse ("bang") is read as true, symbol as string, char as int.
_SPELLINGS = bytes.maketrans(b"ISc", b"Tsi")


class PacketError(Exception):
    """An error for an invalid packet; `reason` is the name of the counter to increment."""

    def __init__(self, reason: Literal["malformed", "oversize", "nested"], text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message."""

    address: str
    arguments: tuple[Any, ...]
    due: float | None  # Unix time at which the message is due (time tag of its bundle), s; None: at once


def parse(data: bytes, max_packet: int, max_nesting: int) -> list[Incoming]:
    """Parse a packet.

    Args:
        data: a datagram, or a TCP packet without its length.
        max_packet: maximum size of the packet, bytes.
        max_nesting: maximum depth of nested bundles, and of nested arrays.

    Raises:
        PacketError: the packet is invalid.
    """
    if len(data) > max_packet:
        raise PacketError("oversize", f"{len(data)} bytes, the maximum is {max_packet}")
    return [_message(message, due, max_nesting) for message, due in _elements(data, None, 0, max_nesting)]


@lru_cache(maxsize=512, typed=True)  # the same state is sent to many subscribers, again and again
def build(address: str, *arguments: str | int | float | bool) -> bytes:
    """Encode a message with floats in single precision, and with integers that need more than 32 bits as int64."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(_sendable(argument) if isinstance(argument, str) else argument)
    return builder.build().dgram


def address_of(data: bytes) -> str:
    """Return the address of a message encoded by `build`."""
    return data[: data.index(0)].decode()


def shorten(text: str) -> str:
    """Cut a text after the last character that fits into `LONGEST_TEXT` bytes of UTF-8."""
    data = text.encode("utf-8", "replace")
    if len(data) <= LONGEST_TEXT:
        return text
    return data[: LONGEST_TEXT - 3].decode("utf-8", "ignore") + "…"


def _sendable(text: str) -> str:
    """Replace characters that an OSC string cannot contain: NUL and lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _elements(data: bytes, due: float | None, depth: int, limit: int) -> Iterator[tuple[bytes, float | None]]:
    """Yield the messages in a packet, each with the time tag of the innermost bundle that contains it."""
    if not data.startswith(_BUNDLE):
        yield data, due
        return
    if depth >= limit:
        raise PacketError("nested", f"more than {limit} nested bundles")
    if len(data) < _BUNDLE_HEAD:
        raise PacketError("malformed", "a bundle without a time tag")
    date, _ = osc_types.get_date(data, len(_BUNDLE))
    due = None if date == osc_types.IMMEDIATELY else date
    position = _BUNDLE_HEAD
    while position < len(data):
        if position + 4 > len(data):
            raise PacketError("malformed", "a bundle element without a size")
        (size,) = struct.unpack_from(">i", data, position)
        position += 4
        if not 0 < size <= len(data) - position:
            raise PacketError("malformed", f"a bundle element of {size} bytes")
        yield from _elements(data[position : position + size], due, depth + 1, limit)
        position += size


def _message(data: bytes, due: float | None, limit: int) -> Incoming:
    if not data.startswith(b"/"):
        raise PacketError("malformed", "neither a message nor a bundle")
    try:
        message = OscMessage(_known_tags(data, limit))
    except PacketError:
        raise
    except Exception as error:  # python-osc raises UnicodeDecodeError, OverflowError and others
        raise PacketError("malformed", "the message is truncated or has an invalid argument") from error
    return Incoming(message.address, tuple(message.params), due)


def _known_tags(data: bytes, limit: int) -> bytes:
    """Replace type tags that python-osc does not support by equivalent ones (raises PacketError for unknown tags)."""
    end = data.find(b"\0")
    start = end + 4 - end % 4
    if end < 0 or data[start : start + 1] != b",":
        return data
    stop = data.find(b"\0", start)
    tags = data[start : stop if stop >= 0 else len(data)].translate(_SPELLINGS)
    if not _TAGS.issuperset(tags):
        raise PacketError("malformed", "an argument of an unknown type")
    depth = 0
    for tag in tags:
        depth += (tag == ord("[")) - (tag == ord("]"))
        if depth > limit:
            raise PacketError("nested", f"more than {limit} nested arrays")
    return data[:start] + tags + data[start + len(tags) :]
