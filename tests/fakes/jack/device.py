"""A MIDI device without hardware; it runs `client.py` in a process that a test can kill if libjack blocks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.fakes.jack.server import HURRY, Sandbox
from tests.fakes.processes import end
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[3]


class Device:
    """A MIDI controller that stays plugged in until `unplug`."""

    def __init__(self, name: str, room: Sandbox) -> None:
        self.received: list[bytes] = []
        self._answers: SimpleQueue[Any] = SimpleQueue()
        program = [sys.executable, "-m", "tests.fakes.jack.client", name, room.environ["JACK_DEFAULT_SERVER"]]
        self._process = subprocess.Popen(
            [*HURRY, *room.prefix, *program],
            cwd=ROOT,
            env={**os.environ, **room.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            assert self._answer("start") == "up"
        except BaseException:
            self.unplug()
            raise

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, value = json.loads(line)
            if kind == "received":
                self.received.append(bytes.fromhex(value))
            else:
                self._answers.put(value)
        self._answers.put(None)

    def _write(self, *words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def _answer(self, question: str) -> Any:
        try:
            answer = self._answers.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"the MIDI device hangs in {question}") from None
        assert answer is not None, f"the MIDI device ended in {question}"
        return answer

    def _ask(self, *words: Any) -> Any:
        self._write(*words)
        return self._answer(words[0])

    def play(self, *messages: bytes) -> None:
        self._write("play", *(one.hex() for one in messages))

    def is_silent(self) -> bool:
        """Return whether all messages from `play` have been sent."""
        return bool(self._ask("is_silent"))

    def is_heard(self) -> bool:
        """Return whether a program's input is connected to the device's output."""
        return bool(self._ask("is_heard"))

    def wait_until_heard(self) -> None:
        until(self.is_heard, "an input for the MIDI device")

    def plug_into(self, program: str, port: str) -> None:
        """Wait until a program's input port exists, and connect to that port."""
        until(lambda: self._ask("plug_into", program, port), f"{program}:{port}")

    def name_ports(self, name: str, count: int) -> None:
        """Name the first `count` ports in advance; see `Client.name_ports`."""
        assert self._ask("name_ports", name, count)

    def shown(self, note: int) -> tuple[int, int] | None:
        """Return the channel and value of the last message that set the light of a note's pad; None: no message yet."""
        found = [data for data in self.received if data[0] & 0xF0 == 0x90 and data[1] == note]
        return ((found[-1][0] & 0x0F) + 1, found[-1][2]) if found else None

    def unplug(self) -> None:
        """Disconnect from JACK and end the process; kill it if that takes longer than 10 s."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                end(self._process)
            self._reader.join(PATIENCE)
            if self._process.stdout is not None:
                self._process.stdout.close()
