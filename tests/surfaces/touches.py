"""Simulates touching every control of the layouts; the programs' documentation says what each control sends.

py2tosc reads the .tosc file; the authors of py2tosc based it on layouts from TouchOSC's own editor. The session is
plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import py2tosc


@dataclass(frozen=True)
class Press:
    """A control and the message that it sends when touched."""

    control: str
    address: str
    arguments: tuple[Any, ...]


def touchosc(document: py2tosc.Document, at: float) -> Iterator[Press]:
    """Touch every control that sends messages, and yield what it sends; `at` is the position of faders, 0..1."""
    for control in document.walk():
        for message in control.messages:
            if isinstance(message, py2tosc.OscMessage) and message.enabled and message.send:
                position = 1.0 if str(control.control_type.value) == "BUTTON" else at
                path = "".join(part.value for part in message.path)
                yield Press(
                    str(control.get("name")), path, tuple(_argument(one, position) for one in message.arguments)
                )


def _argument(part: py2tosc.Partial, at: float) -> Any:
    if str(part.type) == "CONSTANT":
        return int(part.value) if str(part.conversion) == "INTEGER" else part.value
    scaled = part.scale_min + at * (part.scale_max - part.scale_min)
    return round(scaled) if str(part.conversion) == "INTEGER" else float(scaled)


def stage_control(session: dict[str, Any], at: float) -> Iterator[Press]:
    """Touch every widget that sends messages, and yield what it sends; `at` is the position of faders, 0..1."""
    for tab in session["content"]["tabs"]:
        for widget in tab["widgets"]:
            if widget["type"] == "text" or widget.get("bypass"):
                continue
            values = list(widget.get("preArgs", []))
            if widget["type"] == "button" and widget["on"] is not None:
                values.append(float(widget["on"]))
            elif widget["type"] == "fader":
                low, high = widget["range"]["min"], widget["range"]["max"]
                value = round(low + at * (high - low), widget["decimals"])
                values.append(int(value) if widget["typeTags"] == "i" else float(value))
            elif widget["type"] == "input":
                values.append("typed")
            yield Press(widget["id"], widget["address"], tuple(values))
