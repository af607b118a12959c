"""How many frames of sound an MP3 has where libsndfile may be wrong about it, so that files.py can find that out.

Without a Xing or Info tag libsndfile estimates that from the first bit rate and silently drops the rest of a file whose
rate varies. VBRI tags it does not know. And where a tag says nothing of the encoder's delay it takes out its own.
"""

from __future__ import annotations

from typing import Protocol

RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by MPEG version: 1, 2, 2.5
KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1 layer III
KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5 layer III
TAGS = (b"Xing", b"Info")
DECODER_DELAY = 529  # frames by which every decoder of layer III is late (LAME's technical FAQ, "decoder delay")
FRAMES, BYTES, TOC, QUALITY = 1, 2, 4, 8  # bits of the tag's flags: which of its fields are there


class Bytes(Protocol):
    """A file's content: bytes or a memory map."""

    def __getitem__(self, index: slice, /) -> bytes: ...
    def __len__(self) -> int: ...


def frame_at(data: Bytes, start: int) -> tuple[int, int] | None:
    """Return (bytes, samples) of the layer III frame whose header is at `start`, or None (ISO 11172-3, 2.4.1.3)."""
    head = int.from_bytes(data[start : start + 4], "big")
    version, layer, bit_rate, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or bit_rate in (0, 15) or rate == 3:
        return None
    samples = 1152 if version == 3 else 576
    kbit = (KBIT_1 if version == 3 else KBIT_2)[bit_rate]
    return samples // 8 * kbit * 1000 // RATES[version][rate] + (head >> 9 & 1), samples


def counted(data: Bytes) -> int | None:
    """Return the samples per channel; None when a tag with the encoder's delay says it, or nothing can be counted."""
    start = 0
    if data[:3] == b"ID3":
        sizes = zip(data[6:10], (21, 14, 7, 0), strict=False)  # four times seven bits, fewer in a broken file
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in sizes)
    first = frame_at(data, start)
    if first is None:
        return None
    frame = data[start : start + first[0]]
    tag = next((frame[frame.index(tag) :] for tag in TAGS if tag in frame), None)
    if tag is not None and len(tag) > 12 and tag[7] & FRAMES:
        told = _told(tag)
        return told * first[1] if told is not None else None
    if b"VBRI" in frame:
        start += first[0]
    return _walked(data, start)


def _told(tag: bytes) -> int | None:
    """Return the frames that a Xing or Info tag tells of; None where it tells of the encoder's delay too.

    The delay stands in what LAME put behind the tag's own fields, beginning with the encoder's name.
    """
    flags = tag[7]
    end = 8 + 4 * bool(flags & FRAMES) + 4 * bool(flags & BYTES) + 100 * bool(flags & TOC) + 4 * bool(flags & QUALITY)
    if tag[end : end + 1] not in (b"\0", b""):
        return None
    return int.from_bytes(tag[8:12], "big")


def _walked(data: Bytes, start: int) -> int:
    """Return the samples of all frames from a place on, header by header."""
    total = 0
    while frame := frame_at(data, start):
        if start + frame[0] > len(data):
            break
        start += frame[0]
        total += frame[1]
    return total
