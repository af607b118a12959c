"""Makes the fake model's audio, which depends only on source and seed, and resembles the real model's audio.

The audio is 48 kHz, 32-bit float, up to 92.9 ms longer than the source, not delayed, and has peaks above 0 dBFS.
"""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile
import soxr

RATE = 48000  # Hz
PEAK = 1.12  # +1 dBFS: the real model does not limit
_FRAME = 4096  # samples per latent step of the model, at 44.1 kHz


def result_frames(frames: int, rate: int) -> int:
    """Return the result's length in samples at 48 kHz, for a source of `frames` samples at `rate` Hz."""
    at_44100 = -(-frames * 44100 // rate)
    steps = -(-at_44100 // _FRAME)
    return -(-steps * _FRAME * 160 // 147)


def make(source: bytes, seed: int, kind: str = "") -> bytes:
    """Return the WAV file that the fake model makes.

    Args:
        source: the bytes of the uploaded file.
        seed: sets the delay and sign of an echo.
        kind: an audio fault from `fal_faults`; empty for none.

    Raises:
        soundfile.LibsndfileError: the source is not audio.
    """
    if kind == "not_audio":
        return b"this is not audio, whatever its name says\n" * 64
    heard, rate = soundfile.read(io.BytesIO(source), dtype="float32", always_2d=True)
    frames = result_frames(len(heard), rate)
    if rate != RATE:
        heard = soxr.resample(heard, rate, RATE)
    heard = heard[:frames, :2] if heard.shape[1] > 1 else np.repeat(heard[:frames], 2, axis=1)
    made = np.zeros((frames, 2), np.float32)
    made[: len(heard)] = heard
    delay = 480 + seed % 4800
    if len(heard) > delay:
        made[delay : len(heard)] += np.float32(0.4 if seed % 2 else -0.4) * heard[: len(heard) - delay]
    peak = float(np.abs(made).max(initial=0.0))
    if peak > 0:
        made *= np.float32(PEAK / peak)
    return _spoiled(made, kind)


def _spoiled(made: np.ndarray, kind: str) -> bytes:
    if kind == "silence":
        made = np.zeros_like(made)
    elif kind == "nan":
        made[len(made) // 2] = np.nan
    elif kind == "short":
        made = made[: len(made) // 2]
    data = wav(made)
    if kind in ("placeholder", "longer"):
        place = data.index(b"data") + 4
        size = 0xFFFFFFFF if kind == "placeholder" else 2 * made.nbytes
        return data[:place] + struct.pack("<I", size) + data[place + 4 :]
    return data[: len(data) // 2] if kind == "header" else data


def wav(samples: np.ndarray) -> bytes:
    """Return a WAV file of float32 samples, frames × channels; equal samples give equal bytes."""
    channels, data = samples.shape[1], samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHHH", 3, channels, RATE, RATE * channels * 4, channels * 4, 32, 0)
    chunks = b"".join(
        name + struct.pack("<I", len(content)) + content
        for name, content in ((b"fmt ", form), (b"fact", struct.pack("<I", len(samples))), (b"data", data))
    )
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
