"""The MIDI process, which opens the MIDI ports and exchanges JSON lines with the daemon on stdin and stdout.

port_process.py in the daemon ↔ here ↔ port_rtmidi.py or port_jack.py. Run as `python -m bridge.midi.port_host SYSTEM`.
If a driver or library crashes, only this process ends, not the daemon. When the daemon ends, even if it is killed, this
process reaches the end of its stdin and turns the lights off.

In:  {"want": [inputs, outputs]}   {"send": [device, [hex, ...]]}   {"last": [device, [hex, ...]]}
Out: {"devices": [inputs, outputs, open inputs, open outputs]}   {"closed": [open inputs, open outputs]}
     {"heard": [[device, hex], ...]}   {"opening": device}   {"trouble": {code, text, hint}}
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Hashable, Mapping
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, BinaryIO

from bridge.errors import BridgeError, MidiUnavailable
from bridge.midi.missing import package_missing
from bridge.midi.port_backend import Backend
from bridge.util.stdin_pipe import take_stdin, take_stdout

LOOK = 0.5  # time between two scans for devices, s
MOST = 100_000  # maximum number of messages queued for the daemon; if there are more, the oldest are dropped
AT_ONCE = 512  # maximum number of messages in one line


def backend(system: str) -> Backend:
    """Return the MIDI backend.

    Args:
        system: "auto" (the MIDI of the operating system) or "jack".

    Raises:
        MidiMissing: the backend's package is not installed.
        MidiUnavailable: MIDI does not work on this system.
    """
    try:
        if system == "jack":
            from bridge.midi.port_jack import JackBackend

            return JackBackend()
        from bridge.midi.port_rtmidi import RtMidiBackend

        return RtMidiBackend()
    except ImportError as problem:
        raise package_missing(problem) from problem
    except OSError as problem:
        raise MidiUnavailable(f"MIDI cannot be used: {problem}.") from problem


class Host:
    """The owner of the MIDI ports. It keeps the wanted ports open and passes messages on in both directions."""

    def __init__(self, midi: Backend, report: Callable[[dict[str, Any]], None]) -> None:
        self._midi = midi
        self._report = report
        self._wanted: tuple[set[str], set[str]] = (set(), set())
        self._open: tuple[dict[str, Hashable], dict[str, Hashable]] = ({}, {})
        self._farewell: dict[str, list[bytes]] = {}
        self._reported: list[Any] | None = None
        self._refused: set[str] = set()  # devices that could not be opened and have been reported
        self.waiting: SimpleQueue[tuple[str, bytes]] = SimpleQueue()  # messages not yet sent to the daemon

    def heard(self, name: str, data: bytes) -> None:
        """Queue a message without blocking; drivers call this function on their own threads."""
        self.waiting.put((name, data))
        if self.waiting.qsize() > MOST:
            try:
                self.waiting.get_nowait()
            except Empty:
                return

    def handle(self, request: Mapping[str, Any]) -> None:
        """Handle one request from the daemon."""
        if "send" in request:
            name, messages = request["send"]
            self._send(name, [bytes.fromhex(text) for text in messages])
        elif "last" in request:
            name, messages = request["last"]
            self._farewell[name] = [bytes.fromhex(text) for text in messages]
        elif "want" in request:
            self._wanted = (set(request["want"][0]), set(request["want"][1]))
            self.scan()

    def scan(self) -> None:
        """Find the connected devices, open and close ports as wanted, and report changes."""
        found = (self._midi.inputs(), self._midi.outputs())
        for side in (0, 1):
            for name, port in tuple(self._open[side].items()):
                if found[side].get(name) != port or name not in self._wanted[side]:
                    self._close_port(side, name, present=found[side].get(name) == port)
            for name in sorted(self._wanted[side] & set(found[side]) - set(self._open[side])):
                self._open_port(side, name, found[side][name])
        now = [sorted(found[0]), sorted(found[1]), sorted(self._open[0]), sorted(self._open[1])]
        if now != self._reported:
            self._reported = now
            self._report({"devices": now})

    def mute(self) -> None:
        """Stop sending to the daemon, which may have ended."""
        self._report = lambda line: None

    def close(self) -> None:
        """Send the farewell messages and close all ports."""
        for side in (1, 0):
            for name in tuple(self._open[side]):
                self._close_port(side, name, present=True)
        self._midi.close()

    def _open_port(self, side: int, name: str, port: Hashable) -> None:
        self._report({"opening": name})  # some libraries end the process if another program uses the device
        try:
            if side == 0:
                self._midi.open_input(name, self.heard)
            else:
                self._midi.open_output(name)
        except OSError as problem:
            if name not in self._refused:
                self._refused.add(name)
                self._report({"trouble": MidiUnavailable(f"{name} cannot be opened: {problem}.").to_wire()})
        else:
            self._refused.discard(name)
            self._open[side][name] = port
        self._report({"opening": ""})

    def _close_port(self, side: int, name: str, *, present: bool) -> None:
        if side == 1 and present:
            self._send(name, self._farewell.get(name, []))
        del self._open[side][name]
        self._reported = None  # the next scan then reports all devices, even if this device is already back
        self._report_closed()
        if side == 0:
            self._midi.close_input(name)
        else:
            self._midi.close_output(name)

    def _report_closed(self) -> None:
        self._report({"closed": [sorted(self._open[0]), sorted(self._open[1])]})

    def _send(self, name: str, messages: list[bytes]) -> None:
        if name in self._open[1]:
            try:
                for message in messages:
                    self._midi.send(name, message)
            except OSError:  # the device has just been disconnected; the next scan will notice this
                return


class Wire:
    """The connection to the daemon: requests come in and messages go out, as one JSON object per line."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests = requests
        self._replies = replies
        self._turn = threading.Lock()
        self.inbox: SimpleQueue[dict[str, Any] | None] = SimpleQueue()  # daemon's requests; None: stdin has ended

    def write(self, line: dict[str, Any]) -> None:
        with self._turn:
            self._replies.write(json.dumps(line).encode() + b"\n")
            self._replies.flush()

    def read(self) -> None:
        """Queue requests until stdin ends; runs in a thread."""
        for line in self._requests:
            self.inbox.put(json.loads(line))
        self.inbox.put(None)

    def pass_on(self, waiting: SimpleQueue[tuple[str, bytes]]) -> None:
        """Send received messages in batches; runs in a thread."""
        while True:
            batch = [waiting.get()]
            while len(batch) < AT_ONCE and not waiting.empty():
                batch.append(waiting.get())
            try:
                self.write({"heard": [[name, data.hex()] for name, data in batch]})
            except OSError:  # the daemon has ended; the reading thread then reaches the end of stdin
                return


