"""Reads the header of a sound file only; files.py reads the samples."""

from __future__ import annotations

from pathlib import Path

import soundfile


def sample_rate(path: Path) -> int | None:
    """Return the rate (Hz) in a file's header, None where libsndfile does not know the file."""
    try:
        with path.open("rb") as stream, soundfile.SoundFile(stream) as file:
            return int(file.samplerate)
    except (OSError, TypeError, soundfile.LibsndfileError):  # TypeError: a name that ends in .raw needs what we lack
        return None
