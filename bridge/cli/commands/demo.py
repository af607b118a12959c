"""demo: remixes a generated clip in a temporary bridge home and draws the levels of the clip and the result."""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.cli import history
from bridge.cli.commands.remix import heading
from bridge.cli.console import Console
from bridge.cli.stopping import stop_daemon
from bridge.client import Client
from bridge.workers.tasks.peaks import peaks

RATE = 48_000  # Hz
TEMPO = 120.0  # BPM
BARS = 8
SECONDS = BARS * 4 * 60.0 / TEMPO
CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))  # Am F C G as MIDI notes
WIDTH = 72  # width of the picture in columns
STEPS = " ▁▂▃▄▅▆▇█"


def demo(options: argparse.Namespace) -> int:
    """Run the demo and print only the result's path to stdout."""
    console = Console(as_json=False)
    with own_bridge("demo") as (client, source):
        console.say(f"1. a clip of {BARS} bars at {TEMPO:.0f} BPM: {source}")
        about = client.start()
        console.say(f"2. the daemon is running: process {about['pid']}, OSC port {about['osc_port']}")
        return _remix(client, console, source, options)


@contextmanager
def own_bridge(name: str) -> Iterator[tuple[Client, Path]]:
    """Yield a client for a temporary bridge home and the path of a generated clip; stop its daemon afterwards."""
    home = Path(tempfile.mkdtemp(prefix=f"ace-bridge-{name}-"))
    os.environ.setdefault("ACE_BRIDGE_OSC_PORT", "0")  # the user's own bridge may use the default port
    client, source = Client(home), home / f"{name} clip.wav"
    make_clip(source)
    try:
        yield client, source
    finally:
        stop_daemon(client, lambda _: None)


def request(source: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the `remix` message for the generated clip, including its beats.

    Args:
        source: path of the clip.
        wanted: the parameters of the remix, such as the engine.
    """
    beat = 60.0 / TEMPO
    clip = {
        "id": "demo",
        "name": "demo clip",
        "position": 0.0,
        "length": SECONDS,
        "grid": {"beats": [n * beat for n in range(BARS * 4)], "downbeats": list(range(0, BARS * 4, 4))},
        "source": {"path": str(source)},
    }
    return {"project": {"sample_rate": RATE, "tempo": TEMPO}, "clips": [clip], "remix": wanted}


def _remix(client: Client, console: Console, source: Path, options: argparse.Namespace) -> int:
    wanted = {"engine": options.engine, "seed": 7, **({"preset": options.preset} if options.preset else {})}
    console.say("3. one message into the inbox returns as a remix:")
    message_id = client.send("remix", request(source, wanted))
    job: dict[str, Any] = {}
    with console.progress(lambda job_id: heading(client.home, job_id)) as show:
        for job in client.follow(message_id):
            show(job)
    results = [Path(one["result"]["path"]) for one in job["variations"] if one["result"]]
    for name, path in (("source", source), *(("result", path) for path in results)):
        console.say(f"{name:>7} {picture(path)}")
    client.bye()
    status = console.finish(job, history.unbilled(client.home, job["job_id"]))
    if status == 0:
        console.say(f"now try your own: {_command(sys.argv[0])} remix FILE")
    return status


def _command(program: str) -> str:
    """Return what the user must type to run `ace-bridge` from the current folder."""
    if Path(program).name != "ace-bridge":
        return "ace-bridge"
    near = os.path.relpath(program)
    return program if near.startswith("..") else near


def picture(path: Path) -> str:
    """Return a file's peak level over time, drawn as one line of text."""
    found = peaks({"path": str(path), "columns": WIDTH}, lambda _: None)["peaks"]
    levels = [max(abs(low), abs(high)) for low, high in found]
    return "".join(STEPS[min(len(STEPS) - 1, round(level * (len(STEPS) - 1)))] for level in levels)


def make_clip(path: Path) -> None:
    """Write eight bars of chords, bass and hi-hat (16 s, stereo, 16 bit), using only the standard library."""
    beat = round(RATE * 60.0 / TEMPO)
    frames = array("h")
    noise = 1
    for n in range(BARS * 4 * beat):
        bar, in_beat = n // (4 * beat), (n % beat) / beat
        chord = CHORDS[bar % len(CHORDS)]
        decay = math.exp(-3.0 * in_beat)
        tones = [math.sin(2 * math.pi * 440.0 * 2 ** ((note - 69) / 12) * n / RATE) for note in chord]
        bass = math.sin(2 * math.pi * 440.0 * 2 ** ((chord[0] - 24 - 69) / 12) * n / RATE) * math.exp(-2.0 * in_beat)
        noise = (1103515245 * noise + 12345) % 2**31
        hat = (noise / 2**30 - 1.0) * math.exp(-60.0 * ((2 * in_beat) % 1.0))
        left = 0.16 * decay * (tones[0] + 0.7 * tones[1]) + 0.28 * bass + 0.06 * hat
        right = 0.16 * decay * (tones[2] + 0.7 * tones[1]) + 0.28 * bass + 0.05 * hat
        frames.extend((round(30_000 * left), round(30_000 * right)))
    if sys.byteorder == "big":
        frames.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.tobytes())
