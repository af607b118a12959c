"""OSC messages, as far as a doorbell needs them: i, f, s, T, F out; also d, h, N in.

doorbell.py sends and reads them. Formats from the OSC 1.0 specification.
"""

from __future__ import annotations

import struct


def encode(address, *values):
    """Return one message as bytes; a float goes out in single precision."""
    tags, body = ",", b""
    for value in values:
        if value is True or value is False:
            tags += "T" if value else "F"
        elif isinstance(value, int):
            tags += "i"
            body += struct.pack(">i", value)
        elif isinstance(value, float):
            tags += "f"
            body += struct.pack(">f", value)
        else:
            tags += "s"
            body += _text(str(value))
    return _text(address) + _text(tags) + body


def decode(data):
    """Return (address, values) of one message.

    Raises:
        ValueError: these bytes are no message that we read.
    """
    try:
        address, position = _read_text(data, 0)
        if not address.startswith("/"):
            raise ValueError("no address")
        if position >= len(data):
            return address, []
        tags, position = _read_text(data, position)
        values = []
        for tag in tags[1:]:
            value, position = _read(tag, data, position)
            values.append(value)
    except (struct.error, UnicodeDecodeError) as problem:
        raise ValueError(str(problem)) from problem
    return address, values


_NUMBERS = {"i": ">i", "f": ">f", "d": ">d", "h": ">q"}
_FIXED = {"T": True, "F": False, "N": None, "I": True}


def _read(tag, data, position):
    if tag in _FIXED:
        return _FIXED[tag], position
    if tag == "s":
        return _read_text(data, position)
    if tag not in _NUMBERS:
        raise ValueError("an argument of type " + tag)
    form = _NUMBERS[tag]
    return struct.unpack_from(form, data, position)[0], position + struct.calcsize(form)


def _text(text):
    data = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    return data + b"\0" * (-len(data) % 4)


def _read_text(data, position):
    end = data.find(b"\0", position)
    if end < 0:
        raise ValueError("a text without an end")
    return data[position:end].decode("utf-8"), end + 4 - end % 4
