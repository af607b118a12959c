"""Makes sound files whose header gives a wrong length, by changing the size in the header of a right one."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import soundfile

from tests.audio.signals import Sound

RATE = 48_000
FIELDS = {  # name: format and subtype, bytes before the size field, distance, struct format, bytes besides the samples
    "wav": ("WAV", "PCM_16", b"data", 4, "<I", 0),
    "extensible": ("WAVEX", "PCM_24", b"data", 4, "<I", 0),
    "rf64": ("RF64", "PCM_24", b"ds64", 16, "<Q", 0),
    "w64": ("W64", "PCM_16", b"data", 16, "<Q", 24),
    "aiff": ("AIFF", "PCM_16", b"SSND", 4, ">I", 8),
    "caf": ("CAF", "PCM_24", b"data", 4, ">q", 4),
    "au": ("AU", "PCM_16", b".snd", 8, ">I", 0),
}


def sound_bytes(sound: Sound, form: str, subtype: str | None = None) -> bytes:
    """Return a sound file as bytes."""
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=form, subtype=subtype)
    return file.getvalue()


def with_size(sound: Sound, name: str, size: int | None = None, *, more: int = 0, factor: int = 1) -> bytes:
    """Return a file of a format in FIELDS with a changed size.

    Args:
        sound: frames × channels.
        name: key of FIELDS.
        size: value of the size field; None: the right one.
        more: bytes to add to the right size.
        factor: factor for the right size.
    """
    form, subtype, mark, distance, layout, _ = FIELDS[name]
    data = bytearray(sound_bytes(sound, form, subtype))
    place = data.index(mark) + distance
    (right,) = struct.unpack_from(layout, data, place)
    wanted = right * factor + more if size is None else size
    struct.pack_into(layout, data, place, wanted)
    return bytes(data)


def frame_bytes(name: str) -> int:
    """Return the bytes of a stereo frame of a format in FIELDS."""
    return 2 * (3 if FIELDS[name][1] == "PCM_24" else 2)


def pcm(sound: Sound) -> Sound:
    """Return the samples as a 16-bit file stores them."""
    data, _ = soundfile.read(io.BytesIO(sound_bytes(sound, "WAV", "PCM_16")), dtype="float32", always_2d=True)
    samples: Sound = np.asarray(data, np.float32)
    return samples


def adts(frames: int = 20) -> bytes:
    """Return raw AAC frames with a valid header and no valid content: 44.1 kHz, stereo, 115 bytes each."""
    return (bytes.fromhex("fff150800e7ffc") + bytes(108)) * frames


def written(path: Path, data: bytes) -> Path:
    """Write a file, and return its path."""
    path.write_bytes(data)
    return path
