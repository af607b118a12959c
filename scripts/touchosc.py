"""Write the pages of touch_pages.py as a TouchOSC layout: lexml 3 XML, compressed with zlib.

Every version of TouchOSC reads this format. A received message moves a control only if its address and arguments match
the message that the control sends.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from touch_pages import HEIGHT, TABS, WIDTH, Frame, Page, Widget

NAMESPACE = uuid.UUID("6d8dcb8e-0c5b-4b0c-9a57-ace0b12d9e00")  # makes the ids of controls reproducible
CONNECTIONS = "11111"  # use all connections
Color = tuple[float, float, float]  # red, green, blue, 0..1
PLAIN: Color = (0.32, 0.36, 0.42)
SPENDING: Color = (0.85, 0.35, 0.15)  # may cost money
VALUE: Color = (0.10, 0.55, 0.60)
DARK: Color = (0.10, 0.11, 0.13)
TYPES = {"button": "BUTTON", "fader": "FADER", "bar": "FADER", "text": "LABEL", "caption": "LABEL"}


def layout(pages: list[Page]) -> bytes:
    """Return the content of a .tosc file."""
    return zlib.compress(xml(pages), 9)


def xml(pages: list[Page]) -> bytes:
    """Return the uncompressed layout."""
    root = Element("lexml", version="3")
    outer = _node(root, "GROUP", "ace-bridge", (0, 0, WIDTH, HEIGHT + TABS), DARK)
    pager = _node(_children(outer), "PAGER", "pages", (0, 0, WIDTH, HEIGHT + TABS), DARK)
    for key, kind, value in (("tabLabels", "b", "1"), ("tabbar", "b", "1"), ("tabbarSize", "i", str(TABS))):
        _property(pager, kind, key, value)
    for key in ("textSizeOff", "textSizeOn"):
        _property(pager, "i", key, "16")
    _values(pager, {"page": "0", "touch": "false"})
    inside = _children(pager)
    for page in pages:
        group = _node(inside, "GROUP", page.title, (0, TABS, WIDTH, HEIGHT), DARK)
        _property(group, "s", "tabLabel", page.title)
        _values(group, {"touch": "false"})
        controls = _children(group)
        for widget in page.widgets:
            for control in _controls(widget):
                controls.append(control)
    _values(outer, {"touch": "false"})
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{text}\n".encode()


def _controls(widget: Widget) -> Iterator[Element]:
    """Yield the control and, for a button, a label on top of it, since TouchOSC buttons have no text."""
    holder = Element("holder")
    kind = TYPES[widget.kind]
    color = SPENDING if widget.spends else PLAIN if widget.kind == "button" else VALUE
    node = _node(holder, kind, widget.name, widget.frame, DARK if kind == "LABEL" else color)
    if kind == "LABEL":
        _label(node, "" if widget.kind == "text" else widget.label, left=widget.kind == "caption")
    else:
        _property(node, "b", "interactive", "0" if widget.kind == "bar" else "1")
        _values(node, {"x": "0", "touch": "false"})
    if widget.kind == "button":
        _property(node, "i", "buttonType", "0")  # momentary
    elif kind == "FADER":
        _property(node, "i", "orientation", "1")  # from left to right
    if widget.address:
        _message(node, widget)
    yield node
    if widget.kind == "button":
        over = _node(holder, "LABEL", f"{widget.name} label", widget.frame, color)
        _property(over, "b", "background", "0")
        _property(over, "b", "outline", "0")
        _label(over, widget.label)
        yield over


def _label(node: Element, text: str, *, left: bool = False) -> None:
    _property(node, "b", "interactive", "0")  # presses go through the label to the control under it
    _property(node, "i", "textSize", "18")
    _property(node, "i", "textAlignH", "1" if left else "2")
    _color(node, "textColor", (1.0, 1.0, 1.0))
    _values(node, {"text": text, "touch": "false"})


def _message(node: Element, widget: Widget) -> None:
    """Bind the control to its address."""
    shows = widget.kind in ("text", "bar")
    receives = widget.kind != "button"
    message = SubElement(_once(node, "messages"), "osc")
    for name, value in (("enabled", "1"), ("send", "0" if shows else "1"), ("receive", "1" if receives else "0")):
        SubElement(message, name).text = value
    SubElement(message, "feedback").text = "0"  # received values are not sent back
    SubElement(message, "connections").text = CONNECTIONS
    trigger = SubElement(SubElement(message, "triggers"), "trigger")
    SubElement(trigger, "var").text = "text" if widget.kind == "text" else "x"
    SubElement(trigger, "condition").text = "RISE" if widget.kind == "button" else "ANY"  # on press only
    _partial(SubElement(message, "path"), "CONSTANT", "STRING", widget.address)
    arguments = SubElement(message, "arguments")
    if widget.argument is not None:
        whole = isinstance(widget.argument, int)
        _partial(arguments, "CONSTANT", "INTEGER" if whole else "STRING", str(widget.argument))
    elif widget.kind == "text":
        _partial(arguments, "VALUE", "STRING", "text")
    else:
        _partial(arguments, "VALUE", "INTEGER" if widget.whole else "FLOAT", "x", widget.low, widget.high)


def _partial(parent: Element, kind: str, conversion: str, value: str, low: float = 0, high: float = 1) -> None:
    partial = SubElement(parent, "partial")
    for name, text in (("type", kind), ("conversion", conversion), ("value", value)):
        SubElement(partial, name).text = text
    SubElement(partial, "scaleMin").text = f"{low:g}"
    SubElement(partial, "scaleMax").text = f"{high:g}"


# --- elements --------------------------------------------------------------------------------------------------------


def _node(parent: Element, kind: str, name: str, frame: Frame, color: Color) -> Element:
    node = SubElement(parent, "node", ID=str(uuid.uuid5(NAMESPACE, f"{kind} {name}")), type=kind)
    _property(node, "s", "name", name)
    about = SubElement(_property(node, "r", "frame"), "value")
    for key, number in zip("xywh", frame, strict=True):
        SubElement(about, key).text = str(number)
    _color(node, "color", color)
    _property(node, "b", "grabFocus", "0" if kind in ("GROUP", "PAGER", "LABEL") else "1")
    return node


def _property(node: Element, kind: str, key: str, value: str | None = None) -> Element:
    entry = SubElement(_once(node, "properties"), "property", type=kind)
    SubElement(entry, "key").text = key
    if value is not None:
        SubElement(entry, "value").text = value
    return entry


def _color(node: Element, key: str, color: Color) -> None:
    about = SubElement(_property(node, "c", key), "value")
    for name, part in zip("rgba", (*color, 1.0), strict=True):
        SubElement(about, name).text = f"{part:g}"


def _values(node: Element, values: dict[str, str]) -> None:
    for key, default in values.items():
        value = SubElement(_once(node, "values"), "value")
        SubElement(value, "key").text = key
        SubElement(value, "locked").text = "0"
        SubElement(value, "lockedDefaultCurrent").text = "0"
        SubElement(value, "default").text = default
        SubElement(value, "defaultPull").text = "0"


def _children(node: Element) -> Element:
    return _once(node, "children")


def _once(node: Element, tag: str) -> Element:
    """Return a part of a node; if it is missing, create it at the position that the format requires."""
    found = node.find(tag)
    if found is None:
        order = ("properties", "values", "messages", "children")
        index = sum(node.find(other) is not None for other in order[: order.index(tag)])
        found = Element(tag)
        node.insert(index, found)
    return found
