"""Exceptions for sound files, one for each cause that tasks can report."""

from __future__ import annotations


class FileError(Exception):
    """A sound file cannot be used. The message is a sentence for users."""


class Missing(FileError):
    """The file does not exist."""


class Unreadable(FileError):
    """The file exists, but no audio can be decoded from it."""


class CutShort(FileError):
    """The file is shorter than its header says."""


class Changed(FileError):
    """The file was rewritten while it was being read."""


class NeedsFfmpeg(FileError):
    """Only ffmpeg can decode the file, and the ffmpeg command is not installed."""
