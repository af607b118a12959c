"""Counts the modules of bridge/ that a journey through the code enters, and how often the journey switches modules.

    .venv/bin/python benchmarks/journeys.py [--json] [--list]

There are three journeys, each in new processes:

- message: from the renaming of a message file into the inbox until its job is done (offline engine; without worker
  processes).
- button:  `/bridge/preset/next` from one subscriber, and everything in the 0.4 s after it.
- remix:   `ace-bridge remix FILE` while a daemon runs; only the client process is counted.

"Modules entered" is the number of files in bridge/ in which a function is called. "Switches" is how often the file
changes between two consecutive calls, over all threads of the process. Importing a module runs its body, which does not
count as a call.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PACKAGE = str(ROOT / "bridge") + os.sep
AFTER_PRESS = 0.4  # s; how long a journey is recorded after the press of a button


class Trace:
    """A record of the files of bridge/, in the order in which their functions are called."""

    def __init__(self) -> None:
        self.on = False
        self._files: list[str] = []

    def install(self) -> None:
        """Trace this thread and all threads that start later."""
        threading.setprofile(self._called)
        sys.setprofile(self._called)

    def _called(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and self.on:
            code = frame.f_code
            if code.co_filename.startswith(PACKAGE) and code.co_name != "<module>":
                self._files.append(code.co_filename)

    def counts(self) -> dict[str, Any]:
        """Return the counts since the last call to `counts`, and clear the record."""
        files, self._files = self._files, []
        switches = sum(one != other for one, other in itertools.pairwise(files))
        return {"modules": sorted({file.removeprefix(PACKAGE) for file in files}), "switches": switches}


def traced(words: list[str]) -> int:
    """Run the command line; the line `on` on stdin starts a trace, and `off` stops the trace and prints the counts."""
    trace = Trace()

    def listen() -> None:
        for line in sys.stdin:
            trace.on = line.strip() == "on"
            print(json.dumps({} if trace.on else trace.counts()), flush=True)

    threading.Thread(target=listen, daemon=True).start()  # started before `install`, so that it is not traced
    trace.install()
    from bridge.__main__ import main

    trace.on = words[0] != "run"
    status = main(words)
    if words[0] != "run":
        trace.on = False
        print(json.dumps(trace.counts()), flush=True)
    return status


class Traced:
    """A child process that runs `traced`."""

    def __init__(self, home: Path, *words: str) -> None:
        from tests.fakes.processes import environment

        self.process = subprocess.Popen(
            [sys.executable, __file__, "--traced", *words],
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def switch(self, word: str) -> dict[str, Any]:
        """Turn the trace on or off, and return the JSON line that the child process prints."""
        assert self.process.stdin
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.last_line()

    def last_line(self) -> dict[str, Any]:
        """Return the next JSON line that the child process prints."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise RuntimeError("the traced process ended before it answered")


@contextlib.contextmanager
def daemon(home: Path) -> Iterator[Traced]:
    """Start a traced daemon and wait until it is up."""
    process = Traced(home, "run", "--quiet")
    try:
        end = time.monotonic() + 60.0
        while not (home / "daemon.json").exists():
            if time.monotonic() > end:
                raise RuntimeError("the daemon did not come up")
            time.sleep(0.05)
        yield process
    finally:
        process.process.terminate()
        process.process.wait(60.0)


def message(home: Path, clip: Path) -> dict[str, Any]:
    """Trace an inbox message until its job is done."""
    from tests.fakes.processes import job_of, put
    from tests.fakes.studio import remix_args

    with daemon(home) as process:
        for recorded in (False, True):  # the first clip warms the worker processes
            if recorded:
                process.switch("on")
            job_of(home, put(home, "remix", remix_args(clip)), "done")
        return process.switch("off")


def button(home: Path) -> dict[str, Any]:
    """Trace the press of a button on a subscribed surface, and the messages sent in response."""
    from pythonosc.udp_client import SimpleUDPClient

    with daemon(home) as process:
        surface = SimpleUDPClient("127.0.0.1", json.loads((home / "daemon.json").read_text())["osc_port"])
        surface.send_message("/bridge/subscribe", [])
        time.sleep(AFTER_PRESS)
        process.switch("on")
        surface.send_message("/bridge/preset/next", [])
        time.sleep(AFTER_PRESS)
        return process.switch("off")


def remix(home: Path, clip: Path) -> dict[str, Any]:
    """Trace the command `ace-bridge remix FILE`."""
    with daemon(home):
        client = Traced(home, "remix", str(clip))
        found = client.last_line()
        client.process.wait(60.0)
        return found


def main() -> int:
    """Run the three journeys and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the modules")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    from tests.fakes.studio import write_tone

    with tempfile.TemporaryDirectory() as folder:
        clip = write_tone(Path(folder) / "clip.wav", seconds=4.0)
        found = {
            "message": message(Path(folder) / "a", clip),
            "button": button(Path(folder) / "b"),
            "remix": remix(Path(folder) / "c", clip),
        }
    if options.json:
        print(json.dumps(found))
        return 0
    for name, counts in found.items():
        print(f"{name:8} {len(counts['modules']):3} modules entered {counts['switches']:6} switches")
        if options.list:
            print(*(f"           {module}" for module in counts["modules"]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(traced(sys.argv[2:]) if sys.argv[1:2] == ["--traced"] else main())
