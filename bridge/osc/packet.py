"""One OSC packet: bytes from anybody to messages with their due times, and messages to bytes.

network → sockets → here → server.py. Bounds are checked before python-osc sees a byte, and it sees single messages
only: its own bundle parser runs for ever on a negative element size, recurses without limit, and reads the clock.
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

LONGEST_TEXT = 1000  # bytes of a text that is meant for people, so that a message stays in one frame of a network

_BUNDLE = b"#bundle\x00"
_BUNDLE_HEAD = len(_BUNDLE) + 8  # with the time tag
_TAGS = frozenset(b",ifsbhdtTFNrm[]")  # what python-osc reads; at others it warns on the root logger
# OSC 1.0's spellings that python-osc does not know: impulse ("bang") as true, symbol as string, char as its number.
_SPELLINGS = bytes.maketrans(b"ISc", b"Tsi")


class PacketError(Exception):
    """These bytes are not a packet that the bridge takes; `reason` is the counter that it goes into."""

    def __init__(self, reason: Literal["malformed", "oversize", "nested"], text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message."""

    address: str
    arguments: tuple[Any, ...]
    due: float | None  # unix time, s, of the bundle it was in; None: at once


def parse(data: bytes, max_packet: int, max_nesting: int) -> list[Incoming]:
    """Read a packet.

    Args:
        data: a datagram, or a TCP packet without its length.
        max_packet: bytes.
        max_nesting: bundles within bundles, and arrays within arrays.

    Raises:
        PacketError: nothing of the packet may be used.
    """
    if len(data) > max_packet:
        raise PacketError("oversize", f"{len(data)} bytes, at most {max_packet} are taken")
    return [_message(message, due, max_nesting) for message, due in _elements(data, None, 0, max_nesting)]


@lru_cache(maxsize=512, typed=True)  # the present state is told to many, and again and again
def build(address: str, *arguments: str | int | float | bool) -> bytes:
    """Write a message; floats go out in single precision, whole numbers over 31 bits as int64."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(_sendable(argument) if isinstance(argument, str) else argument)
    return builder.build().dgram


def address_of(data: bytes) -> str:
    """Return the address of a message that `build` has written."""
    return data[: data.index(0)].decode()


def shorten(text: str) -> str:
    """Cut a text for people to `LONGEST_TEXT` bytes of UTF-8, at a whole character."""
    data = text.encode("utf-8", "replace")
    if len(data) <= LONGEST_TEXT:
        return text
    return data[: LONGEST_TEXT - 3].decode("utf-8", "ignore") + "…"


def _sendable(text: str) -> str:
    """Return the text as UTF-8 can carry it: a NUL would end it early, half a surrogate pair cannot be written."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _elements(data: bytes, due: float | None, depth: int, limit: int) -> Iterator[tuple[bytes, float | None]]:
    """Yield the messages of a packet with the time of the innermost bundle around each."""
    if not data.startswith(_BUNDLE):
        yield data, due
        return
    if depth >= limit:
        raise PacketError("nested", f"more than {limit} bundles within each other")
    if len(data) < _BUNDLE_HEAD:
        raise PacketError("malformed", "a bundle without a time tag")
    date, _ = osc_types.get_date(data, len(_BUNDLE))
    due = None if date == osc_types.IMMEDIATELY else date
    position = _BUNDLE_HEAD
    while position < len(data):
        if position + 4 > len(data):
            raise PacketError("malformed", "a bundle's element without a size")
        (size,) = struct.unpack_from(">i", data, position)
        position += 4
        if not 0 < size <= len(data) - position:
            raise PacketError("malformed", f"a bundle's element of {size} bytes")
        yield from _elements(data[position : position + size], due, depth + 1, limit)
        position += size


def _message(data: bytes, due: float | None, limit: int) -> Incoming:
    if not data.startswith(b"/"):
        raise PacketError("malformed", "neither a message nor a bundle")
    try:
        message = OscMessage(_known_tags(data, limit))
    except PacketError:
        raise
    except (
        Exception
    ) as error:  # python-osc lets UnicodeDecodeError, OverflowError and others through; all mean the same
        raise PacketError("malformed", "the message breaks off or has a wrong argument") from error
    return Incoming(message.address, tuple(message.params), due)


def _known_tags(data: bytes, limit: int) -> bytes:
    """Return the message with the type tags that python-osc knows, or raise PacketError for others."""
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
            raise PacketError("nested", f"more than {limit} arrays within each other")
    return data[:start] + tags + data[start + len(tags) :]
