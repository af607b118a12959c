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

# FLAC level 4 of 8. Compared with level 1, 30 s of audio take 20 ms longer to encode, but the file is 6 % smaller,
# which saves time in total if it is sent at less than 130 Mbit/s.
LEVEL = 0.5
SPOOL_BYTES = 64 * 2**20  # size above which a spool moves to disk


class Writer(ABC):
    """A file that is being written, for use in a `with` block.

    The end of the block finishes the file. After an error in the block, the file is only closed, since Windows cannot
    delete an open file.
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
        """Finish the file; raise OSError if the file is incomplete."""

    @abstractmethod
    def abandon(self) -> None:
        """Close the file without a check; the caller rewrites or deletes the file."""


class FlacWriter(Writer):
    """A FLAC file that is written block by block."""

    def __init__(self, path: Path, sample_rate: int, bits: int) -> None:
        """Create a stereo file of 16 or 24 bits.

        Raises:
            OSError: the file cannot be created.
        """
        path.touch()  # unlike libsndfile, `touch` gives the reason if the folder is not writable
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
        """Finish the file and check that its last frame can be read, since libsndfile does not report failed writes.

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
    """A Broadcast Wave file that is written block by block, as RF64 if it is larger than 4 GiB."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        frames: int,
        encoding: bwf_header.Encoding,
        bext: bwf_header.Bext | None = None,
        info: Mapping[str, str] | None = None,
        channels: int = 2,
    ) -> None:
        """Create a file of `frames` frames with one or two channels.

        Raises:
            OSError: the file cannot be created.
        """
        self._encoding = encoding
        self._channels = channels
        self._tail = b"\0" * (frames * channels * bwf_header.WIDTH[encoding] % 2)
        self._stream: BinaryIO = path.open("wb")
        self._stream.write(bwf_header.header(sample_rate, channels, frames, encoding, bext, info or {}))

    def write(self, block: Block) -> None:
        """Append a block (frames × 2); a mono file gets the first channel."""
        block = block[:, : self._channels]
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
        with contextlib.suppress(OSError):  # flushing the buffer may fail as well
            self._stream.close()


class Spool:
    """A stream of stereo blocks that can be read again; a small stream is kept in memory, a large stream on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[Block] = []
        self._file: IO[bytes] | None = None
        self.frames = 0

    def append(self, block: Block) -> None:
        """Append a block (frames × 2), which the caller must not change afterwards.

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
        """Yield the stream from its start: in blocks of `size` frames from disk, or the appended blocks from memory."""
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
    """Convert samples to integers of `bits` bits, rounded and clipped at full scale.

    The conversion is exact for samples that were decoded from PCM of at most `bits` bits.

    >>> quantised(np.float32([[0.5, -1.0, 1.5]]), bits=16).tolist()
    [[16384, -32768, 32767]]
    """
    scale = float(2 ** (bits - 1))
    scaled = block * np.float32(scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -scale, scale - 1, out=scaled)
    return scaled.astype(np.int32)
