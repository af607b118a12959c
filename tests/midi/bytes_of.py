"""Functions that return MIDI messages as bytes, for tests that send such messages."""

from __future__ import annotations


def pressed(note: int, velocity: int = 100) -> bytes:
    return bytes([0x90, note, velocity])


def released(note: int) -> bytes:
    return bytes([0x80, note, 0])
