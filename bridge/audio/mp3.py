"""Counts the samples of an MP3 file, so that files.py can detect when libsndfile's count is wrong.

If a file has no Xing or Info tag, libsndfile estimates the length from the first bit rate. If the bit rate varies, the
estimate may be too short, and libsndfile drops the rest of the file. libsndfile ignores VBRI tags. If a tag does not
contain the encoder delay, libsndfile removes a default delay.
"""

from __future__ import annotations

from typing import Protocol

RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz; for MPEG 1, 2 and 2.5
KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1 layer III
KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5 layer III
TAGS = (b"Xing", b"Info")
DECODER_DELAY = 529  # samples; delay of every layer III decoder (LAME's technical FAQ, "decoder delay")
FRAMES, BYTES, TOC, QUALITY = 1, 2, 4, 8  # flags for the fields in a tag


class Bytes(Protocol):
    """The content of a file: bytes or a memory map."""

    def __getitem__(self, index: slice, /) -> bytes: ...
    def __len__(self) -> int: ...


def frame_at(data: Bytes, start: int) -> tuple[int, int] | None:
    r"""Return the length (bytes, samples) of the layer III frame at `start`, or None if no frame starts there.

    ISO 11172-3, 2.4.1.3 describes the frame header.

    >>> frame_at(b"\xff\xfb\x90\x00", 0)  # MPEG 1, 128 kbit/s, 44.1 kHz
    (417, 1152)
    """
    head = int.from_bytes(data[start : start + 4], "big")
    version, layer, bit_rate, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or bit_rate in (0, 15) or rate == 3:
        return None
    samples = 1152 if version == 3 else 576
    kbit = (KBIT_1 if version == 3 else KBIT_2)[bit_rate]
    return samples // 8 * kbit * 1000 // RATES[version][rate] + (head >> 9 & 1), samples


def counted(data: Bytes) -> int | None:
    r"""Return the number of samples per channel; None if a tag contains the encoder delay, or if no frame is found.

    If a tag contains the encoder delay, libsndfile's own count is correct.

    >>> counted((b"\xff\xfb\x90\x00" + bytes(413)) * 10)
    11520
    """
    start = 0
    if data[:3] == b"ID3":
        sizes = zip(data[6:10], (21, 14, 7, 0), strict=False)  # four bytes with 7 bits each, or fewer in a damaged file
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
    """Return the frame count in a Xing or Info tag, or None if the tag also contains the encoder delay.

    LAME writes the encoder's name and the delay after the other fields of the tag.
    """
    flags = tag[7]
    end = 8 + 4 * bool(flags & FRAMES) + 4 * bool(flags & BYTES) + 100 * bool(flags & TOC) + 4 * bool(flags & QUALITY)
    if tag[end : end + 1] not in (b"\0", b""):
        return None
    return int.from_bytes(tag[8:12], "big")


def _walked(data: Bytes, start: int) -> int:
    """Count the samples of all frames from `start` on, header by header."""
    total = 0
    while frame := frame_at(data, start):
        if start + frame[0] > len(data):
            break
        start += frame[0]
        total += frame[1]
    return total
