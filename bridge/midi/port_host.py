"""The process that holds the MIDI ports: JSON lines in on stdin, out on stdout; `python -m bridge.midi.port_host`.

port_process.py in the daemon ↔ here ↔ port_rtmidi.py or port_jack.py. A driver or library that crashes takes this
process down and not the daemon, and when the daemon is gone, killed or not, stdin ends and the lights go off.

In:  {"want": [inputs, outputs]}   {"send": [device, [hex, ...]]}   {"last": [device, [hex, ...]]}
Out: {"devices": [inputs, outputs, open inputs, open outputs]}   {"heard": [[device, hex], ...]}
     {"opening": device}   {"trouble": {code, text, hint}}
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

from bridge.errors import BridgeError, MidiMissing, MidiUnavailable
from bridge.midi.port_backend import Backend
from bridge.util.stdin_pipe import take_stdin, take_stdout

LOOK = 0.5  # s between two looks at what is plugged in
MOST = 100_000  # messages that wait for a daemon that does not read; then the oldest go
AT_ONCE = 512  # messages in one line


def backend(system: str) -> Backend:
    """Return the MIDI of this machine.

    Args:
        system: "auto" (the operating system's) or "jack".

    Raises:
        MidiMissing: its package is not installed.
        MidiUnavailable: the system has none.
    """
    try:
        if system == "jack":
            from bridge.midi.port_jack import JackBackend

            return JackBackend()
        from bridge.midi.port_rtmidi import RtMidiBackend

        return RtMidiBackend()
    except ImportError as problem:
        raise MidiMissing(f"MIDI needs the package {problem.name}, which is not installed.") from problem
    except OSError as problem:
        raise MidiUnavailable(f"MIDI cannot be used: {problem}.") from problem


class Host:
    """Keeps the ports that are wanted open and passes messages both ways."""

    def __init__(self, midi: Backend, tell: Callable[[dict[str, Any]], None]) -> None:
        self._midi = midi
        self._tell = tell
        self._wanted: tuple[set[str], set[str]] = (set(), set())
        self._open: tuple[dict[str, Hashable], dict[str, Hashable]] = ({}, {})
        self._last: dict[str, list[bytes]] = {}
        self._told: list[Any] | None = None
        self._refused: set[str] = set()  # devices whose trouble was told of
        self.waiting: SimpleQueue[tuple[str, bytes]] = SimpleQueue()  # heard and not passed on yet

    def heard(self, name: str, data: bytes) -> None:
        """Take a message from a driver's thread, which is never kept waiting."""
        self.waiting.put((name, data))
        if self.waiting.qsize() > MOST:
            try:
                self.waiting.get_nowait()
            except Empty:
                return

    def take(self, order: Mapping[str, Any]) -> None:
        """Do one order of the daemon."""
        if "send" in order:
            name, messages = order["send"]
            self._send(name, [bytes.fromhex(text) for text in messages])
        elif "last" in order:
            name, messages = order["last"]
            self._last[name] = [bytes.fromhex(text) for text in messages]
        elif "want" in order:
            self._wanted = (set(order["want"][0]), set(order["want"][1]))
            self.look()

    def look(self) -> None:
        """See what is plugged in, open what is wanted, close what is not, and tell if anything is different."""
        found = (self._midi.inputs(), self._midi.outputs())
        for side in (0, 1):
            for name, port in tuple(self._open[side].items()):
                if found[side].get(name) != port or name not in self._wanted[side]:
                    self._close(side, name, there=found[side].get(name) == port)
            for name in sorted(self._wanted[side] & set(found[side]) - set(self._open[side])):
                self._try(side, name, found[side][name])
        now = [sorted(found[0]), sorted(found[1]), sorted(self._open[0]), sorted(self._open[1])]
        if now != self._told:
            self._told = now
            self._tell({"devices": now})

    def mute(self) -> None:
        """Tell the daemon nothing more: it may be gone."""
        self._tell = lambda line: None

    def close(self) -> None:
        """Send the last words and close everything."""
        for side in (1, 0):
            for name in tuple(self._open[side]):
                self._close(side, name, there=True)
        self._midi.close()

    def _try(self, side: int, name: str, port: Hashable) -> None:
        self._tell({"opening": name})  # some libraries end the process where a device is held by another program
        try:
            if side == 0:
                self._midi.open_input(name, self.heard)
            else:
                self._midi.open_output(name)
        except OSError as problem:
            if name not in self._refused:
                self._refused.add(name)
                self._tell({"trouble": MidiUnavailable(f"{name} cannot be opened: {problem}.").to_wire()})
        else:
            self._refused.discard(name)
            self._open[side][name] = port
        self._tell({"opening": ""})

    def _close(self, side: int, name: str, *, there: bool) -> None:
        if side == 1 and there:
            self._send(name, self._last.get(name, []))
        del self._open[side][name]
        self._told = None  # a device that came back at once has to be told of as new
        self._tell_closed()
        if side == 0:
            self._midi.close_input(name)
        else:
            self._midi.close_output(name)

    def _tell_closed(self) -> None:
        self._tell({"closed": [sorted(self._open[0]), sorted(self._open[1])]})

    def _send(self, name: str, messages: list[bytes]) -> None:
        if name in self._open[1]:
            try:
                for message in messages:
                    self._midi.send(name, message)
            except OSError:  # it has just been pulled out, which the next look sees
                return


class Wire:
    """The daemon's end: orders in, answers out, each one JSON line."""

    def __init__(self, orders: BinaryIO, answers: BinaryIO) -> None:
        self._orders = orders
        self._answers = answers
        self._turn = threading.Lock()
        self.inbox: SimpleQueue[dict[str, Any] | None] = SimpleQueue()  # None: there will be no more

    def tell(self, line: dict[str, Any]) -> None:
        with self._turn:
            self._answers.write(json.dumps(line).encode() + b"\n")
            self._answers.flush()

    def read(self) -> None:
        """Read orders until there are no more; the work of a thread."""
        for line in self._orders:
            self.inbox.put(json.loads(line))
        self.inbox.put(None)

    def pass_on(self, waiting: SimpleQueue[tuple[str, bytes]]) -> None:
        """Tell what was heard, as much as there is at a time; the work of a thread."""
        while True:
            batch = [waiting.get()]
            while len(batch) < AT_ONCE and not waiting.empty():
                batch.append(waiting.get())
            try:
                self.tell({"heard": [[name, data.hex()] for name, data in batch]})
            except OSError:  # the daemon is gone, which the reader sees too
                return


def serve(midi: Backend, orders: BinaryIO, answers: BinaryIO) -> None:
    """Work until stdin ends."""
    wire = Wire(orders, answers)
    host = Host(midi, wire.tell)
    threading.Thread(target=wire.read, daemon=True).start()
    threading.Thread(target=wire.pass_on, args=(host.waiting,), daemon=True).start()
    try:
        _rounds(host, wire.inbox)
    except OSError as problem:  # a broken pipe: the daemon was killed, and what is left to do are the lights
        if not isinstance(problem, BrokenPipeError):
            wire.tell({"trouble": MidiUnavailable(f"MIDI cannot be used any more: {problem}.").to_wire()})
    finally:
        host.mute()
        host.close()


def _rounds(host: Host, inbox: SimpleQueue[dict[str, Any] | None]) -> None:
    """Take orders, and look for devices now and then, until there will be no more orders."""
    next_look = 0.0
    while True:
        if monotonic() >= next_look:
            host.look()
            next_look = monotonic() + LOOK
        try:
            order = inbox.get(timeout=max(0.0, next_look - monotonic()))
        except Empty:
            continue
        if order is None:
            return
        host.take(order)


def main() -> int:
    """Run the process; argument 1 is the system."""
    orders, answers = take_stdin(), take_stdout()
    try:
        midi = backend(sys.argv[1])
    except BridgeError as error:
        answers.write(json.dumps({"trouble": error.to_wire()}).encode() + b"\n")
        answers.flush()
        return 1
    serve(midi, orders, answers)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # drivers' threads are not waited for
