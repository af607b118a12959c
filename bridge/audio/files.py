"""Reads sound files of any format in blocks; writers.py writes sound files.

Tasks open a source with `Reader`, pass its blocks through the functions of bridge.audio and write the output.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import soundfile

from bridge.audio.block import FRAMES, Block
from bridge.audio.decoder import Opener
from bridge.audio.ending import UNNOTICED, End, Ending
from bridge.audio.fileerrors import Changed as Changed
from bridge.audio.fileerrors import CutShort as CutShort
from bridge.audio.fileerrors import FileError as FileError
from bridge.audio.fileerrors import Missing as Missing
from bridge.audio.fileerrors import NeedsFfmpeg as NeedsFfmpeg
from bridge.audio.fileerrors import Unreadable as Unreadable
from bridge.audio.names import name_of as name_of
from bridge.audio.names import shown as shown

PREROLL = 16384  # frames decoded before the target of a seek; Vorbis is exact only after its longest window (8192)

RATES = range(1000, 1_000_001)  # Hz; a header with another rate is damaged


@dataclass(frozen=True, slots=True)
class Info:
    """The properties of a sound file."""

    format: str  # container as libsndfile names it (WAV, FLAC, MP3, OGG …); FFMPEG if only ffmpeg decodes it
    subtype: str  # PCM_16, PCM_24, FLOAT, VORBIS …
    sample_rate: int  # Hz
    channels: int  # at least 1
    frames: int  # samples per channel that can be read
    ending: Ending | None = None  # how the sound ends if the header does not say so

    @property
    def promised(self) -> int:
        """Return the number of frames in the header if the file has noticeably fewer, otherwise `frames`."""
        if self.ending is None or self.ending.kind is not End.CUT:
            return self.frames
        more = self.ending.promised - self.frames
        return self.ending.promised if more > UNNOTICED * self.sample_rate else self.frames


def _identity(path: Path) -> tuple[int, int, int]:
    """Return the size, modification time and inode, which show whether a file was rewritten."""
    try:
        stat = path.stat()
    except OSError as error:
        raise Missing(f"There is no file {shown(path, whole=True)} ({error.strerror}).") from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


class Reader:
    """An open sound file: `with Reader(path) as reader: for block in reader.blocks(start, frames): …`."""

    def __init__(self, path: Path, *, scratch: Path | None = None) -> None:
        """Open the file.

        Args:
            path: the sound file.
            scratch: folder for the files that ffmpeg writes; None selects the system's temporary folder.

        Raises:
            FileError: the file cannot be used.
        """
        self.path = path
        self._before = _identity(path)
        with ExitStack() as held:
            stream = held.enter_context(self._opened())
            self._decoded = found = Opener(path, stream, held, scratch).run()
            if found.frames == 0:
                if found.ending is not None and found.ending.kind is End.CUT:
                    raise CutShort(f"{shown(path)} ends before its first sample.")
                raise Unreadable(f"{shown(path)} holds no sound.")
            if found.file.samplerate not in RATES:
                raise Unreadable(f"{shown(path)} has a sample rate of {found.file.samplerate} Hz.")
            self._held = held.pop_all()
        rate, channels = found.file.samplerate, found.file.channels
        self.info = Info(found.format, found.subtype, rate, channels, found.frames, found.ending)

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start`, exact to the sample in every format.

        Raises:
            CutShort: the file ends earlier than its header says, or decoding fails before the end.
            Unreadable: the decoder cannot seek to `start`.
        """
        if silent := min(frames, max(0, self._decoded.silent - start)):
            yield np.zeros((silent, self.info.channels), np.float32)
        frames -= silent
        self._seek(max(0, start - self._decoded.silent))
        while frames > 0:
            try:
                block = self._read(min(size, frames))
            except Unreadable as error:
                raise CutShort(f"{error} It is damaged or was cut off.") from error
            if len(block) == 0:
                missing = frames / self.info.sample_rate
                raise CutShort(f"{shown(self.path)} ends {missing:.3f} s before its header says.")
            frames -= len(block)
            yield block

    def check_unchanged(self) -> None:
        """Raise `Changed` if the file was rewritten or replaced since it was opened."""
        if _identity(self.path) != self._before:
            raise Changed(f"{shown(self.path)} was rewritten while it was being read.")

    def close(self) -> None:
        """Close the file and delete the files that ffmpeg wrote."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> BinaryIO:
        """Open the path if it is a regular file that is not empty."""
        if not self.path.is_file():
            raise Unreadable(f"{shown(self.path)} is a folder or a device, not a sound file.")
        if self._before[0] == 0:
            raise Unreadable(f"{shown(self.path)} is empty.")
        try:
            return self.path.open("rb")
        except OSError as error:
            raise Unreadable(f"{shown(self.path)} cannot be read: {error.strerror}.") from error

    def _seek(self, start: int) -> None:
        try:
            self._decoded.file.seek(max(0, start - PREROLL))
        except soundfile.LibsndfileError as error:
            raise Unreadable(f"{shown(self.path)} cannot be decoded from frame {start} on.") from error
        if start:
            self._read(min(start, PREROLL))

    def _read(self, frames: int) -> Block:
        try:
            dtype = "int32" if self._decoded.as_integers else "float32"
            block: Block = self._decoded.file.read(frames, dtype=dtype, always_2d=True).view(np.float32)
        except soundfile.LibsndfileError as error:
            raise Unreadable(
                f"{shown(self.path)} cannot be decoded to its end: {error.error_string.rstrip('.')}."
            ) from error
        return block


def sha256(path: Path) -> str:
    """Return the SHA-256 hash of a file's content in hex.

    >>> sha256(Path(os.devnull))[:16]
    'e3b0c44298fc1c14'
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def free_bytes(path: Path) -> int:
    """Return the number of free bytes on the disk that contains `path`.

    >>> free_bytes(Path.cwd()) > 0
    True
    """
    return shutil.disk_usage(path if path.is_dir() else os.fspath(path.parent)).free
