"""A MIDI controller without hardware: a JACK client with keys and lights, and a server without sound for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import jack

from tests.waiting import until

AT_ONCE = 120  # messages in one period: 11,000 a second in periods of 512 samples


class Controller:
    """A device that is plugged in as long as this exists; its messages leave and come in periods of JACK."""

    def __init__(self, name: str, server: str) -> None:
        self.received: list[bytes] = []
        self.on_receive: Callable[[bytes], None] = self.received.append
        self._waiting: deque[bytes] = deque()
        self._gone = False
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

    @property
    def is_silent(self) -> bool:
        """Whether everything it played has left."""
        return not self._waiting

    def is_heard(self) -> bool:
        """Whether somebody is plugged into its keys."""
        return bool(self._client.get_all_connections(self._out))

    def wait_until_heard(self) -> None:
        until(self.is_heard, "somebody who listens to the controller")

    def shown(self, note: int) -> Any:
        """The last channel and value that a note's light was sent."""
        found = [data for data in self.received if data[0] & 0xF0 == 0x90 and data[1] == note]
        return (found[-1][0] & 0x0F) + 1, found[-1][2]

    def unplug(self) -> None:
        if not self._gone:
            self._gone = True
            self._client.deactivate()
            self._client.close()
