"""send, audition: send one OSC message to the daemon, as a controller would."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.client import OVER, Client
from bridge.config.home import home
from bridge.errors import NotRunning, RequestError, from_wire
from bridge.osc.plain import Message, decode, encode

LONGEST = 65_507  # maximum size of a UDP datagram in bytes
FIRST_REPLY = 10.0  # seconds without a reply after which the datagram counts as lost
LAST_REPLY = 2.0  # seconds to listen after a job ends, and between checks that the daemon is running


def send(options: argparse.Namespace) -> int:
    """Send the message and print the replies; return 1 if the message requests a remix and no result arrives."""
    address, texts = options.address, options.arguments
    if not address.startswith("/"):
        raise RequestError(
            "An OSC address begins with /, for example /bridge/ping.", hint="docs/osc.md lists them all."
        )
    if address == "/bridge/clip":
        return _clip(options, texts)
    return _exchange(options, address, [_value(text) for text in texts], options.wait)


def _clip(options: argparse.Namespace, texts: list[str]) -> int:
    """Send /bridge/clip and print the replies until the result's path arrives; return 1 if no result arrives."""
    client = Client(home())
    token = client.need_daemon()["token"]
    arguments: list[Any] = [token if text == "token" else text for text in texts[:1]]
    arguments += [os.fspath(Path(text).absolute()) for text in texts[1:2]]
    arguments += [_value(text) for text in texts[2:]]
    with channel(_port(options), "/bridge/clip", arguments) as link:
        answered = False
        over = time.monotonic() + FIRST_REPLY  # when to stop listening
        while time.monotonic() < over:
            for answer in _answers(link, LAST_REPLY):
                _print(options, answer)
                if not answered:
                    answered, over = True, math.inf
                if answer.address.endswith("/path"):
                    return 0
                if answer.address == "/bridge/job" and answer.params[1] in OVER:
                    # the result's path or an error may still arrive
                    over = time.monotonic() + LAST_REPLY
            if client.daemon() is None:
                raise NotRunning("The daemon has stopped. This remix continues after the next `ace-bridge start`.")
    if not answered:
        raise NotRunning(
            "The daemon did not reply, so the message may be lost.",
            hint="Send it again if `ace-bridge jobs` does not list the remix.",
        )
    return 1


def audition(options: argparse.Namespace) -> int:
    """Play a result or its source clip, switch between the two, set looping, or stop playback."""
    if options.devices:
        return _devices(options)
    if options.stop:
        return _exchange(options, "/bridge/audition/stop", [], 0.3)
    if options.switch:
        return _exchange(options, "/bridge/audition/switch", [], 2.0)
    if options.loop:
        return _exchange(options, "/bridge/audition/loop", [options.loop], 0.3)
    side = "source" if options.source else "result"
    return _exchange(options, "/bridge/audition", [options.variation or "", side], 2.0)


def _devices(options: argparse.Namespace) -> int:
    """List the audio outputs. Only the playback process can query them."""
    from bridge.util.spawn import run  # imported only here: `send` must be fast

    reply = json.loads(run([sys.executable, "-m", "bridge.audition.process", "outputs"]).stdout)
    if "error" in reply:
        raise from_wire(reply["error"])
    for output in reply["outputs"]:
        default = "  (system default)" if output["default"] else ""
        print(json.dumps(output) if options.json else f"{output['name']}  ·  {output['interface']}{default}")
    return 0


def _exchange(options: argparse.Namespace, address: str, values: list[Any], wait: float) -> int:
    with channel(_port(options), address, values) as link:
        for answer in _answers(link, wait):
            _print(options, answer)
    return 0


def _port(options: argparse.Namespace) -> int:
    return int(getattr(options, "port", None) or Client(home()).need_daemon()["osc_port"])


@contextlib.contextmanager
def channel(port: int, address: str, values: list[Any]) -> Iterator[socket.socket]:
    """Send one message and yield the socket that receives its replies."""
    try:
        data = encode(address, values)
    except ValueError as problem:
        raise RequestError(
            str(problem), hint="Correct it and send it again. `ace-bridge remix` accepts any file name."
        ) from problem
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect(("127.0.0.1", port))
        link.send(data)
        yield link


def _print(options: argparse.Namespace, answer: Message) -> None:
    """Print a reply, or raise the error that the reply reports."""
    parameters = list(answer.params)
    if answer.address == "/bridge/error":
        raise from_wire({"code": parameters[1], "text": parameters[2]})
    shown = {"event": "answer", "address": answer.address, "arguments": parameters}
    print(json.dumps(shown) if options.json else " ".join([answer.address, *map(str, parameters)]), flush=True)


def _answers(channel: socket.socket, wait: float) -> Iterator[Message]:
    """Yield the replies that arrive within `wait` seconds."""
    end = time.monotonic() + wait
    while (left := end - time.monotonic()) > 0:
        channel.settimeout(left)
        with contextlib.suppress(TimeoutError):
            try:
                data = channel.recv(LONGEST)
            except ConnectionError as problem:
                raise NotRunning from problem
            yield decode(data)


def _value(text: str) -> str | int | float:
    """Return an argument as a number if it looks like one, else as text. The prefix `s:` forces text."""
    if text.startswith("s:"):
        return text[2:]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
