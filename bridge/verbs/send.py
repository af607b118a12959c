"""send, audition: one OSC message to the daemon, as a controller would send it."""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.cli import home
from bridge.client import Client
from bridge.errors import from_wire

LONGEST = 65_507  # bytes of a UDP datagram


def send(options: argparse.Namespace) -> int:
    """Send and print what is answered; 1 when the answer is an error."""
    return _exchange(options, options.address, [_value(text) for text in options.arguments], options.wait)


def audition(options: argparse.Namespace) -> int:
    """Play or stop."""
    if options.stop:
        return _exchange(options, "/bridge/audition/stop", [], 0.3)
    side = "source" if options.source else "result"
    return _exchange(options, "/bridge/audition", [options.variation or "", side], 2.0)


def _exchange(options: argparse.Namespace, address: str, values: list[Any], wait: float) -> int:
    port = getattr(options, "port", None) or Client(home()).need_daemon()["osc_port"]
    builder = OscMessageBuilder(address=address)
    for value in values:
        builder.add_arg(value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(("127.0.0.1", port))
        channel.send(builder.build().dgram)
        for answer in _answers(channel, wait):
            parameters = list(answer.params)
            if answer.address == "/bridge/error":
                raise from_wire({"code": parameters[1], "text": parameters[2]})
            shown = {"event": "answer", "address": answer.address, "arguments": parameters}
            print(json.dumps(shown) if options.json else " ".join([answer.address, *map(str, parameters)]), flush=True)
    return 0


def _answers(channel: socket.socket, wait: float) -> Iterator[OscMessage]:
    """Yield what comes back within `wait` seconds."""
    end = time.monotonic() + wait
    while (left := end - time.monotonic()) > 0:
        channel.settimeout(left)
        with contextlib.suppress(TimeoutError):
            yield OscMessage(channel.recv(LONGEST))


def _value(text: str) -> str | int | float:
    """Read an argument: a number if it looks like one, `s:` before it for a text."""
    if text.startswith("s:"):
        return text[2:]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
