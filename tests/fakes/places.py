"""Paths for tests, valid on every system."""

from __future__ import annotations

from pathlib import Path


def absolute(path: str) -> str:
    """Return an absolute path, on the current drive if the system has drives: "/a.wav" → "C:\\\\a.wav"."""
    return str(Path(path).absolute())
