"""A MIDI pad without hardware: a JACK server without sound, and a client of it that plays notes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections import deque
from collections.abc import Iterator

from tests.daw.ardour.rig import end, until

MIDI, OUTPUT, NO_START = b"8 bit raw midi", 2, 1
PROCESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)


class Pad:
    """A JACK client with one MIDI output."""

    def __init__(self) -> None:
        jack = self._jack = ctypes.CDLL("libjack.so.0")
        jack.jack_client_open.restype = jack.jack_port_register.restype = ctypes.c_void_p
        jack.jack_port_get_buffer.restype = ctypes.c_void_p
        self._client = jack.jack_client_open(b"pad", NO_START, None)
        assert self._client, "no JACK server"
        self._port = jack.jack_port_register(ctypes.c_void_p(self._client), b"out", MIDI, OUTPUT, 0)
        self._waiting: deque[bytes] = deque()
        self._process = PROCESS(self._cycle)  # kept, since JACK calls it as long as the client lives
        jack.jack_set_process_callback(ctypes.c_void_p(self._client), self._process, None)
        assert jack.jack_activate(ctypes.c_void_p(self._client)) == 0

    def _cycle(self, frames: int, _: object) -> int:
        buffer = ctypes.c_void_p(self._jack.jack_port_get_buffer(ctypes.c_void_p(self._port), frames))
        self._jack.jack_midi_clear_buffer(buffer)
        if self._waiting:
            message = self._waiting.popleft()
            self._jack.jack_midi_event_write(buffer, 0, message, len(message))
        return 0

    def plug_into(self, port: str) -> None:
        """Connect to somebody's input as soon as it is there."""
        client, other = ctypes.c_void_p(self._client), port.encode()
        exists = 17  # EEXIST: connected already
        until(lambda: self._jack.jack_connect(client, b"pad:out", other) in (0, exists), port)

    def hit(self, note: int) -> None:
        self._waiting.append(bytes([0x90, note, 100]))
        self._waiting.append(bytes([0x80, note, 0]))

    def close(self) -> None:
        self._jack.jack_client_close(ctypes.c_void_p(self._client))


@contextlib.contextmanager
def jack_server(name: str, rate: int = 48_000) -> Iterator[dict[str, str]]:
    """A JACK server without sound; yields the environment in which its clients find it."""
    environ = {"JACK_NO_AUDIO_RESERVATION": "1", "JACK_DEFAULT_SERVER": name}
    server = subprocess.Popen(
        [
            "jackd",
            "--no-realtime",
            "-t",
            "10000",
            "-n",
            name,
            "-d",
            "dummy",
            "-r",
            str(rate),
            "-p",
            "2048",
            "-C",
            "2",
            "-P",
            "2",
        ],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def up() -> bool:
            assert server.poll() is None, "jackd did not start"
            asked = subprocess.run(["jack_lsp"], env={**os.environ, **environ}, capture_output=True, timeout=20)
            return asked.returncode == 0

        until(up, "the JACK server")
        yield environ
    finally:
        end(server)
