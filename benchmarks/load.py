"""Measures a long queue with a long history: 1,000 variations wait, 8 run, and 100,000 jobs are in the journal.

    .venv/bin/python benchmarks/load.py [--queued 1000] [--history 100000]

The clips are 4 s long. The model is the fake on loopback, which takes 0.5 s per variation. For comparison, the same
bridge first runs 80 variations with an empty history. The benchmark reports:

- echo, ack: the round-trip time of a bare asyncio echo, and the time from a press to its acknowledgement, measured
  alternately during the whole run.
- cost: CPU time of the daemon and of the workers per finished variation, for each tenth of the queue.
- memory: resident memory of the daemon, at the start and at its peak.
- journal: the size of the journal, the start-up time of the daemon, and the times of `jobs`, `show` and `status` as
  separate processes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import soundfile
from latency import ECHO, PACE, Asker, _at, _is
from overhead import fake_fal, make_clip
from pythonosc.osc_message_builder import build_msg

from tests.fakes.processes import Daemon, fal_environment, job_of, put, running

SLOTS, SECONDS = 8, 4.0
TICK = os.sysconf("SC_CLK_TCK")  # ticks per second of the CPU times in /proc
SETTINGS = {
    "ACE_BRIDGE_SCHEDULER_SLOTS": str(SLOTS),
    "ACE_BRIDGE_BUDGET_DAILY_CAP": "100000",
    "ACE_BRIDGE_BUDGET_CONFIRM_ABOVE": "100000",
    "ACE_BRIDGE_BUDGET_CONFIRM_COUNT": "100000",
}


@dataclass
class Run:
    """The measurements of one run."""

    echo: list[float] = field(default_factory=list)  # round-trip times, s
    ack: list[float] = field(default_factory=list)  # times from press to acknowledgement, s
    cost: list[tuple[int, float, float]] = field(default_factory=list)  # finished variations, CPU s: daemon, workers
    resident: list[float] = field(default_factory=list)  # resident memory of the daemon, MB
    start: float = 0.0  # time from the start of the process until the bridge is up, s
    took: float = 0.0  # time from the first message to the last `done`, s
    verbs: dict[str, float] = field(default_factory=dict)  # command → time of the command as a process, s


# --- the history -----------------------------------------------------------------------------------------------------


def age(home: Path, jobs: int) -> None:
    """Add copies of the only finished job in a home's journal: `jobs` copies, each with new IDs."""
    with contextlib.closing(sqlite3.connect(home / "bridge.db")) as db, db:
        old = db.execute("SELECT id FROM jobs LIMIT 1").fetchone()[0]
        rows = {
            table: db.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("messages", "jobs", "variations", "stages", "ledger")
        }
        names = [old, *(row[0] for row in rows["messages"]), *(row[0] for row in rows["variations"])]
        newest = time.time() - 60.0
        for number in range(jobs):
            fresh = {name: str(uuid.uuid4()) for name in names}
            created = newest - 30.0 * (jobs - number)
            for table, found in rows.items():
                for row in found:
                    made = [_renamed(value, fresh) for value in row]
                    if table == "jobs":
                        made[1] = created
                    elif table in ("messages", "ledger"):
                        made[2 if table == "messages" else 1] = created
                    marks = ", ".join("?" * len(made))
                    db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", made)