def serve(midi: Backend, requests: BinaryIO, replies: BinaryIO) -> None:
    """Serve the daemon until stdin ends."""
    wire = Wire(requests, replies)
    host = Host(midi, wire.write)
    threading.Thread(target=wire.read, daemon=True).start()
    threading.Thread(target=wire.pass_on, args=(host.waiting,), daemon=True).start()
    try:
        _loop(host, wire.inbox)
    except OSError as problem:  # broken pipe: the daemon was killed, so only turn the lights off
        if not isinstance(problem, BrokenPipeError):
            wire.write({"trouble": MidiUnavailable(f"MIDI stopped working: {problem}.").to_wire()})
    finally:
        host.mute()
        host.close()


def _loop(host: Host, inbox: SimpleQueue[dict[str, Any] | None]) -> None:
    """Handle requests and scan for devices until stdin ends."""
    next_scan = 0.0
    while True:
        if monotonic() >= next_scan:
            host.scan()
            next_scan = monotonic() + LOOK
        try:
            request = inbox.get(timeout=max(0.0, next_scan - monotonic()))
        except Empty:
            continue
        if request is None:
            return
        host.handle(request)


def main() -> int:
    """Run the process; the first command-line argument is "auto" or "jack"."""
    requests, replies = take_stdin(), take_stdout()
    try:
        midi = backend(sys.argv[1])
    except BridgeError as error:
        replies.write(json.dumps({"trouble": error.to_wire()}).encode() + b"\n")
        replies.flush()
        return 1
    serve(midi, requests, replies)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # exit without waiting for the drivers' threads
