"""Draws a layout as SVG from the layout file itself, not from the tables that the file was generated from.

The drawing is schematic: TouchOSC and Open Stage Control render the controls in their own style.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

BETWEEN = 16  # gap between two pages, points
HEAD = 28  # height of a page's title, points
SCALE = 0.5  # size in the drawing / size in the layout
COLUMNS = 2  # number of pages side by side
BACK, EDGE, TEXT = "#1a1c21", "#7d8899", "#ffffff"


@dataclass(frozen=True, slots=True)
class Shape:
    """A control to draw."""

    kind: str  # "button", "fader" or "text"
    label: str
    x: float
    y: float
    width: float
    height: float
    color: str  # a CSS colour


Page = tuple[str, list[Shape]]  # title and controls


def touchosc(data: bytes) -> str:
    """Draw the content of a .tosc file."""
    root = ElementTree.fromstring(zlib.decompress(data))
    pages = root.findall("./node/children/node[@type='PAGER']/children/node")
    return _svg([(_text(page, "tabLabel"), list(_tosc_shapes(page))) for page in pages])


def stage_control(data: bytes) -> str:
    """Draw the content of a session file."""
    tabs = json.loads(data)["content"]["tabs"]
    return _svg([(tab["label"], [_session_shape(widget) for widget in tab["widgets"]]) for tab in tabs])


# --- reading ---------------------------------------------------------------------------------------------------------


def _tosc_shapes(page: Element) -> Iterator[Shape]:
    """Yield faders, text controls, and buttons with the labels on top of them."""
    nodes = page.findall("./children/node")
    labels = {_text(node, "name"): _default(node) for node in nodes if node.get("type") == "LABEL"}
    buttons = {_text(node, "name") for node in nodes if node.get("type") == "BUTTON"}
    for node in nodes:
        name, kind = _text(node, "name"), str(node.get("type")).lower()
        if kind == "label" and name.removesuffix(" label") in buttons:
            continue
        label = labels.get(f"{name} label", "") if kind == "button" else labels.get(name) or _shown(name)
        frame = _property(node, "frame")
        x, y, width, height = (float(frame.findtext(key) or 0) for key in "xywh")
        color = _property(node, "color")
        red, green, blue = (round(255 * float(color.findtext(key) or 0)) for key in "rgb")
        what = {"label": "text"}.get(kind, kind)
        yield Shape(what, label, x, y, width, height, f"rgb({red},{green},{blue})")


def _property(node: Element, key: str) -> Element:
    for entry in node.findall("./properties/property"):
        if entry.findtext("key") == key and (value := entry.find("value")) is not None:
            return value
    return Element("value")


def _text(node: Element, key: str) -> str:
    return _property(node, key).text or ""


def _default(node: Element) -> str:
    for value in node.findall("./values/value"):
        if value.findtext("key") == "text":
            return value.findtext("default") or ""
    return ""


def _session_shape(widget: dict[str, object]) -> Shape:
    kind = {"button": "button", "fader": "fader"}.get(str(widget["type"]), "text")
    label = str(widget.get("label") or widget.get("default") or _shown(str(widget["id"])))
    x, y, width, height = (float(str(widget[key])) for key in ("left", "top", "width", "height"))
    color = str(widget.get("colorWidget", BACK))
    return Shape(kind, "" if kind == "fader" else label, x, y, width, height, color)


def _shown(name: str) -> str:
    """Return the placeholder for a text control without text, made from the control's name."""
    return name.replace("_", " ")


# --- drawing ---------------------------------------------------------------------------------------------------------


def _svg(pages: list[Page]) -> str:
    width = max(shape.x + shape.width for _, shapes in pages for shape in shapes) + BETWEEN
    height = max(shape.y + shape.height for _, shapes in pages for shape in shapes) + BETWEEN + HEAD
    rows = -(-len(pages) // COLUMNS)
    whole = (width * COLUMNS * SCALE, height * rows * SCALE)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]:.0f}" height="{whole[1]:.0f}" '
        f'viewBox="0 0 {width * COLUMNS:.0f} {height * rows:.0f}" font-family="sans-serif" font-size="20">',
        f'<rect width="100%" height="100%" fill="{BACK}"/>',
    ]
    for number, (title, shapes) in enumerate(pages):
        row, column = divmod(number, COLUMNS)
        lines.append(f'<g transform="translate({column * width + BETWEEN / 2:.0f},{row * height + HEAD:.0f})">')
        lines.append(f'<text x="4" y="-6" fill="{EDGE}">{escape(title)}</text>')
        for shape in shapes:
            lines += _shape(shape)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _shape(shape: Shape) -> Iterator[str]:
    box = f'x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}" height="{shape.height:g}"'
    if shape.kind == "text":
        yield f'<rect {box} fill="none" stroke="{EDGE}" stroke-opacity="0.4"/>'
    else:
        yield f'<rect {box} rx="6" fill="{shape.color}" fill-opacity="0.55" stroke="{shape.color}"/>'
    if shape.kind == "fader":
        grip = shape.x + shape.width * 0.4
        yield f'<rect x="{grip:g}" y="{shape.y:g}" width="10" height="{shape.height:g}" fill="{TEXT}"/>'
    longest = max(1, int(shape.width / 11))
    lines = _wrapped(shape.label, longest)[: max(1, int(shape.height // 24))] if shape.kind != "fader" else []
    for number, line in enumerate(lines):
        middle = shape.y + shape.height / 2 + 7 + (number - (len(lines) - 1) / 2) * 24
        yield (
            f'<text x="{shape.x + shape.width / 2:g}" y="{middle:g}" fill="{TEXT}" text-anchor="middle">'
            f"{escape(line)}</text>"
        )


def _wrapped(text: str, longest: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= longest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
