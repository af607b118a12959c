"""Opens a sound file with the decoder that reads all of it: libsndfile or ffmpeg.

libsndfile trusts the length in a header. Where the bytes of the file show another length, libsndfile gets a corrected
header, or ffmpeg decodes the file. If neither is possible, `Decoded.ending` says how much is missing.
"""

from __future__ import annotations

import mmap
import re
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import soundfile

from bridge.audio import adts, container, flac, formats, mp3, ogg
from bridge.audio.ending import INSTALL, End, Ending
from bridge.audio.fileerrors import NeedsFfmpeg, Unreadable
from bridge.audio.names import name_of, shown
from bridge.audio.overlay import Overlay
from bridge.util import spawn

LARGEST_DECODED = 2**32  # ffmpeg's output limit in bytes (3 h of stereo); a few kilobytes of FLAC can be days of audio
QUIET = ("-nostdin", "-v", "error")
ONLY_FILES = ("-protocol_whitelist", "file")  # a playlist cannot make ffmpeg connect to a server
PARTS_OF_FILES = ("-protocol_whitelist", "file,subfile")
FIRST = ("-map", "0:a:0")  # the first stream with sound
AS_WAV = ("-vn", "-c:a", "pcm_f32le", "-rf64", "auto", "-fs", str(LARGEST_DECODED), "-f", "wav")
BY_FFMPEG = "FFMPEG"  # format of a file that only ffmpeg decodes
PREFIX = re.compile(r"^\[[^]]*\] ")  # the component of ffmpeg that reports an error
MOST_PARTS = 100  # recordings that ffmpeg opens one by one
COUNTED = 1024  # frames per read while the frames of a damaged file are counted
NOTICED = 0.1  # s; ffmpeg may decode this much less than the frames of a file suggest
CHECK = "Listen to the clip, and export it again if something is missing."
EXPORT = "Export the clip as one WAV file to use all of it."


@dataclass(frozen=True, slots=True)
class Decoded:
    """An open sound file."""

    file: soundfile.SoundFile
    format: str  # container as libsndfile names it, or BY_FFMPEG
    subtype: str  # sample format as libsndfile names it
    frames: int  # frames that can be read, including `silent`
    silent: int = 0  # frames that libsndfile drops at the start
    as_integers: bool = False  # whether libsndfile 1.2.2 returns floats as integers with the same bits
    ending: Ending | None = None  # how the sound ends if the header does not say so
    parts: tuple[int, ...] = ()  # offsets of the recordings in a file that consists of several


