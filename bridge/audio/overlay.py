"""Presents a file with corrections to its header; the file itself is never changed."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import BinaryIO


class Overlay(io.RawIOBase):
    """A file in which some bytes are replaced while they are read, and which may end early."""

    def __init__(self, stream: BinaryIO, corrections: Mapping[int, bytes], end: int | None = None) -> None:
        """Read `stream` with the bytes in `corrections` at their offsets, up to offset `end` (None: the whole file)."""
        self._stream = stream
        self._corrections = corrections
        self._end = stream.seek(0, os.SEEK_END) if end is None else end
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # libsndfile passes a cffi buffer
        count = max(0, min(len(buffer), self._end - self._at))
        self._stream.seek(self._at)
        data = bytearray(self._stream.read(count))
        for place, value in self._corrections.items():
            for index, byte in enumerate(value, place - self._at):
                if 0 <= index < len(data):
                    data[index] = byte
        buffer[: len(data)] = bytes(data)
        self._at += len(data)
        return len(data)
