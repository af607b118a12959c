"""The OSCQuery tree: all commands and values of the OSC server, with types, ranges and current values.

control/table.py, presets/parameters.py, a snapshot → here → query_server.py. The format follows the OSCQuery proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.control.api import Snapshot
from bridge.control.command import Argument, Command
from bridge.control.table import COMMANDS, MESSAGES
from bridge.osc.state import lines
from bridge.presets.parameters import HAND_PARAMS, Param

Node = dict[str, Any]  # JSON object: FULL_PATH, CONTENTS, TYPE, ACCESS, VALUE, RANGE, DESCRIPTION, CRITICAL

NOTHING, READ, WRITE, BOTH = 0, 1, 2, 3  # values of ACCESS
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "CRITICAL")
IMPULSE = "I"  # TYPE of a button, which has no value: VALUE is null
_TAGS: Mapping[str, str] = {"text": "s", "path": "s", "number": "f", "port": "i", "value": "f"}
_LARGEST_INT32 = 2**31 - 1


def tree(snapshot: Snapshot, presets: Iterable[str]) -> Node:
    """Return the root node.

    Args:
        snapshot: the current state, used for VALUE.
        presets: names of the presets, used for RANGE.
    """
    values = {address: list(arguments) for address, _, arguments in lines(snapshot)}
    root: Node = {"FULL_PATH": "/", "ACCESS": NOTHING, "DESCRIPTION": "ace-bridge"}
    for message in MESSAGES:
        if "<" not in message.address and not message.to_sender:
            _put(root, message.address, _read_only(message.help, message.arguments, values.get(message.address)))
    for command in COMMANDS:
        if command.name == "param":
            for param in HAND_PARAMS:
                address = command.address.replace("<name>", param.name)
                _put(root, address, _param(param, values.get(address)))
        elif command.sides:
            for side in command.sides:
                _put(root, f"{command.address}/{side}", _button(command))
        elif command.name == "preset.select":
            _put(root, command.address, _preset(command, values.get(command.address), presets))
        elif command.button or not command.arguments:
            _put(root, command.address, _button(command))
        else:
            _put(root, command.address, _write_only(command))
    return root


def find(root: Node, path: str) -> Node | None:
    """Return the node at an address, or None if there is none."""
    node: Node | None = root
    for part in path.strip("/").split("/"):
        if part and node is not None:
            node = node.get("CONTENTS", {}).get(part)
    return node


def attribute(node: Node, name: str) -> Node | None:
    """Return an object with one attribute of a node, empty if unset; None if the node cannot have the attribute."""
    if name not in ATTRIBUTES or (name == "VALUE" and not node["ACCESS"] & READ):
        return None
    return {name: node[name]} if name in node else {}


def host_info(osc_port: int, host: str | None) -> Node:
    """Return the HOST_INFO object.

    Args:
        osc_port: port of the OSC server, the same for UDP and TCP.
        host: address of the OSC server; None: clients use the address to which they send the request.
    """
    extensions = dict.fromkeys(ATTRIBUTES[3:], True)
    extensions |= {"LISTEN": True, "PATH_CHANGED": False}
    about = {"NAME": "ace-bridge", "OSC_PORT": osc_port, "OSC_TRANSPORT": "UDP", "EXTENSIONS": extensions}
    return about if host is None else {**about, "OSC_IP": host}


# --- kinds of nodes --------------------------------------------------------------------------------------------------


def _read_only(text: str, arguments: tuple[Argument, ...], value: list[Any] | None) -> Node:
    tags = "".join(_TAGS[argument.kind] for argument in arguments) or IMPULSE
    blank = {"s": "", "f": 0.0, "i": 0, IMPULSE: None}
    return {
        "TYPE": tags,
        "ACCESS": READ,
        "VALUE": value if value is not None else [blank[tag] for tag in tags],
        **_ranges([_range(argument) for argument in arguments]),
        "DESCRIPTION": text,
    }


def _button(command: Command) -> Node:
    return {"TYPE": IMPULSE, "ACCESS": WRITE, "VALUE": [None], **_about(command)}


def _write_only(command: Command) -> Node:
    tags = "".join(_TAGS[argument.kind] for argument in command.arguments)
    ranges = [_range(argument) for argument in command.arguments]
    return {"TYPE": tags, "ACCESS": WRITE, "VALUE": [None] * len(tags), **_ranges(ranges), **_about(command)}


def _preset(command: Command, value: list[Any] | None, presets: Iterable[str]) -> Node:
    range_ = {"VALS": list(presets)}
    return {"TYPE": "s", "ACCESS": BOTH, "VALUE": value or [""], "RANGE": [range_], **_about(command)}


def _param(param: Param, value: list[Any] | None) -> Node:
    """Return the node of a parameter. If the parameter is unset, such as the seed, VALUE cannot be read."""
    range_: Node = {"VALS": list(param.choices)} if param.choices else {"MIN": param.low, "MAX": param.high}
    whole = "h" if (param.high or 0) > _LARGEST_INT32 else "i"
    tag = "s" if param.choices else whole if param.kind == "int" else "f"
    return {
        "TYPE": tag,
        "ACCESS": WRITE if value is None else BOTH,
        "VALUE": value or [None],
        "RANGE": [range_],
        "DESCRIPTION": param.help,
        "CRITICAL": False,
    }


# --- parts -----------------------------------------------------------------------------------------------------------


def _about(command: Command) -> Node:
    """Return DESCRIPTION and CRITICAL; CRITICAL tells clients to prefer TCP for commands that may cost money."""
    return {"DESCRIPTION": command.help, "CRITICAL": command.spends}


def _range(argument: Argument) -> Node | None:
    if argument.choices:
        return {"VALS": list(argument.choices)}
    if argument.low is None or argument.high is None:
        return None
    return {"MIN": argument.low, "MAX": argument.high}


def _ranges(ranges: list[Node | None]) -> Node:
    return {"RANGE": ranges} if any(ranges) else {}


def _put(root: Node, address: str, node: Node) -> None:
    """Insert a node into the tree, creating missing containers above it."""
    parent, path = root, ""
    for part in address.strip("/").split("/"):
        path += f"/{part}"
        parent = parent.setdefault("CONTENTS", {}).setdefault(part, {"FULL_PATH": path, "ACCESS": NOTHING})
    parent.update(node)
