"""A pad, key or button on a MIDI controller: holding it requests a remix, and its light shows the progress.

`live/pad.json` in the bridge's folder sets the MIDI note or controller number: {"note": 36, "channel": 1} or
{"cc": 20, "channel": 1}. A short press does nothing, because a remix may cost money.
"""

from __future__ import annotations

HOLD = 0.5  # seconds
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
DARK, DIM, BRIGHT = 0, 1, 127


class Button:
    """The pad with the MIDI note or controller number in `settings`; it does nothing if the settings are invalid."""

    def __init__(self, settings, send_midi):
        self._send = send_midi
        self._shown = None
        self._since = None
        self._fired = False
        self._short = False  # whether the last press was too short, until released_early() reports this
        settings = settings if isinstance(settings, dict) else {}
        self._is_note = "note" in settings
        number = settings.get("note", settings.get("cc"))
        channel = settings.get("channel", 1)
        self.on = _within(number, 0, 127) and _within(channel, 1, 16)
        self._number = number if self.on else 0
        self._channel = channel - 1 if self.on else 0

    def build(self, midi_map, script_handle, map_handle):
        """Ask Live to forward only this note or controller number, so that the user can map all others."""
        if self.on:
            forward = midi_map.forward_midi_note if self._is_note else midi_map.forward_midi_cc
            forward(script_handle, map_handle, self._channel, self._number)

    def receive(self, midi, now):
        """Process a MIDI message that may come from the pad."""
        if not self.on or len(midi) != 3 or midi[1] != self._number or midi[0] & 0x0F != self._channel:
            return
        kind, value = midi[0] & 0xF0, midi[2]
        if kind not in ((NOTE_ON, NOTE_OFF) if self._is_note else (CONTROL,)):
            return
        pressed = value > 0 and kind != NOTE_OFF
        self._short = not pressed and self._since is not None and not self._fired
        self._since = now if pressed else None
        self._fired = False

    def held(self, now):
        """Return True once per press, as soon as the pad has been held for HOLD seconds."""
        if self._since is None or self._fired or now - self._since < HOLD:
            return False
        self._fired = True
        return True

    def released_early(self):
        """Return True once after each press that was too short to request a remix."""
        short, self._short = self._short, False
        return short

    def show(self, working):
        """Set the light: off when idle, dim while pressed, bright while a remix is in progress."""
        value = BRIGHT if working else DIM if self._since is not None else DARK
        if self.on and value != self._shown:
            self._shown = value
            self._send(((NOTE_ON if self._is_note else CONTROL) | self._channel, self._number, value))

    def forget(self):
        """Forget the state that was last sent to the light, so that the next tick sends it again."""
        self._shown = None

    def dark(self):
        """Turn the light off."""
        self._since = None
        self.show(False)


def _within(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
