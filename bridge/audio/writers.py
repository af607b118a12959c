"""Sound files as they are written: FLAC for the model, broadcast WAV for people, and a spool to read once more.

Tasks write what the pure functions of bridge.audio make; files.py reads.
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

LEVEL = 0.5  # FLAC level 4 of 8: 20 ms more than level 1 for 30 s, 6 % fewer bytes; pays below about 130 Mbit/s
SPOOL_BYTES = 64 * 2**20  # a spool this large goes to the disk


class Writer(ABC):
    """A file that is being written: finished where its `with` block ends well, let go of where it does not.

    Some systems keep a file that is open, so what is half-written can only be removed when it was let go of.
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
        """Finish the file (raises OSError: it is not complete)."""

    @abstractmethod
    def abandon(self) -> None:
        """Close without looking: the file is to be written anew or not wanted."""


class FlacWriter(Writer):
    """Writes blocks into a FLAC file."""

    def __init__(self, path: Path, sample_rate: int, bits: int) -> None:
        """Create a stereo file of 16 or 24 bits.

        Raises:
            OSError: the file cannot be created.
        """
        path.touch()  # says plainly why a folder takes no file; libsndfile does not
        self._path = path
        self._bits = bits
        self._frames = 0
        self._file = soundfile.SoundFile(
            name_of(path), "w", sample_rate, 2, f"PCM_{bits}", format="FLAC", compression_level=LEVEL
        )

    def write(self, block: Block) -> None:
        """Append a block (frames × 2).

        Raises:
            OSError: the disk did not take it.
        """
        try:
            self._file.write(quantised(block, self._bits) << (32 - self._bits))
        except (soundfile.LibsndfileError, AssertionError) as error:  # it asserts that all frames were taken
            raise OSError(f"{self._path} could not be written.") from error
        self._frames += len(block)

    def close(self) -> None:
        """Finish the file and see that its end is on the disk, since libsndfile does not tell; not after `abandon`.

        Raises:
            OSError: it is not complete.
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
    """Writes blocks into a broadcast WAV file; RF64 where it passes 4 GiB."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        frames: int,
        encoding: bwf_header.Encoding,
        bext: bwf_header.Bext | None = None,
        info: Mapping[str, str] | None = None,
    ) -> None:
        """Create a stereo file that will hold `frames` frames.

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
            OSError: it is not complete.
        """
        with self._stream:
            self._stream.write(self._tail)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):  # what is still in the buffer finds no room either
            self._stream.close()


class Spool:
    """Keeps a stream of stereo blocks to be read again: in memory, and on the disk where it gets large."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[Block] = []
        self._file: IO[bytes] | None = None
        self.frames = 0

    def append(self, block: Block) -> None:
        """Add a block (frames × 2); it must not be changed afterwards.

        Raises:
            OSError: the disk did not take it.
        """
        self._held.append(block)
        self.frames += len(block)
        if self._file is None and self.frames * 8 > SPOOL_BYTES:
            self._file = tempfile.TemporaryFile(dir=self._folder, prefix=".spool-")  # noqa: SIM115 - lives as we do
        if self._file is not None:
            for held in self._held:
                self._file.write(np.ascontiguousarray(held).data)
            self._held.clear()

    def blocks(self, size: int = FRAMES) -> Iterator[Block]:
        """Yield everything from the start; blocks have `size` frames, or the sizes that they came in."""
        if self._file is None:
            yield from self._held
            return
        self._file.seek(0)
        while data := self._file.read(size * 8):
            yield np.frombuffer(data, np.float32).reshape(-1, 2)

    def close(self) -> None:
        """Forget everything."""
        self._held.clear()
        if self._file is not None:
            self._file.close()


def quantised(block: Block, bits: int) -> npt.NDArray[np.int32]:
    """Return integers of `bits` bits, rounded to nearest and held at full scale; exact for samples that were PCM."""
    scale = float(2 ** (bits - 1))
    scaled = block * np.float32(scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -scale, scale - 1, out=scaled)
    return scaled.astype(np.int32)
