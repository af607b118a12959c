"""A MIDI pad without hardware: a JACK server without sound, and a client of it that plays notes."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tests.daws.ardour.rig import HURRY, end
from tests.waiting import PATIENCE, until

MIDI, INPUT, OUTPUT, NO_START = b"8 bit raw midi", 1, 2, 1
EXISTS = 17  # EEXIST: connected already
PRETTY, KEYBOARD, PORTS = b"http://jackaudio.org/metadata/pretty-name", b"Virtual Keyboard", 128
PROCESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)


class Pad:
    """A JACK client with one MIDI output."""

    def __init__(self) -> None:
        jack = self._jack = ctypes.CDLL("libjack.so.0")
        jack.jack_client_open.restype = jack.jack_port_register.restype = ctypes.c_void_p
        jack.jack_port_get_buffer.restype = jack.jack_get_ports.restype = ctypes.c_void_p
        self._client = jack.jack_client_open(b"pad", NO_START, None)
        assert self._client, "no JACK server"
        self._port = jack.jack_port_register(ctypes.c_void_p(self._client), b"out", MIDI, OUTPUT, 0)
        self._waiting: deque[bytes] = deque()
        self._process = PROCESS(self._cycle)  # kept, since JACK calls it as long as the client lives
        jack.jack_set_process_callback(ctypes.c_void_p(self._client), self._process, None)
        assert jack.jack_activate(ctypes.c_void_p(self._client)) == 0
        self._spare_ardour_a_name()

    def _spare_ardour_a_name(self) -> None:
        """Give every port to come the name that Ardour gives one of its own, so that it has nothing to do.

        Ardour 7.3 does that in a thread of its own while its main thread talks to JACK too. libjack 1.9 lets the two
        requests run into one another on their socket: the server says "Unknown request", and Ardour hangs.
        """
        jack = self._jack
        jack.jack_port_uuid_generate.restype = ctypes.c_uint64
        for port in range(PORTS):
            uuid = ctypes.c_uint64(jack.jack_port_uuid_generate(ctypes.c_uint32(port)))
            assert jack.jack_set_property(ctypes.c_void_p(self._client), uuid, PRETTY, KEYBOARD, b"") == 0

    def _cycle(self, frames: int, _: object) -> int:
        buffer = ctypes.c_void_p(self._jack.jack_port_get_buffer(ctypes.c_void_p(self._port), frames))
        self._jack.jack_midi_clear_buffer(buffer)
        if self._waiting:
            message = self._waiting.popleft()
            self._jack.jack_midi_event_write(buffer, 0, message, len(message))
        return 0

    def inputs(self) -> list[str]:
        """The names of all MIDI inputs that there are."""
        found = self._jack.jack_get_ports(ctypes.c_void_p(self._client), None, MIDI, ctypes.c_ulong(INPUT))
        names = ctypes.cast(found, ctypes.POINTER(ctypes.c_char_p)) if found else []
        listed = [name.decode() for name in itertools.takewhile(lambda name: name is not None, names)]
        if found:
            self._jack.jack_free(ctypes.c_void_p(found))
        return listed

    def plug_into(self, program: str, port: str) -> None:
        """Connect to a program's input as soon as it is there; JACK may have added a number to the program's name."""

        def plugged() -> bool:
            return any(
                self._jack.jack_connect(ctypes.c_void_p(self._client), b"pad:out", name.encode()) in (0, EXISTS)
                for name in self.inputs()
                if name.startswith(program) and name.endswith(f":{port}")
            )

        until(plugged, f"{program}:{port}")

    def hit(self, note: int) -> None:
        self._waiting.append(bytes([0x90, note, 100]))
        self._waiting.append(bytes([0x80, note, 0]))

    def close(self) -> None:
        for port in range(PORTS):
            uuid = ctypes.c_uint64(self._jack.jack_port_uuid_generate(ctypes.c_uint32(port)))
            self._jack.jack_remove_properties(ctypes.c_void_p(self._client), uuid)
        self._jack.jack_client_close(ctypes.c_void_p(self._client))


@contextlib.contextmanager
def jack_server(
    name: str, log: Path, rate: int = 48_000, period: int = 2048, *, patient: bool = False
) -> Iterator[dict[str, str]]:
    """A JACK server without sound; yields the environment in which its clients find it.

    What it says goes to `log`. A patient one waits for late clients, where others lose what those had to say.
    """
    environ = {"JACK_NO_AUDIO_RESERVATION": "1", "JACK_DEFAULT_SERVER": name}
    said = log.open("wb")
    server = subprocess.Popen(
        [
            *HURRY,
            "jackd",
            "--no-realtime",
            *(["--sync"] if patient else []),
            "-t",
            "10000",
            "-n",
            name,
            "-d",
            "dummy",
            "-r",
            str(rate),
            "-p",
            str(period),
            "-C",
            "2",
            "-P",
            "2",
        ],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
    )
    try:

        def up() -> bool:
            assert server.poll() is None, "jackd did not start"
            asked = subprocess.run(["jack_lsp"], env={**os.environ, **environ}, capture_output=True, timeout=PATIENCE)
            return asked.returncode == 0

        until(up, "the JACK server")
        yield environ
    finally:
        end(server)
        said.close()
