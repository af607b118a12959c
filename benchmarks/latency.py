"""Measures the time from a press to its acknowledgement while 8 variations run, compared with a bare asyncio UDP echo.

    .venv/bin/python benchmarks/latency.py [--rounds 1000]

Eight variations run at all times. The model is the fake on loopback, which takes 8 s per variation; the worker
processes render and fit clips of 30 s. A real model runs on a different machine, so the fake has a lower priority. One
sender sends these requests in turn and waits for each answer:

- echo:   a process that returns every datagram and uses only asyncio, under the same load.
- ack:    /bridge/remix with a name → /bridge/ack: the press has arrived.
- preset: /bridge/preset/next → /bridge/preset/select: the command has been executed, stored and reported.
- rerun:  /bridge/rerun of one variation → /bridge/accepted: its job is in the journal on disk (every tenth round).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from overhead import fake_fal, make_clip
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from tests.fakes.processes import fal_environment, outbox, put, running
from tests.waiting import until

SLOTS, SECONDS = 8, 30.0
PACE = 0.005  # s; mean of the random pauses between rounds
GIVE_UP = 5.0  # s; time limit for an answer

ECHO = """
import asyncio, socket, sys
class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, addr): self.transport.sendto(data, addr)
async def main():
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


class Load:
    """A load that keeps 8 variations running and records how many are running."""

    def __init__(self, home: Path, clip: Path) -> None:
        self._home = home
        self._clip = {"id": "c", "name": "c", "position": 0.0, "length": SECONDS, "source": {"path": str(clip)}}
        self._seeds = itertools.count(1, SLOTS)
        self._over = threading.Event()
        self.counts: list[int] = []
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        for _ in range(3):
            self._ask()
        until(lambda: self._running() >= SLOTS)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(1.0):  # checks rarely, because this process also measures the times
            self.counts.append(self._running())
            if self._states("waiting", "new", "rendering") < SLOTS:
                self._ask()

    def single(self) -> str:
        """Submit one variation and return the ID of its job."""
        message_id = self._ask(1)

        def job() -> str | None:
            found = [one["job_id"] for one in outbox(self._home, "load")["jobs"] if one["message_id"] == message_id]
            return found[0] if found else None

        return until(job, f"the job of {message_id}")

    def _ask(self, variations: int = SLOTS) -> str:
        remix = {"tags": "dub", "original_tags": "music", "seed": next(self._seeds), "variations": variations}
        args = {"project": {"sample_rate": 44_100, "tempo": 120.0}, "clips": [self._clip], "remix": remix}
        return put(self._home, "remix", args, instance="load")

    def _running(self) -> int:
        return self._states("uploading", "submitting", "queued", "running", "fetching", "fitting")

    def _states(self, *states: str) -> int:
        jobs = outbox(self._home, "load")["jobs"]
        return sum(one["state"] in states for job in jobs for one in job["variations"])


class Asker:
    """One sender of datagrams."""

    def __init__(self, port: int) -> None:
        self._channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._channel.settimeout(GIVE_UP)
        self._channel.connect(("127.0.0.1", port))

    def ask(self, data: bytes, answered: Callable[[bytes], bool]) -> float:
        """Send a datagram and return the time until the answer, s; other datagrams are ignored."""
        begun = time.perf_counter()
        self._channel.send(data)
        while not answered(self._channel.recv(65536)):
            pass
        return time.perf_counter() - begun


def measure(echo: Asker, bridge: Asker, rounds: int, job: str) -> dict[str, list[float]]:
    """Send the requests in turn and return the times by name, s; the first hundred rounds are a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in ("echo", "ack", "preset", "rerun")}
    dice = random.Random(1)
    for number in range(-100, rounds):
        press = build_msg("/bridge/remix", (1.0, f"press:{number}")).dgram
        step = build_msg("/bridge/preset/next", (1.0, f"press:step {number}")).dgram
        again = build_msg("/bridge/rerun", (job, f"press:again {number}")).dgram
        found = {
            "echo": echo.ask(press, press.__eq__),
            "ack": bridge.ask(press, lambda data: _is(data, "/bridge/ack")),
            "preset": bridge.ask(step, lambda data: _is(data, "/bridge/preset/select")),
        }
        if number >= 0 and number % 10 == 0:
            found["rerun"] = bridge.ask(again, lambda data: _is(data, "/bridge/accepted"))
        for name, took in found.items():
            if number >= 0:
                times[name].append(took)
        time.sleep(dice.uniform(0, 2 * PACE))
    return times


def _is(data: bytes, address: str) -> bool:
    message = OscMessage(data)
    if message.address == "/bridge/error" and message.params[1] != "daw_missing":  # expected, since there is no DAW
        raise SystemExit(f"the bridge says: {message.params}")
    return bool(message.address == address)


def main() -> None:
    """Run the measurement and print a table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=1000)
    options: Any = words.parse_args()
    with tempfile.TemporaryDirectory() as name, fake_fal("--run", "8", "--queue", "0.1", "--nice", "10") as url:
        folder = Path(name)
        clip, home = folder / "clip.wav", folder / "home"
        make_clip(clip)
        environ = fal_environment(url, ACE_BRIDGE_SCHEDULER_SLOTS=str(SLOTS), ACE_BRIDGE_BUDGET_DAILY_CAP="1000")
        echo_process = subprocess.Popen(
            [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if echo_process.stdout is None or echo_process.stdin is None:
            raise SystemExit("the echo has no pipes")
        with running(home, **environ) as daemon:
            load = Load(home, clip)
            job = load.single()
            load.start()
            port = int(daemon.wait_until_up()["osc_port"])
            times = measure(Asker(int(echo_process.stdout.readline())), Asker(port), options.rounds, job)
            load.stop()
        echo_process.stdin.close()
        echo_process.wait(timeout=10)
    report(times, load.counts)


def report(times: dict[str, list[float]], counts: list[int]) -> None:
    """Print the results in ms."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"on their way at the model or coming back: {statistics.median(counts):g} (median of {len(counts)} looks)")
    print(f"{'':<8}{'n':>6}{'median':>9}{'p95':>9}{'p99':>9}{'max':>9}   ms")
    for name, found in times.items():
        values = sorted(value * 1e3 for value in found)
        cells = (statistics.median(values), _at(values, 0.95), _at(values, 0.99), values[-1])
        print(f"{name:<8}{len(values):>6}" + "".join(f"{cell:>9.2f}" for cell in cells))
    echo = _at(sorted(times["echo"]), 0.99)
    for name in ("ack", "preset", "rerun"):
        beyond = (_at(sorted(times[name]), 0.99) - echo) * 1e3
        print(f"p99 of {name} is {beyond:+.2f} ms from that of the echo (goal for ack: at most +5)")
    print(json.dumps({name: [round(value * 1e3, 3) for value in sorted(found)[-5:]] for name, found in times.items()}))


def _at(values: list[float], part: float) -> float:
    """Return a quantile of sorted values."""
    return values[min(len(values) - 1, int(len(values) * part))]


if __name__ == "__main__":
    main()
