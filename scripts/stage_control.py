"""Writes the pages of touch_pages.py as an Open Stage Control session (version 1): JSON with one tab per page.

The file contains only the properties that differ from a widget's defaults; Open Stage Control adds the rest.
"""

from __future__ import annotations

import json
from typing import Any

from touch_pages import SECRET, Page, Widget

VERSION = "1.25.0"  # version of Open Stage Control
PAID, PLAIN, VALUE = "#d9592a", "#7d8899", "#2ba0ab"  # colours: buttons that may cost money, other buttons, values


def session(pages: list[Page]) -> bytes:
    """Return the content of a session file."""
    tabs = [_tab(page) for page in pages]
    root = {"type": "root", "id": "root", "tabs": tabs, "widgets": []}
    text = {"createdWith": "Open Stage Control", "version": VERSION, "type": "session", "content": root}
    return (json.dumps(text, indent=1, ensure_ascii=False) + "\n").encode()


def _tab(page: Page) -> dict[str, Any]:
    widgets = [_widget(one) for one in page.widgets]
    return {"type": "tab", "id": f"page {page.title}", "label": page.title, "widgets": widgets}


def _widget(widget: Widget) -> dict[str, Any]:
    x, y, width, height = widget.frame
    shared: dict[str, Any] = {"id": widget.name, "left": x, "top": y, "width": width, "height": height}
    if widget.address:
        shared["address"] = widget.address
    if widget.argument == SECRET:  # the user types the secret and presses return
        return {"type": "input", **shared, "label": widget.label, "typeTags": "s"}
    return {"button": _button, "fader": _fader, "bar": _fader, "text": _text, "caption": _text}[widget.kind](
        widget, shared
    )


def _button(widget: Widget, shared: dict[str, Any]) -> dict[str, Any]:
    """Return a button that sends a message only when pressed, with the button's state or with a fixed argument."""
    look: dict[str, Any] = {"label": widget.label, "colorWidget": PAID if widget.spends else PLAIN, "mode": "tap"}
    if widget.spends:
        look |= {"label": f"{widget.label} (tap twice)", "doubleTap": True}
    if widget.argument is None:
        return {"type": "button", **shared, **look, "on": 1, "off": 0}
    kind = "i" if isinstance(widget.argument, int) else "s"
    return {"type": "button", **shared, **look, "on": None, "off": 0, "preArgs": [widget.argument], "typeTags": kind}


def _fader(widget: Widget, shared: dict[str, Any]) -> dict[str, Any]:
    look: dict[str, Any] = {
        "horizontal": True,
        "design": "compact",
        "colorWidget": VALUE,
        "range": {"min": widget.low, "max": widget.high},
        "decimals": 0 if widget.whole else 3,
        "typeTags": "i" if widget.whole else "f",
    }
    if widget.kind == "bar":
        look |= {"interaction": False, "bypass": True}
    return {"type": "fader", **shared, **look}


def _text(widget: Widget, shared: dict[str, Any]) -> dict[str, Any]:
    look: dict[str, Any] = {"default": widget.label, "wrap": "soft"}
    if widget.kind == "caption":
        look["align"] = "left"
    return {"type": "text", **shared, **look}
