"""Writes sound files: FLAC for the engine, Broadcast Wave for the DAW, and a temporary spool.

Tasks write their output with these classes; files.py reads sound files.
"""

from __future__ import annotations

import contextlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import soundfile

from bridge.audio import bwf_header
from bridge.audio.block import FRAMES, Block
from bridge.audio.files import name_of

LEVEL = 0.5  # FLAC level 4 of 8; for 30 s, 20 ms slower than level 1 but 6 % smaller, so faster below 130 Mbit/s
SPOOL_BYTES = 64 * 2**20  # a larger spool goes to disk


class Writer(ABC):
    """A file that is being written; its `with` block finishes the file, or after an error only closes it.

    Windows requires that an unfinished file is closed before it is deleted.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    @abstractmethod
    def close(self) -> None:
        """Finish the file; raises OSError if it is incomplete."""

    @abstractmethod
    def abandon(self) -> None:
        """Close the file without checking it, because it will be rewritten or deleted."""


class FlacWriter(Writer):
    """Writes blocks into a FLAC file."""

    def __init__(self, path: Path, sample_rate: int, bits: int) -> None:
        """Create a stereo file of 16 or 24 bits.

        Raises:
            OSError: the file cannot be created.
        """
        path.touch()  # unlike libsndfile, this gives the reason if the folder is not writable
        self._path = path
        self._bits = bits
        self._frames = 0
        self._file = soundfile.SoundFile(
            name_of(path), "w", sample_rate, 2, f"PCM_{bits}", format="FLAC", compression_level=LEVEL
        )

    def write(self, block: Block) -> None:
        """Append a block (frames × 2).

        Raises:
            OSError: the block cannot be written.
        """
        try:
            self._file.write(quantised(block, self._bits) << (32 - self._bits))
        except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all frames were written
            raise OSError(f"{self._path} could not be written.") from error
        self._frames += len(block)

    def close(self) -> None:
        """Finish the file and check that its last frame can be read, since libsndfile reports no failed write.

        Raises:
            OSError: the file is incomplete.
        """
        if self._file.closed:
            return
        self._file.close()
        try:
            with soundfile.SoundFile(name_of(self._path)) as written:
                written.seek(max(0, self._frames - 1))
                complete = len(written.read(1)) == min(1, self._frames)
        except soundfile.LibsndfileError:
            complete = False
        if not complete:
            raise OSError(f"{self._path} could not be written to its end.")

    def abandon(self) -> None:
        self._file.close()


class WavWriter(Writer):
    """Writes blocks into a Broadcast Wave file, RF64 above 4 GiB."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        frames: int,
        encoding: bwf_header.Encoding,
        bext: bwf_header.Bext | None = None,
        info: Mapping[str, str] | None = None,
    ) -> None:
        """Create a stereo file of `frames` frames.

        Raises:
            OSError: the file cannot be created.
        """
        self._encoding = encoding
        self._tail = b"\0" * (frames * 2 * bwf_header.WIDTH[encoding] % 2)
        self._stream: BinaryIO = path.open("wb")
        self._stream.write(bwf_header.header(sample_rate, 2, frames, encoding, bext, info or {}))

    def write(self, block: Block) -> None:
        """Append a block (frames × 2)."""
        if self._encoding == "float32":
            self._stream.write(np.ascontiguousarray(block, "<f4").data)
            return
        integers = np.ascontiguousarray(quantised(block, 24), "<i4")
        self._stream.write(np.ascontiguousarray(integers.view(np.uint8).reshape(-1, 4)[:, :3]).data)

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: the file is incomplete.
        """
        with self._stream:
            self._stream.write(self._tail)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):  # flushing the buffer may fail, too
            self._stream.close()


class Spool:
    """Keeps a stream of stereo blocks in memory, or on disk if it is large, so that it can be read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[Block] = []
        self._file: IO[bytes] | None = None
        self.frames = 0

    def append(self, block: Block) -> None:
        """Add a block (frames × 2), which must not be changed afterwards.

        Raises:
            OSError: the block cannot be written.
        """
        self._held.append(block)
        self.frames += len(block)
        if self._file is None and self.frames * 8 > SPOOL_BYTES:
            self._file = tempfile.TemporaryFile(dir=self._folder, prefix=".spool-")  # noqa: SIM115 - closed in close()
        if self._file is not None:
            for held in self._held:
                self._file.write(np.ascontiguousarray(held).data)
            self._held.clear()

    def blocks(self, size: int = FRAMES) -> Iterator[Block]:
        """Yield the stream from its start: from disk in blocks of `size` frames, from memory in the added blocks."""
        if self._file is None:
            yield from self._held
            return
        self._file.seek(0)
        while data := self._file.read(size * 8):
            yield np.frombuffer(data, np.float32).reshape(-1, 2)

    def close(self) -> None:
        """Discard the stream."""
        self._held.clear()
        if self._file is not None:
            self._file.close()


def quantised(block: Block, bits: int) -> npt.NDArray[np.int32]:
    """Convert samples to integers of `bits` bits, rounded and clipped at full scale; exact if they were PCM.

    >>> quantised(np.float32([[0.5, -1.0, 1.5]]), bits=16).tolist()
    [[16384, -32768, 32767]]
    """
    scale = float(2 ** (bits - 1))
    scaled = block * np.float32(scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -scale, scale - 1, out=scaled)
    return scaled.astype(np.int32)
