"""The only module that touches sound files on a disk: reads any of them in blocks, writes FLAC and WAV, spools.

Tasks open a source here, pass its blocks through the pure functions of bridge.audio and write what comes out here.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import soundfile

from bridge.audio import container, mp3, wav
from bridge.audio.block import FRAMES, Block
from bridge.audio.fileerrors import Changed as Changed
from bridge.audio.fileerrors import CutShort as CutShort
from bridge.audio.fileerrors import FileError as FileError
from bridge.audio.fileerrors import Missing as Missing
from bridge.audio.fileerrors import NeedsFfmpeg as NeedsFfmpeg
from bridge.audio.fileerrors import Unreadable as Unreadable

PREROLL = 16384  # frames decoded before a seek's target: Vorbis is exact only after its longest window (8192)
LARGEST_DECODED = 2**32  # bytes that ffmpeg may write: three hours of stereo; a few kilobytes of FLAC can hold days
AS_WAV = ("-vn", "-map", "0:a:0", "-c:a", "pcm_f32le", "-rf64", "auto", "-fs", str(LARGEST_DECODED), "-f", "wav")
UNSURE = 2**48  # a FLAC that does not know its length claims more frames than this, and libsndfile cannot seek in it
FOREIGN = "FFMPEG"
LEVEL = 0.5  # FLAC level 4 of 8: 20 ms more than level 1 for 30 s, 6 % fewer bytes; pays below about 130 Mbit/s
SPOOL_BYTES = 64 * 2**20  # a spool this large goes to the disk


@dataclass(frozen=True, slots=True)
class Info:
    """What a sound file holds."""

    format: str  # container in libsndfile's words: WAV FLAC MP3 OGG …; FFMPEG for what only that knows
    subtype: str  # PCM_16 PCM_24 FLOAT VORBIS …
    sample_rate: int  # Hz
    channels: int  # 1 and more
    frames: int  # samples per channel

    @property
    def is_float(self) -> bool:
        """Tell whether samples may be over full scale or not numbers at all."""
        return self.subtype in ("FLOAT", "DOUBLE")


def shown(path: Path, *, whole: bool = False) -> str:
    """Return a file's name, or its whole path, as text that every surface can print, whatever bytes are in it."""
    return os.fsencode(path if whole else path.name).decode(errors="replace")


def _name(path: Path) -> str | bytes:
    """Return a path as libsndfile takes it: bytes where names are bytes, since soundfile refuses those not in UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _identity(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is rewritten: size, time of change, inode."""
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
            path: the file.
            scratch: folder for what ffmpeg decodes; None takes the system's.

        Raises:
            FileError: one of its kinds.
        """
        self.path = path
        self._before = _identity(path)
        self._as_integers = False  # libsndfile 1.2.2 takes these floats for integers; their bits are right
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        head = self._check_bytes()
        self._silent = 0  # frames that libsndfile leaves out before its first one
        self._file, form, subtype = self._decoded(head, scratch)
        frames = self._silent + self._file.frames
        self.info = Info(form, subtype, self._file.samplerate, self._file.channels, frames)
        if self.info.frames == 0:
            self.close()
            raise Unreadable(f"{shown(path)} holds no sound.")

    def blocks(self, start: int, frames: int, size: int = FRAMES) -> Iterator[Block]:
        """Yield `frames` frames from frame `start`, exact to the sample in every format.

        Raises:
            CutShort: the file ends before its header says, or decodes no further.
            Unreadable: the start cannot be reached.
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
        """Raise `Changed` if the file is not the one that was opened."""
        if _identity(self.path) != self._before:
            raise Changed(f"{shown(self.path)} was rewritten while it was being read.")

    def close(self) -> None:
        """Close the file and remove what ffmpeg wrote."""
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
        """Refuse what is no file, empty or cut off, and return the first bytes."""
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
        """Return the file as it is to be read, its container and its kind of samples."""
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
                raise unknown from None  # nobody knows it
        form, subtype = file.format, file.subtype
        if form == "W64" and subtype == "PCM_32" and container.is_float_w64(head):
            self._as_integers = True
            return file, form, "FLOAT"
        broken = form != "MP3" and subtype.startswith("MPEG")  # a WAV around MP3, of which libsndfile loses the end
        if broken or file.frames >= UNSURE or (form == "MP3" and self._is_misjudged(file.frames)):
            file.close()
            file = self._through_ffmpeg(scratch)
        return file, form, subtype

    def _is_misjudged(self, frames: int) -> bool:
        """Tell whether libsndfile's count of an MP3's frames is wrong in another way than can be put right here."""
        with self.path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            counted = mp3.counted(data)
        if counted is None or counted == frames:
            return False
        if counted == frames + mp3.DECODER_DELAY:
            self._silent = mp3.DECODER_DELAY
            return False
        return True

    def _through_ffmpeg(self, scratch: Path | None) -> soundfile.SoundFile:
        """Let ffmpeg decode the whole file once into a WAV, in which every seek is exact."""
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
        if decoded.stat().st_size >= LARGEST_DECODED - 2**16:  # ffmpeg stops at a packet's end below the limit
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
        return soundfile.SoundFile(_name(path))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name that ends in .raw needs what we lack
        raise Unreadable(f"{shown(path)} is not a sound file of a known kind.") from error


def quantised(block: Block, bits: int) -> npt.NDArray[np.int32]:
    """Return integers of `bits` bits, rounded to nearest and held at full scale; exact for samples that were PCM."""
    scale = float(2 ** (bits - 1))
    scaled = block * np.float32(scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -scale, scale - 1, out=scaled)
    return scaled.astype(np.int32)


class FlacWriter:
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
            _name(path), "w", sample_rate, 2, f"PCM_{bits}", format="FLAC", compression_level=LEVEL
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
        """Finish the file and see that its end is on the disk, since libsndfile does not tell.

        Raises:
            OSError: it is not complete.
        """
        self._file.close()
        try:
            with soundfile.SoundFile(_name(self._path)) as written:
                written.seek(max(0, self._frames - 1))
                complete = len(written.read(1)) == min(1, self._frames)
        except soundfile.LibsndfileError:
            complete = False
        if not complete:
            raise OSError(f"{self._path} could not be written to its end.")

    def abandon(self) -> None:
        """Close without looking: the file is to be written anew or not wanted."""
        self._file.close()


class WavWriter:
    """Writes blocks into a broadcast WAV file; RF64 where it passes 4 GiB."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        frames: int,
        encoding: wav.Encoding,
        bext: wav.Bext | None = None,
        info: Mapping[str, str] | None = None,
    ) -> None:
        """Create a stereo file that will hold `frames` frames.

        Raises:
            OSError: the file cannot be created.
        """
        self._encoding = encoding
        self._tail = b"\0" * (frames * 2 * wav.WIDTH[encoding] % 2)
        self._stream: BinaryIO = path.open("wb")
        self._stream.write(wav.header(sample_rate, 2, frames, encoding, bext, info or {}))

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


def sha256(path: Path) -> str:
    """Return the hash of a file's content in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def free_bytes(path: Path) -> int:
    """Return how much room is left where `path` lies."""
    return shutil.disk_usage(path if path.is_dir() else os.fspath(path.parent)).free
