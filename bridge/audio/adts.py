"""Recognises raw AAC (ADTS) by its frames, because such a file has no signature and its suffix may be wrong."""

from __future__ import annotations

from typing import BinaryIO

from bridge.audio import id3

SEARCHED = 65_536  # bytes in which a frame must begin, after any ID3 tag
FRAMES = 3  # frames in a row that prove the format; fewer if the file ends after them


def frame_bytes(head: bytes) -> int | None:
    r"""Return the length in bytes of the frame that begins with `head`, or None if no frame begins there.

    ISO 13818-7, 6.2 describes the header. MP3 has the same sync word, but other values in the two bits for the layer.

    >>> frame_bytes(bytes.fromhex("fff150800e7ffc")), frame_bytes(bytes.fromhex("fffb9064000000"))
    (115, None)
    """
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else None


def begins(stream: BinaryIO) -> bool:
    """Return whether a file begins with raw AAC, after any ID3 tag.

    >>> import io
    >>> begins(io.BytesIO(3 * bytes.fromhex("fff150800e7ffc" + 108 * "00")))
    True
    """
    return _is_chain(_after_tags(stream), 0)


def is_found(stream: BinaryIO) -> bool:
    """Return whether raw AAC begins soon after the start of a file, behind other bytes.

    >>> import io
    >>> is_found(io.BytesIO(bytes(1000) + 3 * bytes.fromhex("fff150800e7ffc" + 108 * "00")))
    True
    """
    data = _after_tags(stream)
    place = data.find(b"\xff")
    while 0 <= place < SEARCHED:
        if _is_chain(data, place):
            return True
        place = data.find(b"\xff", place + 1)
    return False


def _after_tags(stream: BinaryIO) -> bytes:
    stream.seek(id3.end(stream))
    return stream.read(2 * SEARCHED)


def _is_chain(data: bytes, place: int) -> bool:
    """Return whether frames with the same format follow each other from `place` on."""
    same = data[place + 1 : place + 3]
    for _ in range(FRAMES):
        length = frame_bytes(data[place : place + 7])
        if length is None or data[place + 1 : place + 3] != same:
            return False
        place += length
        if place == len(data):
            return True
    return True
