"""Reads only the header of a sound file; files.py reads the samples."""

from __future__ import annotations

from pathlib import Path

import soundfile

from bridge.audio import container
from bridge.audio.overlay import Overlay


def sample_rate(path: Path) -> int | None:
    """Return the sample rate (Hz) in a file's header, or None if libsndfile cannot read the file.

    >>> print(sample_rate(Path("missing.wav")))
    None
    """
    try:
        with path.open("rb") as stream:
            extent = container.extent(stream)
            with soundfile.SoundFile(Overlay(stream, extent.corrections() if extent else {})) as file:
                return int(file.samplerate)
    except (OSError, TypeError, soundfile.LibsndfileError):  # TypeError: .raw has no header
        return None
