"""Simulates a touch of every control in the touch layouts, following the documentation of the two programs.

The TouchOSC layout (.tosc) is read with the package py2tosc, whose authors based it on layouts from TouchOSC's own
editor. The Open Stage Control session is plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import py2tosc


@dataclass(frozen=True)
class Press:
    """A control that was touched, and the message that it sends."""

    control: str
    address: str
    arguments: tuple[Any, ...]


def touchosc(document: py2tosc.Document, at: float) -> Iterator[Press]:
    """Yield what each control of a TouchOSC layout sends when touched. Faders are moved to the position `at`, 0..1."""
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
    """Yield what each widget of a session sends when touched. Faders are moved to the position `at`, 0..1."""
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
