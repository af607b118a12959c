"""Reads container headers to find which bytes of a file are audio, even if the size in the header is impossible.

Recorders write the size last, so a crash leaves a placeholder, and a program that writes into a pipe cannot correct the
placeholder at all. libsndfile reads some of these files as empty and rejects others.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from bridge.audio.formats import W64_RIFF

UNKNOWN_32 = 0xFFFFFFFF  # value of a 32-bit size field in an RF64 file; the actual size is in the ds64 chunk
MOST_CHUNKS = 10_000  # more chunks than any real file has; limits the search in a malicious file
# Sizes that programs write before they know the size. They subtract the bytes of the header from the largest value.
PLACEHOLDERS = (range(0x7F000000, 0x80000001), range(0xFFFF0000, 0x100000000))
ENDLESS = 2**62  # bytes; no 64-bit size is this large
STARTS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"caff")  # first bytes of another file that follows the first
PLAIN = (1, 3, 0xFFFE)  # format tags of WAV in which every frame has the same number of bytes
OPEN = {b"caff": -1, b".snd": UNKNOWN_32, b"dns.": UNKNOWN_32}  # sizes that mean "to the end" by the format itself
AU_BYTES = {2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8}  # encodings of AU with uncompressed samples: bytes of a sample
LEAD = {b"SSND": 8, b"caff": 4}  # bytes of a chunk before its samples


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a container."""

    name: bytes
    start: int  # offset of its content
    size: int  # size of the content according to the header; CAF: below 0 if unknown
    field: int  # offset of the size field
    layout: str  # struct format of the size field
    counted: int = 0  # bytes of the chunk's head that the size field includes


@dataclass(frozen=True, slots=True)
class Extent:
    """The audio of a file: where the header says that it ends, and where it does end."""

    chunk: Chunk  # the chunk with the audio
    lead: int  # bytes of the chunk before the samples
    promised: int | None  # bytes of samples according to the header; None: the header gives no usable size
    there: int  # bytes of samples in the file
    is_open: bool = False  # whether the format allows the header to leave the size out, as this one does
    is_joined: bool = False  # whether another sound file follows

    @property
    def end(self) -> int:
        """Return the offset after the last byte of audio."""
        return self.chunk.start + self.lead + self.there

    def corrections(self) -> dict[int, bytes]:
        """Return the bytes to read in place of the size in the header, by their offset."""
        if self.promised == self.there:
            return {}
        size = self.lead + self.there + self.chunk.counted
        largest = 256 ** struct.calcsize(self.chunk.layout) - 1
        signed = self.chunk.layout.endswith("q")
        return {self.chunk.field: struct.pack(self.chunk.layout, min(size, largest >> signed))}


def extent(stream: BinaryIO) -> Extent | None:
    r"""Return where the audio of a file is, or None if the file is of a format without such a header.

    Supports RIFF, RIFX, RF64, BW64, W64, AIFF, AIFC, CAF and AU.

    >>> import io
    >>> found = extent(io.BytesIO(b"RIFF\xff\xff\0\0WAVEdata" + struct.pack("<I", 1000) + bytes(80)))
    >>> found.promised, found.there
    (1000, 80)
    """
    stream.seek(0)
    head = stream.read(40)
    align = _au_align(head)
    for chunk in _all_chunks(stream, head):
        if chunk.name in (b"data", b"SSND"):
            lead = LEAD.get(chunk.name) or LEAD.get(head[:4], 0)
            return _measured(stream, chunk, lead, align, OPEN.get(head[:4]))
        align = _align(stream, chunk, head) or align
    return None


