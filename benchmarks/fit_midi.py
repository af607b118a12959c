"""Changes and renders MIDI files: replaces instruments, transposes, removes drums and changes the tempo.

The evaluation of the `fit` stage (fit_eval.py) uses this module. The events keep their lengths in bytes, so they are
edited in place.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RATE = 48_000  # Hz; fluidsynth starts notes only every 64 frames, so a high rate places notes to within 1.3 ms
DRUMS = 9  # MIDI channel of the drums, from 0


@dataclass(frozen=True, slots=True)
class Voicing:
    """The way in which a piece is played."""

    font: str = "FluidR3_GM"  # name in /usr/share/sounds/sf2
    programs: tuple[int, ...] = ()  # MIDI programs that replace those of the piece, assigned to channels in turn
    transpose: int = 0  # semitones; drums are not transposed
    drums: bool = True
    stretch: float = 1.0  # factor by which all times are multiplied
    mute: frozenset[int] = field(default_factory=frozenset)  # silent channels


def events(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (absolute tick, status, position of the first data byte) for each event.

    The status of a meta event is 0xFF00 + its type.
    """
    place = 8 + int.from_bytes(data[4:8], "big")
    while place < len(data) - 8:
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        track, place = data[place : place + 4] == b"MTrk", place + 8
        tick, status = 0, 0
        while track and place < end:
            delta, place = _number(data, place)
            tick += delta
            if data[place] & 0x80:
                status, place = data[place], place + 1
            if status == 0xFF:
                kind = data[place]
                length, place = _number(data, place + 1)
                yield tick, 0xFF00 + kind, place
            elif status in (0xF0, 0xF7):
                length, place = _number(data, place)
            else:
                yield tick, status, place
                length = 1 if status & 0xF0 in (0xC0, 0xD0) else 2
            place += length
        place = end


def _number(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = data[place]
        value, place = value << 7 | byte & 0x7F, place + 1
        if not byte & 0x80:
            return value, place


def changed(data: bytes, voicing: Voicing) -> bytes:
    """Return the piece with a voicing applied."""
    out = bytearray(data)
    for _, status, at in events(data):
        channel, kind = status & 0x0F, status & 0xF0
        if status == 0xFF51:
            tempo = round(int.from_bytes(data[at : at + 3], "big") * voicing.stretch)
            out[at : at + 3] = tempo.to_bytes(3, "big")
        elif status > 0xFF:
            continue
        elif kind == 0xC0 and channel != DRUMS and voicing.programs:
            out[at] = voicing.programs[channel % len(voicing.programs)]
        elif kind in (0x80, 0x90, 0xA0):
            silent = channel in voicing.mute or (channel == DRUMS and not voicing.drums)
            if channel != DRUMS:
                out[at] = min(127, max(0, data[at] + voicing.transpose))
            if kind == 0x90 and silent:
                out[at + 1] = 0
    return bytes(out)


def tempos(data: bytes) -> list[tuple[int, float]]:
    """Return the tick and the BPM of each tempo change."""
    metas = [(tick, data[at : at + 3]) for tick, status, at in events(data) if status == 0xFF51]
    return sorted((tick, 6e7 / int.from_bytes(micros, "big")) for tick, micros in metas)


def division(data: bytes) -> int:
    """Return the number of ticks per beat."""
    return int.from_bytes(data[12:14], "big")


def tempo_between(data: bytes, start: float, stop: float) -> tuple[float, bool]:
    """Return the BPM in the middle of a span (s), and whether the tempo is constant within the span."""
    clock, tick, bpm = 0.0, 0, 120.0
    spans: list[tuple[float, float]] = []
    for at, new in tempos(data):
        clock += (at - tick) / division(data) * 60.0 / bpm
        tick, bpm = at, new
        spans.append((clock, bpm))
    ends = [*(begin for begin, _ in spans[1:]), float("inf")]
    inside = [bpm for (begin, bpm), end in zip(spans, ends, strict=False) if begin < stop and end > start]
    return (inside[len(inside) // 2], len(set(inside)) == 1) if inside else (120.0, True)


def drum_piece(bpm: float, seconds: float, pattern: Mapping[int, str]) -> bytes:
    """Return a piece that contains only drums.

    Args:
        bpm: tempo, BPM.
        seconds: length, s.
        pattern: drum note → the 16 steps of a bar, as x (hit) and dots.
    """
    ticks, notes = 24, []
    for bar in range(int(seconds * bpm / 240) + 2):
        for note, steps in pattern.items():
            notes += [(bar * 16 * ticks + step * ticks, note) for step, mark in enumerate(steps) if mark == "x"]
    track, now = b"\x00\xff\x51\x03" + round(6e7 / bpm).to_bytes(3, "big"), 0
    for tick, note in sorted(notes):
        track += _length(tick - now) + bytes((0x99, note, 110))
        now = tick
    track += b"\x00\xff\x2f\x00"
    return b"MThd\0\0\0\6\0\0\0\1" + (4 * ticks).to_bytes(2, "big") + b"MTrk" + len(track).to_bytes(4, "big") + track


def _length(value: int) -> bytes:
    return bytes([0x80 | value >> 7, value & 0x7F]) if value > 127 else bytes([value])


def rendered(data: bytes, font: str, seconds: float, scratch: Path) -> np.ndarray:
    """Render a piece to frames × 2, float32 at RATE; fluidsynth is killed once it has produced enough audio."""
    piece = scratch / "piece.mid"
    piece.write_bytes(data)
    wanted = round(seconds * RATE) * 4
    command = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-g", "0.5", "-O", "s16", "-T", "raw", "-F", "/dev/stdout"]
    command += [f"/usr/share/sounds/sf2/{font}.sf2", str(piece)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as player:
        assert player.stdout is not None
        sound = player.stdout.read(wanted)
        player.kill()
    frames = np.frombuffer(sound[: len(sound) // 4 * 4], "<i2").reshape(-1, 2).astype(np.float32) / 32768
    return frames
