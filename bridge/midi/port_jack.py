"""JACK MIDI through the package JACK-Client, which uses the JACK installed on the system.

This module runs only in the process of port_host.py. JACK delivers messages once per period, so each message is delayed
by up to one period.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import Any

import jack

from bridge.midi.port_backend import Found, Heard
from bridge.midi.port_names import OWN, numbered, plain

FLUSH = 0.5  # maximum time to wait until the last messages are sent, s


class _Output:
    """The output to one device: the bridge's own port, connected to the device, and the messages queued for it."""

    def __init__(self, port: Any) -> None:
        self.port = port
        self.waiting: deque[bytes] = deque()


class JackBackend:
    """A MIDI backend that is one client of the JACK server."""

    def __init__(self) -> None:
        try:
            self._client = jack.Client(OWN, no_start_server=True)
        except jack.JackOpenError as problem:
            raise OSError("no JACK server runs") from problem
        self._gone = False
        self._inputs: dict[str, tuple[Any, Heard]] = {}
        self._outputs: dict[str, _Output] = {}
        self._listening: tuple[tuple[str, Any, Heard], ...] = ()  # JACK's thread reads it: replace it, never modify it
        self._sending: tuple[_Output, ...] = ()
        self._sent = threading.Event()
        self._client.set_shutdown_callback(self._shut)
        self._client.set_process_callback(self._cycle)
        self._client.activate()

    def inputs(self) -> Found:
        return {name: port.uuid for name, port in self._ports(is_output=True).items()}

    def outputs(self) -> Found:
        return {name: port.uuid for name, port in self._ports(is_input=True).items()}

    def open_input(self, name: str, heard: Heard) -> None:
        source = self._port(name, is_output=True)
        ours = self._connect(f"{name} in", source, self._client.midi_inports)
        self._inputs[name] = (ours, heard)
        self._publish_ports()

    def open_output(self, name: str) -> None:
        target = self._port(name, is_input=True)
        self._outputs[name] = _Output(self._connect(f"{name} out", target, self._client.midi_outports))
        self._publish_ports()

    def close_input(self, name: str) -> None:
        port, _ = self._inputs.pop(name)
        self._publish_ports()
        self._unregister(port)

    def close_output(self, name: str) -> None:
        output = self._outputs.pop(name)
        self._flush(output)
        self._publish_ports()
        self._unregister(output.port)

    def send(self, name: str, data: bytes) -> None:
        self._outputs[name].waiting.append(data)

    def close(self) -> None:
        for output in self._outputs.values():
            self._flush(output)
        if not self._gone:
            self._client.deactivate()
            self._client.close()

    # --- JACK's thread -----------------------------------------------------------------------------------------------

    def _cycle(self, frames: int) -> None:
        for name, port, heard in self._listening:
            for _, data in port.incoming_midi_events():
                heard(name, bytes(data))
        for output in self._sending:
            output.port.clear_buffer()
            while output.waiting:
                try:
                    output.port.write_midi_event(0, output.waiting[0])
                except jack.JackErrorCode:  # JACK's buffer for this period is full
                    break
                output.waiting.popleft()
        self._sent.set()

    def _shut(self, status: Any, reason: str) -> None:
        self._gone = True

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _ports(self, **side: bool) -> dict[str, Any]:
        if self._gone:
            raise OSError("the JACK server has ended")
        ports = [port for port in self._client.get_ports(is_midi=True, **side) if not self._client.owns(port)]
        return dict(zip(numbered(plain(port.name, "jack") for port in ports), ports, strict=True))

    def _port(self, name: str, **side: bool) -> Any:
        found = self._ports(**side)
        if name not in found:
            raise OSError("it has just been disconnected")
        return found[name]

    def _connect(self, name: str, other: Any, own: Any) -> Any:
        try:
            port = own.register(name[-60:].replace(":", " "))
            self._client.connect(*((other, port) if own is self._client.midi_inports else (port, other)))
        except jack.JackError as problem:
            raise OSError(str(problem)) from problem
        return port

    def _unregister(self, port: Any) -> None:
        if not self._gone:
            port.unregister()

    def _publish_ports(self) -> None:
        self._listening = tuple((name, port, heard) for name, (port, heard) in self._inputs.items())
        self._sending = tuple(self._outputs.values())

    def _flush(self, output: _Output) -> None:
        """Wait until the queue is empty, and then for one full period, in which JACK sends the last message."""
        end = monotonic() + FLUSH
        while output.waiting and not self._gone and monotonic() < end:
            self._sent.clear()
            self._sent.wait(FLUSH)
        for _ in range(2):
            self._sent.clear()
            if not self._gone:
                self._sent.wait(FLUSH)
