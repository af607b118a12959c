"""MIDI messages as bytes, for tests that play them."""

from __future__ import annotations


def pressed(note: int, velocity: int = 100) -> bytes:
    return bytes([0x90, note, velocity])


def let_go(note: int) -> bytes:
    return bytes([0x80, note, 0])