class Opener:
    """Opens one file; whatever it opens or creates is in `held` and ends with it."""

    def __init__(self, path: Path, stream: BinaryIO, held: ExitStack, scratch: Path | None) -> None:
        """Prepare to open a file.

        Args:
            path: the sound file, which is not empty.
            stream: the same file, open for reading.
            held: closes and deletes what is no longer needed.
            scratch: folder for the files that ffmpeg writes; None selects the system's temporary folder.
        """
        self._path = path
        self._stream = stream
        self._held = held
        self._scratch = scratch

    def run(self) -> Decoded:
        """Open the file.

        Raises:
            Unreadable: no decoder can read the file.
            NeedsFfmpeg: only ffmpeg can read the file, and it is not installed.
        """
        self._stream.seek(0)
        head = self._stream.read(128)
        if formats.is_foreign(head) or adts.begins(self._stream):
            return self._by_ffmpeg()
        extent = container.extent(self._stream)
        try:
            found = self._by_libsndfile(head, extent)
        except Unreadable as unknown:
            if adts.is_found(self._stream):
                return self._by_ffmpeg()
            if not formats.is_mixed(head):
                raise
            try:
                return self._by_ffmpeg()
            except (Unreadable, NeedsFfmpeg):
                raise unknown from None
        found = self._with_ending(found, extent)
        if extent is None and found.ending is not None and found.ending.kind is End.STOPPED:
            return self._continued(found, found.ending)
        return found

    def _by_libsndfile(self, head: bytes, extent: container.Extent | None) -> Decoded:
        file = self._open(extent.corrections() if extent else {}, extent.end if extent and extent.is_joined else None)
        form, subtype = file.format, file.subtype
        if form == "W64" and subtype == "PCM_32" and formats.is_float_w64(head):
            return Decoded(file, form, "FLOAT", file.frames, as_integers=True)
        if form != "MP3" and subtype.startswith("MPEG"):  # libsndfile loses the end of MP3 in WAV
            return replace(self._by_ffmpeg(), format=form, subtype=subtype)
        return Decoded(file, form, subtype, file.frames)

    def _with_ending(self, found: Decoded, extent: container.Extent | None) -> Decoded:
        """Compare the length that libsndfile reports with the bytes of the file."""
        if extent is not None:
            return replace(found, ending=_ending_of(extent, found.frames))
        if found.format not in ("MP3", "FLAC", "OGG"):
            return found
        with mmap.mmap(self._stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if found.format == "MP3":
                return self._mp3(found, mp3.counted(data))
            if found.format == "FLAC":
                return self._flac(found, data)
            streams = ogg.streams(data)
        if len(streams) > 1:
            ending = _stopped(f"the file consists of {len(streams)} recordings")
            return replace(found, ending=ending, parts=tuple(streams))
        return found

    def _mp3(self, found: Decoded, count: mp3.Count | None) -> Decoded:
        """Find out whether libsndfile's frame count of an MP3 file is wrong."""
        if count is None:
            return found
        if count.expected == found.frames + mp3.DECODER_DELAY:
            found = replace(found, frames=count.expected, silent=mp3.DECODER_DELAY)
        if count.has_more:
            reason = "the file continues after the number of frames in its header"
            return replace(found, ending=_stopped(reason, count.walked))
        if count.lacks_frames:
            ending = Ending(End.UNKNOWN if count.is_whole else End.CUT, found.frames)
            return replace(found, frames=self._readable(found), ending=ending)
        if count.expected in (None, found.frames):
            return found
        return replace(found, ending=_stopped("its header does not give its length", count.expected or 0))

    def _flac(self, found: Decoded, data: mmap.mmap) -> Decoded:
        """Find out whether the number of samples in the header of a FLAC file is wrong."""
        length = flac.measured(data)
        if length is None:
            return found
        if length.others:
            reason = f"the file consists of {1 + len(length.others)} recordings"
            ending = _stopped(reason, length.told + length.later)
            file = self._open({}, length.others[0])
            return replace(found, file=file, ending=ending, parts=(length.start, *length.others))
        if length.last == length.told:
            return found
        frames = length.last or self._readable(found)
        if frames == length.told:
            return found
        kind = End.CUT if length.last is None else End.UNKNOWN
        file = self._open(flac.correction(data, length, frames))
        if not length.told:  # the format allows an unknown length
            return replace(found, file=file, frames=frames)
        return replace(found, file=file, frames=frames, ending=Ending(kind, length.told))

    def _readable(self, found: Decoded) -> int:
        """Return how many frames libsndfile decodes before a damaged file ends."""
        frames = found.silent
        try:
            while part := len(found.file.read(COUNTED)):
                frames += part
        except soundfile.LibsndfileError:
            pass
        return frames

    def _continued(self, found: Decoded, ending: Ending) -> Decoded:
        """Decode a file with ffmpeg because libsndfile stops before its end; keep `found` if that gains nothing."""
        try:
            whole = self._by_ffmpeg(found.parts)
        except NeedsFfmpeg:
            return self._as_far_as_possible(found, replace(ending, advice=INSTALL))
        except Unreadable:
            return self._as_far_as_possible(found, replace(ending, advice=EXPORT))
        if whole.frames <= found.frames and not 0 < ending.promised <= found.frames:
            return self._as_far_as_possible(found, replace(ending, advice=EXPORT))
        lost = whole.frames < ending.promised - NOTICED * whole.file.samplerate
        left = replace(ending, advice=EXPORT) if lost else None
        return replace(whole, format=found.format, subtype=found.subtype, ending=left)

    def _as_far_as_possible(self, found: Decoded, ending: Ending) -> Decoded:
        """Return what libsndfile decodes of a file, without an ending if that is all of the file."""
        frames = self._readable(found) if 0 < ending.promised < found.frames else found.frames
        return replace(found, frames=frames, ending=ending if ending.promised > frames or not ending.promised else None)

    def _by_ffmpeg(self, parts: tuple[int, ...] = ()) -> Decoded:
        """Decode the whole file to WAV with ffmpeg and open the WAV, in which every seek is exact.

        Args:
            parts: offsets of the recordings in the file; without them, ffmpeg looks for the recordings by itself.
        """
        command = shutil.which("ffmpeg")
        if command is None:
            raise NeedsFfmpeg(
                f"{shown(self._path)} can only be decoded by the ffmpeg command, which is not installed here."
            )
        folder = self._held.enter_context(tempfile.TemporaryDirectory(prefix=".decoded-", dir=self._scratch))
        decoded = Path(folder) / "decoded.wav"
        source = [*ONLY_FILES, "-i", f"file:{self._path}", *FIRST]
        if 1 < len(parts) <= MOST_PARTS:
            source = _inputs(self._path, parts)
        words = [command, *QUIET, *source, *AS_WAV, str(decoded)]
        done = spawn.run(words)
        said = _said(done.stderr, self._path)
        if done.returncode != 0:
            raise Unreadable(f"{shown(self._path)} cannot be decoded: {said or 'ffmpeg gave no reason'}.")
        if decoded.stat().st_size >= LARGEST_DECODED - 2**16:  # ffmpeg stops at the last packet below the limit
            raise Unreadable(f"{shown(self._path)} is longer than anything that can be remixed.")
        file = self._keep(soundfile.SoundFile(name_of(decoded)))
        ending = Ending(End.DAMAGED, reason=said, advice=CHECK) if said else None
        return Decoded(file, BY_FFMPEG, "FLOAT", file.frames, ending=ending)

    def _open(self, corrections: dict[int, bytes], end: int | None = None) -> soundfile.SoundFile:
        """Open the file with libsndfile, with corrections to its header, up to offset `end`."""
        try:
            if not corrections and end is None:
                return self._keep(soundfile.SoundFile(name_of(self._path)))
            return self._keep(soundfile.SoundFile(Overlay(self._stream, corrections, end)))
        except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw has no header
            raise Unreadable(f"{shown(self._path)} is not a sound file of a known kind.") from error

    def _keep(self, file: soundfile.SoundFile) -> soundfile.SoundFile:
        self._held.callback(file.close)
        return file


def _ending_of(extent: container.Extent, frames: int) -> Ending | None:
    """Return how the sound of a file ends by the sizes in its header."""
    if extent.is_joined:
        return _stopped("another sound file follows the first one", advice=EXPORT)
    if extent.is_open or extent.promised == extent.there:
        return None
    if extent.promised is None:
        return Ending(End.UNKNOWN)
    return Ending(End.CUT, round(frames * extent.promised / extent.there) if extent.there else 0)


def _inputs(path: Path, parts: tuple[int, ...]) -> list[str]:
    """Return ffmpeg's options to decode the recordings in a file one by one and to join them."""
    stops = (*parts[1:], path.stat().st_size)
    inputs = [f"subfile,,start,{start},end,{stop},,:{path}" for start, stop in zip(parts, stops, strict=True)]
    streams = "".join(f"[{number}:a:0]" for number in range(len(parts)))
    named = [word for one in inputs for word in (*PARTS_OF_FILES, "-i", one)]
    return [*named, "-filter_complex", f"{streams}concat=n={len(parts)}:v=0:a=1"]


def _said(output: bytes, path: Path) -> str:
    """Return the last line of ffmpeg's messages without the full path and the address of ffmpeg's component."""
    lines = output.decode(errors="replace").strip().splitlines()
    return PREFIX.sub("", lines[-1].replace(f"file:{path}: ", "")).rstrip(".") if lines else ""


def _stopped(reason: str, promised: int = 0, advice: str = INSTALL) -> Ending:
    return Ending(End.STOPPED, promised, reason, advice)
