"""bench: measures how long each stage of an offline remix takes on this machine, in a temporary bridge home."""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.cli.commands.demo import SECONDS, TEMPO, own_bridge
from bridge.cli.console import Console
from bridge.client import OVER, Client
from bridge.errors import WorkerDied
from bridge.osc.plain import Message, decode, encode

STATES = {
    "accepting": "the message is accepted and written to the journal",
    "rendering": "the clip is read and measured",
    "uploading": "nothing to upload",
    "submitting": "the submission is written to the journal",
    "queued": "the engine accepts the submission",
    "running": "the offline engine makes the remix",
    "fetching": "the result is checked",
    "fitting": "rate, timing, length and loudness are matched, and the file is written",
    "ready": "the result can be placed",
    "placing": "the result is placed",
}
PATIENCE = 120.0  # seconds without a message from the daemon after which the benchmark fails

Durations = Mapping[str, float]  # seconds spent in each state, in order of occurrence


def bench(options: argparse.Namespace) -> int:
    """Time a few remixes and print the medians. The first remix is listed separately: it also starts the workers."""
    console = Console(options.json)
    console.say(f"offline remixes of a clip of {SECONDS:.0f} s: one to warm up, then {options.rounds} …")
    with own_bridge("bench") as (client, source):
        begun = time.perf_counter()
        about = client.start()
        start = time.perf_counter() - begun
        with _subscribed(int(about["osc_port"])) as channel:
            rounds = []
            for number in range(options.rounds + 1):
                rounds.append(_round(client, channel, source, number))
                console.say(f"  {number or 'warm-up'}: {sum(rounds[-1].values()) * 1e3:.0f} ms")
    cold, *warm = rounds
    _print(options, start, cold, warm)
    return 0


def _round(client: Client, channel: socket.socket, source: Path, number: int) -> Durations:
    """Remix the clip once and return the time spent in each state.

    Raises:
        WorkerDied: the remix failed.
    """
    clip = {"id": "bench", "name": "bench", "position": 0.0, "length": SECONDS, "source": {"path": str(source)}}
    args = {
        "project": {"tempo": TEMPO},
        "clips": [clip],
        "remix": {"engine": "offline", "tags": "dub, deep bass", "seed": number},
    }
    moments = [("accepting", time.perf_counter())]
    client.send("remix", args)
    job = ""
    for answer in _messages(channel):
        if answer.address != "/bridge/job" or job not in ("", answer.params[0]):
            continue
        job, state = answer.params
        if state not in ("new", moments[-1][0]):
            moments.append((state, time.perf_counter()))
        if state in OVER:
            break
    if moments[-1][0] != "done":
        raise WorkerDied(f"The remix ended as {moments[-1][0]}; {client.home / 'logs' / 'bridge.log'} has the reason.")
    return {name: end - begin for (name, begin), (_, end) in itertools.pairwise(moments)}


@contextmanager
def _subscribed(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(PATIENCE)
        channel.bind(("127.0.0.1", 0))
        channel.sendto(encode("/bridge/subscribe"), ("127.0.0.1", port))
        yield channel


def _messages(channel: socket.socket) -> Iterator[Message]:
    while True:
        yield decode(channel.recv(65_507))


def _print(options: argparse.Namespace, start: float, cold: Durations, warm: list[Durations]) -> None:
    """Print the durations as a table or as one line of JSON."""
    seen = dict.fromkeys(name for one in warm for name in one)  # every state, so that the lines add up to the total
    order = {name: number for number, name in enumerate(STATES)}
    names = sorted(seen, key=lambda name: order.get(name, len(order)))
    medians = {name: statistics.median(one.get(name, 0.0) for one in warm) for name in names}
    whole = statistics.median(sum(one.values()) for one in warm)
    if options.json:
        report: dict[str, Any] = {"event": "bench", "engine": "offline", "clip": SECONDS, "rounds": len(warm)}
        report |= {"start": start, "first": sum(cold.values()), "whole": whole, "states": medians}
        print(json.dumps({name: _rounded(value) for name, value in report.items()}))
        return
    for name in names:
        print(f"{name:<10} {medians[name] * 1e3:6.0f} ms  {STATES.get(name, '')}")
    print(f"{'whole':<10} {whole * 1e3:6.0f} ms  {SECONDS / whole:.0f} times real time")
    print(f"{'first':<10} {sum(cold.values()) * 1e3:6.0f} ms  including the start of the worker processes")
    print(f"{'start':<10} {start * 1e3:6.0f} ms  the daemon starts")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value
