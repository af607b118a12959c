"""An OSC 1.0 codec. It encodes arguments of type i, f, s, T and F, and decodes these and also d, h, N and I."""

from __future__ import annotations

import struct


def encode(address, *values):
    """Return one message as bytes; floats are encoded in single precision."""
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
        ValueError: The bytes are not an OSC message, or an argument has an unsupported type.
    """
    try:
        address, position = _read_text(data, 0)
        if not address.startswith("/"):
            raise ValueError("missing address")
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
        raise ValueError("unknown argument type " + tag)
    form = _NUMBERS[tag]
    return struct.unpack_from(form, data, position)[0], position + struct.calcsize(form)


def _text(text):
    data = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    return data + b"\0" * (-len(data) % 4)


def _read_text(data, position):
    end = data.find(b"\0", position)
    if end < 0:
        raise ValueError("unterminated string")
    return data[position:end].decode("utf-8"), end + 4 - end % 4
