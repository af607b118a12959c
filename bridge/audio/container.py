"""Reads container headers to find where the audio should end and which decoder the file needs.

files.py reads the header before it decodes a file, because libsndfile decodes a truncated file as a shorter file and
reports no error.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

UNKNOWN_32 = 0xFFFFFFFF  # value of a 32-bit size field in an RF64 file; the actual size is in the ds64 chunk
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
# Signatures of the formats that only ffmpeg can decode: offset and bytes.
FOREIGN = (
    (4, b"ftyp"),  # MPEG-4: AAC and ALAC, and QuickTime
    (0, b"wvpk"),  # WavPack
    (0, b"MAC "),  # Monkey's Audio
    (0, b"TTA1"),  # True Audio
    (0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),  # Windows Media
    (0, bytes.fromhex("1a45dfa3")),  # Matroska and WebM
    (0, bytes.fromhex("0b77")),  # AC-3
)
MIXED = (b"OggS", b"caff", b"RIFF", b"RF64", b"BW64", b"FORM", W64_RIFF[:4])  # containers that support several codecs
MOST_CHUNKS = 10_000  # more chunks than any real file has; limits the search in a malicious file


def promised_end(stream: BinaryIO) -> int | None:
    r"""Return the byte offset at which the audio should end, or None if the header does not give this offset.

    Supports RIFF, RIFX, RF64, BW64, W64, AIFF, AIFC and CAF.

    >>> import io
    >>> promised_end(io.BytesIO(b"RIFF\xff\xff\0\0WAVEdata" + struct.pack("<I", 1000)))
    1020
    """
    head = stream.read(40)
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _riff(stream, "<")
    if head[:4] == b"RIFX":
        return _riff(stream, ">")
    if head[:16] == W64_RIFF:
        return _find(_w64_chunks(stream), b"data")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _find(_chunks(stream, 12, ">4sI"), b"SSND")
    if head[:4] == b"caff":
        end = _find(_chunks(stream, 8, ">4sq", padded=False), b"data")
        return None if end == 0 else end
    return None


def is_float_w64(head: bytes) -> bool:
    """Return whether a file is a W64 with 32-bit float samples under the extensible format tag, as written by ffmpeg.

    Args:
        head: the first 128 bytes of the file; in every known W64 file, the format chunk comes first.

    >>> is_float_w64(b"RIFF" + bytes(124))
    False
    """
    if head[:16] != W64_RIFF or head[40:44] != b"fmt " or len(head) < 104:
        return False
    tag, width, form = (int.from_bytes(head[at : at + 2], "little") for at in (64, 78, 88))
    return tag == 0xFFFE and width == 32 and form == 3


def is_foreign(head: bytes, suffix: str) -> bool:
    r"""Return whether only ffmpeg can decode a file.

    Args:
        head: the first 128 bytes of the file.
        suffix: the file's extension in lower case; it identifies ADTS (raw AAC), which has the same sync word as MP3.

    >>> is_foreign(b"\0\0\0\x20ftypM4A ", ".m4a"), is_foreign(b"fLaC", ".flac")
    (True, False)
    """
    if any(head[at : at + len(mark)] == mark for at, mark in FOREIGN):
        return True
    return suffix == ".aac" and len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def is_mixed(head: bytes) -> bool:
    """Return whether a file's container may hold a codec that ffmpeg supports and libsndfile does not.

    >>> is_mixed(b"OggS"), is_mixed(b"fLaC")
    (True, False)
    """
    return head[:4] in MIXED


def _find(chunks: Iterator[tuple[bytes, int, int]], name: bytes) -> int | None:
    return next((start + size if size >= 0 else 0 for found, start, size in chunks if found == name), None)


def _riff(stream: BinaryIO, order: str) -> int | None:
    """Return the end of the data chunk, whose size is in ds64 if the 32-bit field is UNKNOWN_32 (EBU Tech 3306)."""
    long_size = None
    for name, start, size in _chunks(stream, 12, f"{order}4sI"):
        if name == b"ds64":
            stream.seek(start + 8)
            field = stream.read(8)
            long_size = struct.unpack("<Q", field)[0] if len(field) == 8 else None
        if name == b"data":
            return start + (long_size if size == UNKNOWN_32 and long_size is not None else size)
    return None


def _chunks(stream: BinaryIO, start: int, layout: str, *, padded: bool = True) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, offset of the content, size of the content) for each chunk."""
    head_size, end = struct.calcsize(layout), stream.seek(0, os.SEEK_END)
    for _ in range(MOST_CHUNKS):
        if start >= end:  # a 64-bit size may exceed the largest offset to which the system can seek
            return
        stream.seek(start)
        head = stream.read(head_size)
        if len(head) < head_size:
            return
        name, size = struct.unpack(layout, head)
        yield name, start + head_size, size
        start += head_size + max(0, size) + (size & 1 if padded else 0)


def _w64_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks of Sony Wave64, as `_chunks` does.

    Each chunk is aligned to 8 bytes and begins with a 16-byte GUID, whose first 4 bytes are the name.
    """
    start, end = 40, stream.seek(0, os.SEEK_END)
    for _ in range(MOST_CHUNKS):
        if start >= end:
            return
        stream.seek(start)
        head = stream.read(24)
        if len(head) < 24:
            return
        size = max(24, struct.unpack("<Q", head[16:])[0])
        yield head[:4], start + 24, size - 24
        start += (size + 7) // 8 * 8
