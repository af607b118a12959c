"""send, audition: one OSC message to the daemon, as a controller would send it."""

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

LONGEST = 65_507  # bytes of a UDP datagram
FIRST_WORD = 10.0  # s until a message is taken for lost: a datagram can be
LAST_WORD = 2.0  # s of silence after which the daemon is looked for, or a job that has ended has nothing more to say


def send(options: argparse.Namespace) -> int:
    """Send and print what is answered; 1 when the answer is an error."""
    address, texts = options.address, options.arguments
    if not address.startswith("/"):
        raise RequestError("An OSC address begins with /: /bridge/ping.", hint="docs/osc.md has them all.")
    if address == "/bridge/clip":
        return _clip(options, texts)
    return _exchange(options, address, [_value(text) for text in texts], options.wait)


def _clip(options: argparse.Namespace, texts: list[str]) -> int:
    """Send a whole request and listen until its result is there; 1 when there will be none."""
    client = Client(home())
    token = client.need_daemon()["token"]
    words: list[Any] = [token if text == "token" else text for text in texts[:1]]
    words += [os.fspath(Path(text).absolute()) for text in texts[1:2]]
    words += [_value(text) for text in texts[2:]]
    with channel(_port(options), "/bridge/clip", words) as link:
        answered = False
        over = time.monotonic() + FIRST_WORD  # when to stop listening
        while time.monotonic() < over:
            for answer in _answers(link, LAST_WORD):
                _tell(options, answer)
                if not answered:
                    answered, over = True, math.inf
                if answer.address.endswith("/path"):
                    return 0
                if answer.address == "/bridge/job" and answer.params[1] in OVER:
                    # its path or error may come a little later
                    over = time.monotonic() + LAST_WORD
            if client.daemon() is None:
                raise NotRunning("The daemon is gone; it goes on with this remix when it is started again.")
    if not answered:
        raise NotRunning(
            "The daemon has not answered, so the message may be lost.",
            hint="`ace-bridge jobs` tells whether it was taken on; if not, send it again.",
        )
    return 1


def audition(options: argparse.Namespace) -> int:
    """Play, turn what is played, or stop."""
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
    """List the audio outputs; the process that plays knows them."""
    import subprocess  # only here: a foot switch waits for `send`

    asked = [sys.executable, "-m", "bridge.audition.process", "outputs"]
    word = json.loads(subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout)
    if "error" in word:
        raise from_wire(word["error"])
    for output in word["outputs"]:
        usual = "  (the system's)" if output["default"] else ""
        print(json.dumps(output) if options.json else f"{output['name']}  ·  {output['interface']}{usual}")
    return 0


def _exchange(options: argparse.Namespace, address: str, values: list[Any], wait: float) -> int:
    with channel(_port(options), address, values) as link:
        for answer in _answers(link, wait):
            _tell(options, answer)
    return 0


def _port(options: argparse.Namespace) -> int:
    return int(getattr(options, "port", None) or Client(home()).need_daemon()["osc_port"])


@contextlib.contextmanager
def channel(port: int, address: str, values: list[Any]) -> Iterator[socket.socket]:
    """Send one message and return where its answers come."""
    try:
        data = encode(address, values)
    except ValueError as problem:
        raise RequestError(
            str(problem), hint="Correct it and send it again; `ace-bridge remix` takes files of any name."
        ) from problem
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect(("127.0.0.1", port))
        link.send(data)
        yield link


def _tell(options: argparse.Namespace, answer: Message) -> None:
    """Print an answer; one that is an error is raised."""
    parameters = list(answer.params)
    if answer.address == "/bridge/error":
        raise from_wire({"code": parameters[1], "text": parameters[2]})
    shown = {"event": "answer", "address": answer.address, "arguments": parameters}
    print(json.dumps(shown) if options.json else " ".join([answer.address, *map(str, parameters)]), flush=True)


def _answers(channel: socket.socket, wait: float) -> Iterator[Message]:
    """Yield what comes back within `wait` seconds."""
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
    """Read an argument: a number if it looks like one, `s:` before it for a text."""
    if text.startswith("s:"):
        return text[2:]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
