"""Checks which MIDI controllers the bridge can use."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.doctor.base import Context, Finding
from bridge.errors import BridgeError


def look(context: Context) -> Iterator[Finding]:
    """List the MIDI inputs, unless MIDI is switched off."""
    if context.settings.midi.use == "off":
        yield Finding("midi", "well", "MIDI is switched off in the settings.")
        return
    try:
        names = context.midi()
    except BridgeError as problem:
        text = f"MIDI controllers do not work: {problem.text} Remixing does not need them."
        yield Finding("midi", "hint", text, problem.hint)
        return
    listed = ", ".join(f"“{name}”" for name in names)
    found = f"MIDI works; the controllers are {listed}." if names else "MIDI works; no controller is connected."
    yield Finding("midi", "well", found)
