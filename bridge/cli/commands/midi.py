"""midi: lists controllers and mappings, learns and removes mappings, and monitors controls.

Only the daemon opens MIDI ports. This command sends the daemon OSC messages that contain the token from daemon.json.
"""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Iterator
from typing import Any

from bridge.cli.commands.send import LONGEST, channel
from bridge.client import Client
from bridge.config.home import home
from bridge.errors import NotRunning, RequestError, from_wire
from bridge.osc.plain import Message, decode

QUIET = 2.0  # seconds without a reply after which to check that the daemon is running

LEARNING = "Move the control for {what}: press a pad, move a fader or turn a knob clockwise (Ctrl-C to cancel)."


def midi(options: argparse.Namespace) -> int:
    """Send the requested action to the daemon and print the replies."""
    name, arguments = _osc_command(options)
    client = Client(home())
    about = client.start() if options.action in ("learn", "use") else client.need_daemon()
    with channel(int(about["osc_port"]), f"/bridge/midi/{name}", [about["token"], *arguments]) as link:
        try:
            return _listen(options, link, client)
        except KeyboardInterrupt:
            with channel(int(about["osc_port"]), "/bridge/midi/stop", [about["token"]]):
                print("Nothing was changed." if name == "learn" else "")
            raise


def _osc_command(options: argparse.Namespace) -> tuple[str, list[Any]]:
    """Return the part of the OSC address after /bridge/midi/, and the arguments that follow the token."""
    match options.action:
        case "learn":
            command, argument = _command(options)
            marks = ("light" if options.light else "", "replace" if options.replace else "")
            return "learn", [command, argument, float(options.wait), options.encoder or "", *marks]
        case "unlearn":
            return "unlearn", list(_command(options))
        case "use":
            return "use", [_needed(options, "the name of a template")]
        case "monitor":
            return "monitor", [float(options.wait)]
        case "list":
            return "controls", []
    return "devices", []


def _listen(options: argparse.Namespace, link: socket.socket, client: Client) -> int:
    """Print the replies, up to and including the last."""
    for count, answer in enumerate(_answers(link, client)):
        parameters = list(answer.params)
        if answer.address == "/bridge/error":
            raise from_wire({"code": parameters[1], "text": parameters[2]})
        kind = answer.address.rpartition("/")[2]
        if options.json:
            print(json.dumps({"event": kind, "arguments": parameters}), flush=True)
        elif kind in _LINES and (line := _LINES[kind](options, parameters)):
            print(line, flush=True)
        if kind == "end":
            if not count and not options.json and options.action in _NOTHING:
                print(_NOTHING[options.action])
            return 0
    return 1


def _answers(link: socket.socket, client: Client) -> Iterator[Message]:
    link.settimeout(QUIET)
    while True:
        try:
            yield decode(link.recv(LONGEST))
        except TimeoutError:
            if client.daemon() is None:
                raise NotRunning("The daemon has stopped.") from None
        except ConnectionError as problem:
            raise NotRunning from problem


def _device(_: argparse.Namespace, values: list[Any]) -> str:
    name, ports, mapping, template = values
    note = f"mapped by {mapping}" if mapping else "no mapping"
    if template:
        note += f"; `ace-bridge midi use {template}` loads a ready-made one"
    return f"{name} ({ports}): {note}"


def _control(_: argparse.Namespace, values: list[Any]) -> str:
    device, control, kind, command, _ = values
    return f"{device}: {control} ({kind}) → {command}"


def _ready(options: argparse.Namespace, values: list[Any]) -> str:
    heard = f"Listening to {values[0]}." if values[0] else "No MIDI controller is connected; connect one now."
    return f"{heard}\n{LEARNING.format(what=' '.join(options.words))}" if options.action == "learn" else heard


def _heard(_: argparse.Namespace, values: list[Any]) -> str:
    device, control, value = values
    return f"{device}: {control}, value {value:g}"


def _end(_: argparse.Namespace, values: list[Any]) -> str:
    return str(values[0])


_LINES = {"device": _device, "control": _control, "ready": _ready, "heard": _heard, "end": _end}
_NOTHING = {
    "devices": "No MIDI controller is connected.",
    "list": "No control is mapped yet; `ace-bridge midi learn COMMAND` maps one.",
}


def _command(options: argparse.Namespace) -> tuple[str, str]:
    command = _needed(options, "the name of a command, for example remix, preset.next or amount")
    return command, " ".join(options.words[1:])


def _needed(options: argparse.Namespace, what: str) -> str:
    if not options.words:
        raise RequestError(f"`ace-bridge midi {options.action}` needs {what}.")
    return str(options.words[0])
