"""What can be wrong with a sound file, told apart so that tasks can name it: the kinds of `files.FileError`."""

from __future__ import annotations


class FileError(Exception):
    """A sound file cannot be used; the text is a sentence for people."""


class Missing(FileError):
    """It is not there."""


class Unreadable(FileError):
    """It is there, but no sound can be decoded from it."""


class CutShort(FileError):
    """It is shorter than its own header says."""


class Changed(FileError):
    """It was rewritten while it was read."""


class NeedsFfmpeg(FileError):
    """Only the ffmpeg command decodes it, and that is not installed."""
