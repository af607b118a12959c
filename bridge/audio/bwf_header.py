"""Builds the header of a Broadcast Wave file: RIFF or RF64, then the chunks bext, fmt, LIST INFO and data.

writers.WavWriter writes the header. The layouts are from EBU Tech 3285 v2 (bext), EBU Tech 3306 (RF64) and the RIFF
specification.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["pcm24", "float32"]

WIDTH: Mapping[str, int] = {"pcm24": 3, "float32": 4}  # bytes per sample
NO_LOUDNESS = 0x7FFF  # bext v2: value of an unused loudness field
LARGEST = 0xFFFFFFFF  # bytes; largest value of a RIFF size field


@dataclass(frozen=True, slots=True)
class Bext:
    """The broadcast extension chunk, version 2."""

    description: str = ""  # up to 256 bytes
    originator: str = ""  # up to 32 bytes
    originator_reference: str = ""  # up to 32 bytes
    origination_date: str = ""  # yyyy-mm-dd
    origination_time: str = ""  # hh:mm:ss
    time_reference: int = 0  # samples since midnight, or since the project's start
    coding_history: str = ""  # lines of the form A=…,F=…
    lufs: float | None = None  # integrated loudness, LUFS
    true_peak_db: float | None = None  # highest true peak, dBTP


def header(
    sample_rate: int, channels: int, frames: int, encoding: Encoding, bext: Bext | None, info: Mapping[str, str]
) -> bytes:
    """Return the header: all bytes before the samples.

    In a RIFF file, a `JUNK` chunk takes the place of `ds64`, so that RIFF and RF64 have the same layout. WAV readers
    skip `JUNK`.

    >>> head = header(48000, 2, frames=100, encoding="pcm24", bext=None, info={"INAM": "Remix"})
    >>> head[:4], head[-8:-4], int.from_bytes(head[-4:], "little")  # 100 frames × 2 channels × 3 bytes
    (b'RIFF', b'data', 600)
    """
    data_size = frames * channels * WIDTH[encoding]
    parts = [_chunk(b"bext", _bext(bext))] if bext is not None else []
    parts.append(_format(sample_rate, channels, frames, encoding))
    if info:
        parts.append(_info(info))
    middle = b"".join(parts)
    total = 4 + 36 + len(middle) + 8 + data_size + data_size % 2
    if total > LARGEST:
        size_chunk = _chunk(b"ds64", struct.pack("<QQQI", total, data_size, frames, 0))
        return (
            b"RF64"
            + struct.pack("<I4s", LARGEST, b"WAVE")
            + size_chunk
            + middle
            + struct.pack("<4sI", b"data", LARGEST)
        )
    place = _chunk(b"JUNK", bytes(28))
    return b"RIFF" + struct.pack("<I4s", total, b"WAVE") + place + middle + struct.pack("<4sI", b"data", data_size)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _format(sample_rate: int, channels: int, frames: int, encoding: Encoding) -> bytes:
    """Return the `fmt ` chunk; for float samples, append the `fact` chunk that every format except PCM needs."""
    width = WIDTH[encoding]
    tag = 3 if encoding == "float32" else 1
    fields = struct.pack(
        "<HHIIHH", tag, channels, sample_rate, sample_rate * channels * width, channels * width, width * 8
    )
    if encoding == "pcm24":
        return _chunk(b"fmt ", fields)
    return _chunk(b"fmt ", fields + struct.pack("<H", 0)) + _chunk(b"fact", struct.pack("<I", min(frames, LARGEST)))


def _text(text: str, size: int) -> bytes:
    """Return the text as UTF-8 padded to `size` bytes; longer text is cut after a complete character."""
    return text.encode(errors="replace")[:size].decode(errors="ignore").encode().ljust(size, b"\0")


def _level(value: float | None) -> int:
    """Return the value in hundredths, or NO_LOUDNESS if the value is None or out of the field's range."""
    if value is None or not -327.0 < value < 327.0:
        return NO_LOUDNESS
    return round(value * 100)


def _bext(bext: Bext) -> bytes:
    texts = (
        _text(bext.description, 256)
        + _text(bext.originator, 32)
        + _text(bext.originator_reference, 32)
        + _text(bext.origination_date, 10)
        + _text(bext.origination_time, 8)
    )
    levels = struct.pack("<5h", _level(bext.lufs), NO_LOUDNESS, _level(bext.true_peak_db), NO_LOUDNESS, NO_LOUDNESS)
    history = bext.coding_history.encode(errors="replace")
    reference = struct.pack("<QH", max(0, bext.time_reference), 2)
    return texts + reference + bytes(64) + levels + bytes(180) + history + b"\0" * bool(history)


def _info(info: Mapping[str, str]) -> bytes:
    """Return the LIST chunk with the INFO fields, whose names have four letters, for example INAM and ISFT."""
    fields = b"".join(
        _chunk(name.encode("ascii"), value.encode(errors="replace") + b"\0") for name, value in info.items()
    )
    return _chunk(b"LIST", b"INFO" + fields)