def _renamed(value: Any, fresh: dict[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in fresh.items():
            value = value.replace(old, new)
    return value


# --- the run ---------------------------------------------------------------------------------------------------------


def cpu(pid: int, *, children: bool = False) -> float:
    """Return the CPU time of a process, s; with `children`, the CPU time of its running and ended children instead."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    if not children:
        return (int(fields[11]) + int(fields[12])) / TICK
    ended = (int(fields[13]) + int(fields[14])) / TICK
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    alive = 0.0
    for child in found:
        with contextlib.suppress(FileNotFoundError):
            alive += cpu(int(child))
    return ended + alive


def resident(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Watch(threading.Thread):
    """A thread that records finished variations, CPU time and memory once per second, which adds little load."""

    def __init__(self, home: Path, pid: int, wanted: int, run: Run) -> None:
        super().__init__()
        self._home, self._pid, self._wanted, self._run = home, pid, wanted, run
        self._done_before = self._count()
        self.over = threading.Event()

    def run(self) -> None:
        begun = time.perf_counter()
        while True:
            done = self._count() - self._done_before
            self._run.cost.append((done, cpu(self._pid), cpu(self._pid, children=True)))
            self._run.resident.append(resident(self._pid))
            if done >= self._wanted:
                break
            time.sleep(1.0)
        self._run.took = time.perf_counter() - begun
        self.over.set()

    def _count(self) -> int:
        """Return how many variations are done; exit if a variation has ended in any other state."""
        uri = f"{(self._home / 'bridge.db').absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=20)) as db:
            bad = db.execute("SELECT value FROM variations WHERE open = 0 AND state <> 'done'").fetchall()
            if bad:
                raise SystemExit(f"a variation ended as {bad[0][0]}")
            return int(db.execute("SELECT COUNT(*) FROM variations WHERE state = 'done'").fetchone()[0])


def work(home: Path, daemon: Daemon, clip: Path, queued: int, echo: Asker) -> Run:
    """Queue `queued` variations, and send presses until all are done."""
    run, seeds = Run(), itertools.count(1, SLOTS)
    pid = daemon.process.pid
    watch = Watch(home, pid, queued, run)
    for _ in range(queued // SLOTS):
        ask(home, clip, SLOTS, next(seeds))
    watch.start()
    bridge = Asker(int(daemon.wait_until_up()["osc_port"]))
    dice = random.Random(1)
    for number in itertools.count():
        if watch.over.is_set() or not watch.is_alive():
            break
        press = build_msg("/bridge/remix", (1.0, f"press:{number}")).dgram
        run.echo.append(echo.ask(press, press.__eq__))
        run.ack.append(bridge.ask(press, lambda data: _is(data, "/bridge/ack")))
        if number == 400:  # in the middle of the run
            run.verbs = {verb: verb_time(daemon, *verb.split()) for verb in ("jobs", "show", "status")}
        time.sleep(dice.uniform(0, 4 * PACE))
    watch.join()
    return run


def ask(home: Path, clip: Path, variations: int, seed: int) -> str:
    """Submit variations of the clip."""
    remix = {"tags": "dub", "original_tags": "music", "seed": seed, "variations": variations}
    clips = [{"id": "c", "name": "c", "position": 0.0, "length": SECONDS, "source": {"path": str(clip)}}]
    return put(home, "remix", {"project": {"sample_rate": 44_100}, "clips": clips, "remix": remix}, instance="load")


def verb_time(daemon: Daemon, *words: str) -> float:
    """Run a command as a process and return how long it took, s."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bridge", *words]
    subprocess.run(command, env=daemon.environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


@contextlib.contextmanager
def bare_echo() -> Iterator[Asker]:
    """Start an echo process, and yield a client of that process."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdout is None or process.stdin is None:
        raise SystemExit("the echo has no pipes")
    try:
        yield Asker(int(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def one_run(folder: Path, url: str, clip: Path, queued: int, history: int) -> tuple[Run, float]:
    """Return the measurements of a run, and the size of the journal at the start of the run, MB."""
    home = folder / f"home-{history}"
    environ = fal_environment(url, **SETTINGS)
    with running(home, **environ):
        job_of(home, ask(home, clip, 1, 7), "done", instance="load")
    age(home, history)
    size = (home / "bridge.db").stat().st_size / 2**20
    begun = time.perf_counter()
    with running(home, **environ) as daemon, bare_echo() as echo:
        start = time.perf_counter() - begun
        run = work(home, daemon, clip, queued, echo)
        run.start = start
        return run, size


def main() -> None:
    """Run the measurements and print tables."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--queued", type=int, default=1000)
    words.add_argument("--history", type=int, default=100_000)
    options: Any = words.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory() as name, fake_fal("--run", "0.5", "--queue", "0.1", "--nice", "10") as url:
        folder = Path(name)
        whole, clip = folder / "whole.wav", folder / "clip.wav"
        make_clip(whole)
        sound, rate = soundfile.read(whole, frames=round(SECONDS * 48_000), always_2d=True)
        soundfile.write(clip, sound, rate, subtype="PCM_24")
        for queued, history in ((min(80, options.queued), 0), (options.queued, options.history)):
            report(*one_run(folder, url, clip, queued, history), queued, history)


def report(run: Run, size: float, queued: int, history: int) -> None:
    """Print the measurements of a run."""
    print(f"\n{queued} variations in {run.took:.0f} s over a history of {history:,} jobs ({size:.0f} MB journal)")
    print(f"the bridge was up after {run.start:.2f} s")
    for name in ("echo", "ack"):
        values = sorted(value * 1e3 for value in getattr(run, name))
        cells = (statistics.median(values), _at(values, 0.95), _at(values, 0.99), values[-1])
        print(f"{name:<6}{len(values):>6}" + "".join(f"{cell:>9.2f}" for cell in cells) + "   ms (median p95 p99 max)")
    print(f"p99 of ack is {(_at(sorted(run.ack), 0.99) - _at(sorted(run.echo), 0.99)) * 1e3:+.2f} ms from the echo's")
    print("cost of a variation, CPU ms of the daemon | of the workers, by tenths of the queue:")
    print("  " + "  ".join(f"{daemon:.0f}|{workers:.0f}" for daemon, workers in tenths(run.cost, queued)))
    print(f"memory of the daemon: {run.resident[0]:.0f} MB at first, {max(run.resident):.0f} MB at most")
    print("beside it: " + ", ".join(f"{verb} {took * 1e3:.0f} ms" for verb, took in run.verbs.items()), flush=True)


def tenths(cost: list[tuple[int, float, float]], queued: int) -> list[tuple[float, float]]:
    """Return the CPU time that the daemon and the workers use per variation, ms, for each tenth of the queue."""
    marks = [min(cost, key=lambda one: abs(one[0] - queued * tenth / 10)) for tenth in range(11)]
    found = []
    for (n0, daemon0, workers0), (n1, daemon1, workers1) in itertools.pairwise(marks):
        if n1 > n0:
            found.append(((daemon1 - daemon0) / (n1 - n0) * 1e3, (workers1 - workers0) / (n1 - n0) * 1e3))
    return found


if __name__ == "__main__":
    main()
