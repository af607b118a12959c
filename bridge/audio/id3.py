"""Finds the end of the ID3 tags at the start of a file."""

from __future__ import annotations

from typing import BinaryIO

MOST = 10  # tags; more than any real file has


def tag_bytes(head: bytes) -> int:
    r"""Return the length of the ID3v2 tag that begins with `head` (10 bytes), or 0 if none begins there.

    >>> tag_bytes(b"ID3\4\0\0\0\0\1\0"), tag_bytes(b"fLaC")
    (138, 0)
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if head[5] & 0x10 else 0)  # flag: a footer repeats the header


def end(stream: BinaryIO) -> int:
    r"""Return the offset after all ID3v2 tags at the start of a file; 0 if there are none.

    >>> import io
    >>> end(io.BytesIO(b"ID3\4\0\0\0\0\0\1." + b"ID3\4\0\0\0\0\0\2.." + b"fLaC"))
    23
    """
    place = 0
    for _ in range(MOST):
        stream.seek(place)
        length = tag_bytes(stream.read(10))
        if not length:
            break
        place += length
    return place