def _all_chunks(stream: BinaryIO, head: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a file of any supported format."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _riff(stream, "<")
    if head[:4] == b"RIFX":
        return _riff(stream, ">")
    if head[:16] == W64_RIFF:
        return _w64_chunks(stream)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _chunks(stream, 12, ">4sI")
    if head[:4] == b"caff":
        return _chunks(stream, 8, ">4sq", padded=False)
    if head[:4] in (b".snd", b"dns.") and len(head) >= 24:  # AU (Sun): no chunks, the size is at offset 8
        order = ">" if head[:4] == b".snd" else "<"
        start, size = struct.unpack(f"{order}II", head[4:12])
        return iter([Chunk(b"data", start, size, 8, f"{order}I")])
    return iter(())


def _measured(stream: BinaryIO, chunk: Chunk, lead: int, align: int, open_size: int | None) -> Extent:
    """Compare the size of the audio in the header with the bytes that there are."""
    rest = max(0, stream.seek(0, os.SEEK_END) - chunk.start - lead)
    size, whole = chunk.size - lead, rest - rest % align
    is_open = chunk.size == open_size
    if is_open or _is_placeholder(size, rest) or size % align:
        after = chunk.start + max(0, chunk.size)
        if size > rest or is_open or not _is_followed_by_chunks(stream, after, _next_head(chunk)):
            return Extent(chunk, lead, None, whole, is_open)
    if size > rest:
        return Extent(chunk, lead, size, whole)
    found = Extent(chunk, lead, size, max(0, size))
    return replace(found, is_joined=_is_joined(stream, chunk))


def _is_placeholder(size: int, rest: int) -> bool:
    """Return whether a size of the audio in a header cannot be real; `rest`: the bytes that there are."""
    if size <= 0:
        return rest > 0
    return size > rest and (size >= ENDLESS or any(size in sizes for sizes in PLACEHOLDERS))


def _is_followed_by_chunks(stream: BinaryIO, after: int, layout: str) -> bool:
    """Return whether nothing but chunks follows the audio, so that its size in the header is probable.

    In some files, no padding byte follows a chunk with an odd size.
    """
    end = stream.seek(0, os.SEEK_END)
    for start in (after, after + 1):
        names = [one.name for one in _chunks(stream, start, layout) if one.start + one.size <= end]
        if names and names[0].isascii() and names[0].decode().isprintable():
            return True
    return False


def _next_head(chunk: Chunk) -> str:
    """Return the struct format of the name and size of the chunks after the audio; RF64's 64 bits are in ds64."""
    return f"{chunk.layout[0]}4s{'q' if chunk.layout.endswith('q') else 'I'}"


def _is_joined(stream: BinaryIO, chunk: Chunk) -> bool:
    """Return whether another file begins after the audio, or after the chunks that follow the audio."""
    if chunk.counted or chunk.field == 8:  # W64 and AU
        return False
    layout = _next_head(chunk)
    after, padded = chunk.start + chunk.size, layout.endswith("I")
    later = _chunks(stream, after + (after & padded), layout, padded=padded)
    return any(one.name in STARTS for one in later)


def _au_align(head: bytes) -> int:
    """Return the bytes of a frame if the file is an AU file with uncompressed samples, otherwise 1."""
    if head[:4] not in OPEN or head[:4] == b"caff" or len(head) < 24:
        return 1
    encoding, _, channels = struct.unpack(">III" if head[:4] == b".snd" else "<III", head[12:24])
    return int(AU_BYTES.get(encoding, 0) * channels) or 1


def _align(stream: BinaryIO, chunk: Chunk, head: bytes) -> int | None:
    """Return the bytes of a frame if the chunk describes uncompressed samples; None for other chunks."""
    if chunk.name not in (b"fmt ", b"COMM", b"desc"):
        return None
    stream.seek(chunk.start)
    content = stream.read(32)
    if len(content) < 18:
        return None
    if chunk.name == b"COMM":
        channels, bits = struct.unpack_from(">HxxxxH", content)
        return int(channels) * ((bits + 7) // 8) if head[8:12] == b"AIFF" else None
    if chunk.name == b"desc":
        return int.from_bytes(content[16:20], "big") or None
    tag, align = struct.unpack_from(f"{'>' if head[:4] == b'RIFX' else '<'}HxxxxxxxxxxH", content)
    return int(align) or None if tag in PLAIN else None


def _riff(stream: BinaryIO, order: str) -> Iterator[Chunk]:
    """Yield the chunks of a RIFF file.

    If the 32-bit size of the data chunk is UNKNOWN_32, its size is in the ds64 chunk, if there is one (EBU Tech 3306).
    """
    long_size = None
    for chunk in _chunks(stream, 12, f"{order}4sI"):
        if chunk.name == b"ds64":
            stream.seek(chunk.start + 8)
            field = stream.read(8)
            long_size = struct.unpack("<Q", field)[0] if len(field) == 8 else None
            place = chunk.start + 8
        if chunk.name == b"data" and chunk.size == UNKNOWN_32 and long_size is not None:
            yield replace(chunk, size=long_size, field=place, layout="<Q")
        else:
            yield chunk


def _chunks(stream: BinaryIO, start: int, layout: str, *, padded: bool = True) -> Iterator[Chunk]:
    """Yield the chunks from offset `start` on; `layout` is the struct format of a chunk's name and size."""
    head_size, end = struct.calcsize(layout), stream.seek(0, os.SEEK_END)
    for _ in range(MOST_CHUNKS):
        if start >= end:  # a 64-bit size may exceed the largest offset to which the system can seek
            return
        stream.seek(start)
        head = stream.read(head_size)
        if len(head) < head_size:
            return
        name, size = struct.unpack(layout, head)
        yield Chunk(name, start + head_size, size, start + 4, layout[0] + layout[-1])
        start += head_size + max(0, size) + (size & 1 if padded else 0)


def _w64_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks of Sony Wave64.

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
        yield Chunk(head[:4], start + 24, size - 24, start + 16, "<Q", counted=24)
        start += (size + 7) // 8 * 8
