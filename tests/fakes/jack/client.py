"""A MIDI device as a JACK client. `device.py` runs this module as a program in a child process.

A call to libjack may block for ever, and Python cannot interrupt the call. Tests therefore use `device.py`; only
benchmarks use `Client` directly.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import jack

AT_ONCE = 120  # messages per JACK period; about 11,000 per second with periods of 512 samples
EXISTS = 17  # EEXIST, JACK's error if the two ports are already connected
PORT_UUID = 1 << 32  # a port's UUID in JACK is this value plus the port's number, counted from 1


class Client:
    """A MIDI device that stays plugged in until `unplug`; it sends and receives messages once per JACK period."""

    def __init__(self, name: str, server: str, on_receive: Callable[[bytes], None]) -> None:
        self.on_receive = on_receive
        self._waiting: deque[bytes] = deque()
        self._client = jack.Client(name, no_start_server=True, servername=server, use_exact_name=True)
        self._out = self._client.midi_outports.register("out")
        self._in = self._client.midi_inports.register("in")
        self._client.set_process_callback(self._cycle)
        self._client.activate()

    def _cycle(self, frames: int) -> None:
        for _, data in self._in.incoming_midi_events():
            self.on_receive(bytes(data))
        self._out.clear_buffer()
        for _ in range(min(len(self._waiting), AT_ONCE)):
            self._out.write_midi_event(0, self._waiting.popleft())

    def play(self, *messages: bytes) -> None:
        self._waiting.extend(messages)

    def is_silent(self) -> bool:
        """Return whether all messages from `play` have been sent."""
        return not self._waiting

    def is_heard(self) -> bool:
        """Return whether a program's input is connected to the device's output."""
        return bool(self._client.get_all_connections(self._out))

    def plug_into(self, program: str, port: str) -> bool:
        """Connect to a program's input port if the port exists; JACK may have added a number to the program's name."""
        for found in self._client.get_ports(is_midi=True, is_input=True):
            if found.name.startswith(program) and found.name.endswith(f":{port}"):
                try:
                    self._client.connect(self._out, found)
                except jack.JackErrorCode as error:
                    return bool(error.code == EXISTS)
                return True
        return False

    def name_ports(self, name: str, count: int) -> bool:
        """Name the first `count` ports in advance as Ardour would, so that Ardour need not name them.

        Ardour 7.3 names a port in a second thread while its main thread talks to JACK. libjack 1.9 mixes up the
        requests of the two threads; the server then reports "Unknown request", and Ardour hangs.
        """
        for number in range(1, count + 1):
            self._client.set_property(PORT_UUID + number, jack.METADATA_PRETTY_NAME, name, "")
        return True

    def unplug(self) -> None:
        self._client.deactivate()
        self._client.close()


def main() -> None:
    """Read lines `[method, arguments...]`; write lines `["answer", value]`, and `["received", hex]` for MIDI input."""
    name, server = sys.argv[1:]
    said: SimpleQueue[list[Any] | None] = SimpleQueue()

    def write() -> None:
        while (one := said.get()) is not None:
            sys.stdout.write(json.dumps(one) + "\n")
            sys.stdout.flush()

    writer = threading.Thread(target=write)
    writer.start()
    client = Client(name, server, lambda data: said.put(["received", data.hex()]))
    said.put(["answer", "up"])
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        if method == "play":
            client.play(*(bytes.fromhex(one) for one in arguments))
        else:
            said.put(["answer", getattr(client, method)(*arguments)])
    said.put(None)
    writer.join()
    client.unplug()


if __name__ == "__main__":
    main()
