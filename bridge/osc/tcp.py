"""OSC over TCP: each packet is preceded by its length (OSC 1.0).

network ↔ here ↔ server.py. Unparsed packets are passed to `receive`, together with their peer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from itertools import count

from bridge.osc.counters import Counters
from bridge.osc.peer import Key, Peer, Receive

log = logging.getLogger(__name__)

_SEND_BUFFER = 1 << 18  # number of bytes queued for a slow client before it is disconnected
_AT_A_TIME = 16  # number of packets to read from one connection before other tasks run


class TcpPeer:
    """One TCP connection, over which packets are sent, each preceded by its length."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")
        self._writer = writer
        self.key: Key = ("tcp", address[0], address[1])
        self.host: str = address[0]
        self.stuck = False  # whether the connection was closed because its send buffer was full

    def send(self, data: bytes) -> bool:
        transport = self._writer.transport
        if transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _SEND_BUFFER:
            self.stuck = True
            transport.abort()
            return False
        self._writer.write(struct.pack(">i", len(data)) + data)
        return True

    def close(self) -> None:
        """Do nothing: the remote end closes the connection."""


class TcpEndpoint:
    """The bridge's TCP port: OSC 1.0 packets, each preceded by its length as int32."""

    def __init__(self, receive: Receive, gone: Callable[[Peer], None], counters: Counters, max_packet: int) -> None:
        self._receive = receive
        self._gone = gone  # function to call when a connection has ended
        self._counters = counters
        self._max_packet = max_packet
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self, bound: socket.socket) -> None:
        self._server = await asyncio.start_server(self._connected, sock=bound)

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("peername") is None:  # already disconnected
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = TcpPeer(writer)
        try:
            for number in count(1):
                (length,) = struct.unpack(">i", await reader.readexactly(4))
                if not 0 < length <= self._max_packet or length % 4:
                    log.warning("closed a TCP connection from %s: invalid packet length %d", peer.host, length)
                    self._counters.streams_closed += 1
                    return
                self._receive(await reader.readexactly(length), peer)
                if number % _AT_A_TIME == 0:
                    await asyncio.sleep(0)  # reading buffered data does not yield to other tasks
        except (asyncio.IncompleteReadError, ConnectionError):
            self._counters.streams_closed += peer.stuck
        finally:
            self._gone(peer)
            writer.close()
