"""Converts between MIDI messages and values of controls and lights.

ports.py → bytes → here → controls.py; lights.py → here → bytes → ports.py. The package mido decodes and encodes the
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import mido

Message = Literal["note", "cc", "cc14", "program", "pitch"]  # cc14: two control changes, the coarse one first

WIDE = frozenset({"cc14", "pitch"})  # messages with 14-bit values
PAIRED = 32  # offset from the number of a coarse controller (0–31) to that of its fine controller
_MIDDLE = 8192  # center position of the pitch wheel, which mido represents as 0


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """One control of a device, identified by its messages."""

    message: Message
    channel: int  # 1..16
    number: int  # number of the note or controller, 0..127; 0 for messages without a number

    def __str__(self) -> str:
        named = {"program": "program change", "pitch": "pitch wheel"}.get(self.message)
        if self.message == "cc14":
            named = f"cc {self.number} with {self.number + PAIRED}"
        return f"{named or f'{self.message} {self.number}'}, channel {self.channel}"

    @property
    def top(self) -> int:
        """The largest value that the control can send."""
        return 16383 if self.message in WIDE else 127


def read(data: bytes) -> tuple[Spot, int] | None:
    """Return the control and the value in a message, or None for other messages, such as clock or aftertouch.

    The value of a note is its velocity, or 0 when the note is released.
    """
    try:
        message = mido.Message.from_bytes(data)
    except ValueError:  # a driver has delivered an incomplete message
        return None
    match message.type:
        case "note_on" | "note_off":
            pressed = message.velocity if message.type == "note_on" else 0
            return Spot("note", message.channel + 1, message.note), pressed
        case "control_change":
            return Spot("cc", message.channel + 1, message.control), message.value
        case "program_change":
            return Spot("program", message.channel + 1, 0), message.program
        case "pitchwheel":
            return Spot("pitch", message.channel + 1, 0), message.pitch + _MIDDLE
    return None


def write(spot: Spot, value: int) -> tuple[bytes, ...]:
    """Return the messages that set a control's light, ring or motor to a value."""
    channel = spot.channel - 1
    match spot.message:
        case "note":  # a note-on even for 0, because some devices treat note-off as velocity 64
            return (_bytes("note_on", channel=channel, note=spot.number, velocity=value),)
        case "cc":
            return (_bytes("control_change", channel=channel, control=spot.number, value=value),)
        case "cc14":
            return (
                _bytes("control_change", channel=channel, control=spot.number, value=value >> 7),
                _bytes("control_change", channel=channel, control=spot.number + PAIRED, value=value & 127),
            )
        case "program":
            return (_bytes("program_change", channel=channel, program=value),)
        case "pitch":
            return (_bytes("pitchwheel", channel=channel, pitch=value - _MIDDLE),)


def _bytes(kind: str, **values: int) -> bytes:
    return bytes(mido.Message(kind, **values).bytes())
