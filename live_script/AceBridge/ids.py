"""Functions for random version 4 UUIDs without the module `uuid`, which some versions of Live do not have."""

from __future__ import annotations

import os
import re

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new_id():
    """Return a new random UUID."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40  # version 4
    data[8] = data[8] & 0x3F | 0x80  # the UUID variant defined in RFC 4122
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_id(text):
    """Return whether a string has the format of a UUID from `new_id`."""
    return _ID.fullmatch(text) is not None
