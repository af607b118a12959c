"""OSC clients that record the received messages: python-osc's client over UDP, and a plain socket over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.udp_client import UDPClient

from tests.waiting import eventually

Heard = tuple[str, tuple[Any, ...]]  # address and arguments


class Client:
    """The base class of both clients."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError

    def send(self, address: str, *arguments: Any) -> None:
        self.send_bytes(build_msg(address, arguments).dgram)

    def of(self, address: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each message received at an address, oldest first."""
        return [arguments for heard, arguments in self.heard if heard == address]

    async def hear(self, address: str, *arguments: Any) -> tuple[Any, ...]:
        """Wait for a message at this address (with these arguments, if any are given); return its arguments."""
        what = f"{address} {arguments or ''}"
        await eventually(lambda: arguments in self.of(address) if arguments else bool(self.of(address)), what)
        return arguments or self.of(address)[0]

    def _take(self, data: bytes) -> None:
        message = OscMessage(data)
        self.heard.append((message.address, tuple(message.params)))


class UdpClient(Client):
    """An OSC client over UDP: python-osc's client, whose socket is read by a task on any kind of event loop."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._client = UDPClient("127.0.0.1", port)
        self._client._sock.bind(("127.0.0.1", 0))  # otherwise the library binds only at the first send
        self._client._sock.setblocking(False)
        self.port: int = self._client._sock.getsockname()[1]
        self._reading = asyncio.create_task(self._read())

    def send_bytes(self, data: bytes) -> None:
        self._client._sock.sendto(data, (self._client._address, self._client._port))

    def close(self) -> None:
        self._reading.cancel()  # then the task closes the socket

    async def _read(self) -> None:
        with self._client._sock:
            while True:
                with contextlib.suppress(ConnectionError):  # Windows reports that an earlier packet was refused
                    self._take(await asyncio.get_running_loop().sock_recv(self._client._sock, 65536))


class TcpClient(Client):
    """An OSC client over TCP: a socket that sends each packet after its length (OSC 1.0)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self.closed = False
        self._writer = writer
        self._reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, port: int) -> TcpClient:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send_bytes(self, data: bytes) -> None:
        self.send_raw(struct.pack(">i", len(data)) + data)

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = struct.unpack(">i", await reader.readexactly(4))
                self._take(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed = True
