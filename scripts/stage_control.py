"""Write the pages of touch_pages.py as a session of Open Stage Control, version 1: JSON with one tab for each page.

Only what differs from a widget's defaults is written; the program fills in the rest when it opens the session.
"""

from __future__ import annotations

import json
from typing import Any

from touch_pages import SECRET, Page, Widget

VERSION = "1.25.0"  # of the program whose words are used here
DEAR, PLAIN, VALUE = "#d9592a", "#7d8899", "#2ba0ab"  # what may cost money, other buttons, values


def session(pages: list[Page]) -> bytes:
    """Return the content of a session's file."""
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
    if widget.argument == SECRET:  # typed there, and sent with return
        return {"type": "input", **shared, "label": widget.label, "typeTags": "s"}
    return {"button": _button, "fader": _fader, "bar": _fader, "text": _text, "caption": _text}[widget.kind](
        widget, shared
    )


def _button(widget: Widget, shared: dict[str, Any]) -> dict[str, Any]:
    """A button that sends on press only: its state, or the words that it stands for and nothing behind them."""
    look: dict[str, Any] = {"label": widget.label, "colorWidget": DEAR if widget.spends else PLAIN, "mode": "tap"}
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
