"""Measures how soon the light of a pad responds to a press while 8 variations run, compared with a bare MIDI echo.

    .venv/bin/pip install '.[midi]' && .venv/bin/python benchmarks/midi_ack.py [--presses 200]

Two simulated pads are connected through a JACK server without sound (period 64 at 48 kHz). The pads are pressed in
turn. A press is answered by:

- echo:   a process that does nothing but return each message to its device in the same period.
- bridge: pad → port process → daemon → port process → light of the pad, which shows that the pad is held.

Both times are measured at the pad, from the call that sends the press to the callback that receives the light. The
daemon is idle at first; then it runs 8 variations at once with the offline engine, on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fakes.jack.client import Client
from tests.fakes.jack.server import Sandbox, jack_server, variables
from tests.fakes.processes import job_of, outbox, put, running
from tests.fakes.studio import remix_args, write_tone
from tests.midi.bytes_of import pressed, released
from tests.waiting import until

HOLDING, VELOCITY = 2, 100  # MIDI velocities: of the message that turns the light on, and of the echoed press
GOAL = 5.0  # ms; the bridge's p99 may exceed the p99 of the echo by this much
MAPPING = f"""version = 1
device = "Pad"
[[control]]
command = "remix"
message = "note"
number = 36
light = "pad"
[lights.pad]
holding = {HOLDING}
"""
ECHO = """
import jack, sys, threading
client = jack.Client("echo", no_start_server=True)
heard, said = client.midi_inports.register("in"), client.midi_outports.register("out")
@client.set_process_callback
def cycle(frames):
    said.clear_buffer()
    for _, data in heard.incoming_midi_events():
        said.write_midi_event(0, bytes(data))
client.activate()
client.connect("Bare:out", heard)
client.connect(said, "Bare:in")
print("up", flush=True)
sys.stdin.read()
"""


class Stopwatch:
    """A stopwatch for the time from a press of the pad until its light turns on."""

    def __init__(self, pad: Client) -> None:
        self._pad = pad
        self._lit = threading.Event()
        self._at = 0.0
        pad.on_receive = self._receive

    def _receive(self, data: bytes) -> None:
        if data[0] & 0xF0 == 0x90 and data[2] in (HOLDING, VELOCITY):
            self._at = time.perf_counter()
            self._lit.set()

    def measure(self) -> float:
        """Press the pad, and return the time until its light turned on, ms; then release the pad and wait briefly."""
        self._lit.clear()
        began = time.perf_counter()
        self._pad.play(pressed(36))
        if not self._lit.wait(10):
            raise SystemExit("a press was not answered within 10 s")
        self._pad.play(released(36))
        time.sleep(0.2)  # longer than contact bounce, shorter than a hold
        return (self._at - began) * 1000


def measure(name: str, presses: int, echo: Stopwatch, bridge: Stopwatch) -> tuple[dict[str, object], bool]:
    """Press both pads in turn; return the results and whether the goal is met."""
    times: dict[str, list[float]] = {"echo": [], "bridge": []}
    for _ in range(presses):
        times["echo"].append(echo.measure())
        times["bridge"].append(bridge.measure())
    found = {
        who: {
            "median": round(statistics.median(all_), 2),
            "p99": round(statistics.quantiles(all_, n=100)[98], 2),
            "most": round(max(all_), 2),
        }
        for who, all_ in times.items()
    }
    over = found["bridge"]["p99"] - found["echo"]["p99"]
    met = over <= GOAL
    return {"while": name, "presses": presses, "ms": found, "p99 over echo": round(over, 2), "goal met": met}, met


def busy(home: Path, tone: Path, enough: threading.Event) -> None:
    """Keep 8 variations running until `enough` is set."""
    while not enough.is_set():
        asked = put(home, "remix", remix_args(tone, remix={"variations": 8, "engine": "offline", "tags": "dub"}))
        job_of(home, asked, "done", timeout=600)


def working(home: Path) -> int:
    """Return how many variations are running."""
    over = ("done", "failed", "cancelled", "waiting", "new", "ready")
    return sum(one["state"] not in over for job in outbox(home)["jobs"] for one in job["variations"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=200)
    presses = parser.parse_args().presses
    room = Sandbox((), variables(f"ack-{os.getpid()}"))  # no prefix, because this process is a client of the server too
    with (
        tempfile.TemporaryDirectory() as folder,
        jack_server(room, Path(folder) / "jack.log", period=64, patient=True),
    ):
        home = Path(folder) / "home"
        (home / "midi").mkdir(parents=True)
        (home / "midi" / "pad.toml").write_text(MAPPING)
        tone = write_tone(Path(folder) / "tone.wav", 60.0)
        name = room.environ["JACK_DEFAULT_SERVER"]
        received: list[bytes] = []
        bare, pad = Client("Bare", name, received.append), Client("Pad", name, received.append)
        echo = subprocess.Popen(
            [sys.executable, "-c", ECHO],
            env={**os.environ, **room.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        settings = {"ACE_BRIDGE_MIDI_SYSTEM": "jack", "ACE_BRIDGE_SCHEDULER_SLOTS": "8", "ACE_BRIDGE_MIDI_HOLD": "5"}
        try:
            until(lambda: echo.stdout is not None and bool(echo.stdout.readline()))
            with running(home, **settings, **room.environ):
                until(pad.is_heard)
                until(lambda: bool(received))
                watches = Stopwatch(bare), Stopwatch(pad)
                print(json.dumps(measure("idle", presses, *watches)[0]), flush=True)
                enough = threading.Event()
                making = threading.Thread(target=busy, args=(home, tone, enough), daemon=True)
                making.start()
                until(lambda: working(home) >= 8)
                figures, met = measure("8 variations are made", presses, *watches)
                print(json.dumps(figures), flush=True)
                enough.set()
                making.join()
        finally:
            echo.communicate()
            bare.unplug()
            pad.unplug()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
