"""Finds the real length of a FLAC file, because libsndfile reads only as many samples as STREAMINFO says.

RFC 9639 describes the format. The last frame of a file states its position, and its checksums show that it is complete.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

from bridge.audio import id3

STREAM = b"fLaC\0\0\0\x22"  # signature, followed by STREAMINFO (34 bytes) as the first block, not the last one
ONLY_STREAM = b"fLaC\x80\0\0\x22"  # the same if STREAMINFO is also the last block
TOTAL = 18  # offset from the signature to the 8 bytes that end with the number of samples (36 bits)
UNSURE_BLOCKS = {6: 1, 7: 2}  # block size codes for which the header ends with the block size: bytes
UNSURE_RATES = {12: 1, 13: 2, 14: 2}  # rate codes for which the header ends with the rate: bytes
LARGEST_FRAME = 2**20  # bytes; the search for the last frame goes back this far
SAMPLED, WINDOW = 16, 65_536  # places at which the positions of frames are compared, and bytes to search there
TRIES = 20  # frame headers to check against the checksum of their frame; limits the search in a malicious file
ID3V1 = 128  # bytes of an ID3v1 tag at the end of a file


@dataclass(frozen=True, slots=True)
class Length:
    """The number of samples per channel in a FLAC file."""

    start: int  # offset of the signature
    told: int  # by STREAMINFO; 0: unknown
    last: int | None  # by the last frame; None: the last frame is incomplete, so the file was cut off
    others: tuple[int, ...]  # offsets of the streams that follow the first one
    later: int  # samples in these streams by their headers


def measured(data: bytes | mmap) -> Length | None:
    r"""Return the length of a FLAC file by its header and by its last frame, or None if it is not a FLAC file.

    >>> length = measured(b"fLaC\x80\0\0\x22" + bytes(10) + struct.pack(">Q", 1000) + bytes(16))
    >>> length.told, length.last
    (1000, None)
    """
    first = 0
    while length := id3.tag_bytes(data[first : first + 10]):
        first += length
    if data[first : first + len(STREAM)] not in (STREAM, ONLY_STREAM) or len(data) < first + TOTAL + 8:
        return None
    told, last = _told(data, first), _last(data, first)
    others: list[int] = []
    if last != told or not _goes_on(data, first):  # the search reads the whole file
        place = first
        while (found := _next_stream(data, place + 4)) is not None:
            others.append(place := found)
    return Length(first, told, last, tuple(others), sum(_told(data, other) for other in others))


def correction(data: bytes | mmap, length: Length, samples: int) -> dict[int, bytes]:
    r"""Return the bytes that state `samples` in STREAMINFO, by their offset.

    >>> data = b"fLaC\x80\0\0\x22" + bytes(34)
    >>> correction(data, Length(0, 0, None, (), 0), 258)
    {18: b'\x00\x00\x00\x00\x00\x00\x01\x02'}
    """
    place = length.start + TOTAL
    (word,) = struct.unpack(">Q", data[place : place + 8])
    return {place: struct.pack(">Q", word >> 36 << 36 | samples)}


def _next_stream(data: bytes | mmap, start: int) -> int | None:
    places = [place for mark in (STREAM, ONLY_STREAM) if (place := data.find(mark, start)) >= 0]
    return min(places, default=None) if places and min(places) + TOTAL + 8 <= len(data) else None


def _told(data: bytes | mmap, start: int) -> int:
    return int.from_bytes(data[start + TOTAL : start + TOTAL + 8], "big") & (2**36 - 1)


def _goes_on(data: bytes | mmap, start: int) -> bool:
    """Return whether the positions of some frames rise from the start of a file to its end, as in a single stream."""
    ends, block = [], _block_size(data, start)
    for number in range(SAMPLED):
        first = start + (len(data) - start) * number // SAMPLED
        window = data[first : first + WINDOW]
        place = window.find(b"\xff")
        while place >= 0 and (end := _frame_end(window[place : place + 16], block)) is None:
            place = window.find(b"\xff", place + 1)
        if place >= 0 and end is not None:
            ends.append(end)
    return ends == sorted(ends)


def _block_size(data: bytes | mmap, start: int) -> int | None:
    """Return the samples per frame if all frames but the last have the same number of samples, otherwise None."""
    smallest, largest = struct.unpack(">HH", data[start + 8 : start + 12])
    return int(largest) if smallest == largest else None


def _last(data: bytes | mmap, start: int) -> int | None:
    """Return the position after the last frame of a file, or None if the file does not end with a complete frame."""
    for tag in (0, ID3V1):
        stop = len(data) - tag
        if stop <= start or (tag and data[stop : stop + 3] != b"TAG"):
            continue
        first = max(start, stop - LARGEST_FRAME)
        tail = data[first:stop]
        if (end := _last_end(tail, _block_size(data, start))) is not None:
            return end
    return None


def _last_end(tail: bytes, block: int | None) -> int | None:
    """Return the position after the frame that ends with the last byte of `tail`, or None if there is no such frame."""
    place, tries = tail.rfind(b"\xff"), TRIES
    while place >= 0 and tries:
        end = _frame_end(tail[place : place + 16], block)
        if end is not None:
            tries -= 1
            if not _crc16(tail[place:]):
                return end
        place = tail.rfind(b"\xff", 0, place)
    return None


def _frame_end(head: bytes, block: int | None) -> int | None:
    """Return the position after the frame whose header begins with `head`, or None if no frame begins there.

    Args:
        head: at least 16 bytes, fewer at the end of the file.
        block: samples per frame if all frames but the last have the same number of samples, otherwise None.
    """
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] >> 4 == 0 or head[2] & 15 == 15 or head[3] & 1:
        return None
    ones = next((count for count in range(8) if not head[4] >> (7 - count) & 1), 8)
    if ones in (1, 8):
        return None
    more = max(0, ones - 1)
    number = head[4] & (0x7F >> ones)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    at, code = 5 + more, head[2] >> 4
    wide = UNSURE_BLOCKS.get(code, 0)
    samples = int.from_bytes(head[at : at + wide], "big") + 1 if wide else _block(code)
    at += wide + UNSURE_RATES.get(head[2] & 15, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    return (number if head[1] & 1 or block is None else number * block) + samples


def _block(code: int) -> int:
    return 192 if code == 1 else 576 << (code - 2) if code < 6 else 256 << (code - 8)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x107 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        crc = value << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005 if crc & 0x8000 else crc << 1) & 0xFFFF
        found.append(crc)
    return tuple(found)


_CRC16 = _table()


def _crc16(data: bytes) -> int:
    """Return the checksum of a frame; it is 0 over a frame with its own checksum at the end."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
    return crc
