"""Reads sound files of any format in blocks; writers.py writes sound files.

Tasks open a source with `Reader`, pass its blocks through the functions of bridge.audio and write the output.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

from bridge.audio import container, mp3
from bridge.audio.block import FRAMES, Block
from bridge.audio.fileerrors import Changed as Changed
from bridge.audio.fileerrors import CutShort as CutShort
from bridge.audio.fileerrors import FileError as FileError
from bridge.audio.fileerrors import Missing as Missing
from bridge.audio.fileerrors import NeedsFfmpeg as NeedsFfmpeg
from bridge.audio.fileerrors import Unreadable as Unreadable

PREROLL = 16384  # frames decoded before the target of a seek; Vorbis is exact only after its longest window (8192)
LARGEST_DECODED = 2**32  # ffmpeg's output limit in bytes (3 h of stereo); a few kilobytes of FLAC can be days of audio
AS_WAV = ("-vn", "-map", "0:a:0", "-c:a", "pcm_f32le", "-rf64", "auto", "-fs", str(LARGEST_DECODED), "-f", "wav")
UNSURE = 2**48  # frames; libsndfile reports more for a FLAC file of unknown length and cannot seek in such a file
FOREIGN = "FFMPEG"


@dataclass(frozen=True, slots=True)
class Info:
    """The properties of a sound file."""

    format: str  # container as libsndfile names it (WAV, FLAC, MP3, OGG …); FFMPEG if only ffmpeg decodes it
    subtype: str  # PCM_16, PCM_24, FLOAT, VORBIS …
    sample_rate: int  # Hz
    channels: int  # at least 1
    frames: int  # samples per channel


def shown(path: Path, *, whole: bool = False) -> str:
    """Return a file's name, or its full path if `whole`, as valid Unicode; invalid bytes are replaced.

    >>> shown(Path("/music/take 1.wav"))
    'take 1.wav'
    """
    return os.fsencode(path if whole else path.name).decode(errors="replace")


def name_of(path: Path) -> str | bytes:
    """Return a path in the type that libsndfile needs: text on Windows, bytes on other systems.

    soundfile rejects text that is not valid UTF-8.

    >>> os.fsdecode(name_of(Path("take 1.wav")))
    'take 1.wav'
    """
    return str(path) if os.name == "nt" else os.fsencode(path)


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
        self._as_integers = False  # whether libsndfile 1.2.2 returns floats as integers with the same bits
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        head = self._check_bytes()
        self._silent = 0  # frames that libsndfile drops at the start
        self._file, form, subtype = self._decoded(head, scratch)
        frames = self._silent + self._file.frames
        self.info = Info(form, subtype, self._file.samplerate, self._file.channels, frames)
        if self.info.frames == 0:
            self.close()
            raise Unreadable(f"{shown(path)} holds no sound.")

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start`, exact to the sample in every format.

        Raises:
            CutShort: the file ends earlier than its header says, or decoding fails before the end.
            Unreadable: the decoder cannot seek to `start`.
        """
        if silent := min(frames, max(0, self._silent - start)):
            yield np.zeros((silent, self.info.channels), np.float32)
        frames -= silent
        self._seek(max(0, start - self._silent))
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
        self._file.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_bytes(self) -> bytes:
        """Check that the path is a regular file, neither empty nor truncated, and return the first 128 bytes."""
        if not self.path.is_file():
            raise Unreadable(f"{shown(self.path)} is a folder or a device, not a sound file.")
        size = self._before[0]
        if size == 0:
            raise Unreadable(f"{shown(self.path)} is empty.")
        try:
            with self.path.open("rb") as stream:
                end = container.promised_end(stream)
                stream.seek(0)
                head = stream.read(128)
        except OSError as error:
            raise Unreadable(f"{shown(self.path)} cannot be read: {error.strerror}.") from error
        if end is not None and end > size:
            raise CutShort(f"{shown(self.path)} has {size} bytes, and its header promises {end}.")
        return head

    def _decoded(self, head: bytes, scratch: Path | None) -> tuple[soundfile.SoundFile, str, str]:
        """Return the open file, its container and its sample format."""
        if container.is_foreign(head, self.path.suffix.lower()):
            return self._through_ffmpeg(scratch), FOREIGN, "FLOAT"
        try:
            file = _open(self.path)
        except Unreadable as unknown:
            if not container.is_mixed(head):
                raise
            try:
                return self._through_ffmpeg(scratch), FOREIGN, "FLOAT"
            except (Unreadable, NeedsFfmpeg):
                raise unknown from None
        form, subtype = file.format, file.subtype
        if form == "W64" and subtype == "PCM_32" and container.is_float_w64(head):
            self._as_integers = True
            return file, form, "FLOAT"
        broken = form != "MP3" and subtype.startswith("MPEG")  # libsndfile loses the end of MP3 in WAV
        if broken or file.frames >= UNSURE or (form == "MP3" and self._is_misjudged(file.frames)):
            file.close()
            file = self._through_ffmpeg(scratch)
        return file, form, subtype

    def _is_misjudged(self, frames: int) -> bool:
        """Return whether libsndfile's frame count of an MP3 file is wrong.

        If the count lacks only the decoder delay, return False and store the delay in `_silent`.
        """
        with self.path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            counted = mp3.counted(data)
        if counted is None or counted == frames:
            return False
        if counted == frames + mp3.DECODER_DELAY:
            self._silent = mp3.DECODER_DELAY
            return False
        return True

    def _through_ffmpeg(self, scratch: Path | None) -> soundfile.SoundFile:
        """Decode the whole file to WAV with ffmpeg and open the WAV, in which every seek is exact."""
        command = shutil.which("ffmpeg")
        if command is None:
            raise NeedsFfmpeg(
                f"{shown(self.path)} can only be decoded by the ffmpeg command, which is not installed here."
            )
        self._folder = tempfile.TemporaryDirectory(prefix=".decoded-", dir=scratch)
        decoded = Path(self._folder.name) / "decoded.wav"
        source = ("-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", f"file:{self.path}")
        done = subprocess.run([command, *source, *AS_WAV, str(decoded)], capture_output=True, check=False)
        if done.returncode != 0:
            self._folder.cleanup()
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise Unreadable(f"{shown(self.path)} cannot be decoded: {said[-1] if said else 'ffmpeg gave no reason'}.")
        if decoded.stat().st_size >= LARGEST_DECODED - 2**16:  # ffmpeg stops at the last packet below the limit
            self._folder.cleanup()
            raise Unreadable(f"{shown(self.path)} is longer than anything that can be remixed.")
        return _open(decoded)

    def _seek(self, start: int) -> None:
        try:
            self._file.seek(max(0, start - PREROLL))
        except soundfile.LibsndfileError as error:
            raise Unreadable(f"{shown(self.path)} cannot be decoded from frame {start} on.") from error
        if start:
            self._read(min(start, PREROLL))

    def _read(self, frames: int) -> Block:
        try:
            dtype = "int32" if self._as_integers else "float32"
            block: Block = self._file.read(frames, dtype=dtype, always_2d=True).view(np.float32)
        except soundfile.LibsndfileError as error:
            raise Unreadable(
                f"{shown(self.path)} cannot be decoded to its end: {error.error_string.rstrip('.')}."
            ) from error
        return block


def _open(path: Path) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(name_of(path))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw has no header
        raise Unreadable(f"{shown(path)} is not a sound file of a known kind.") from error


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
