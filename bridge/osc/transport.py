"""The sockets under the OSC surface: UDP and TCP in, replies to whoever asked, and outlets for feedback.

network ↔ here ↔ server.py. Nothing here knows what a message means; a packet and its peer go to `receive`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, Protocol

from bridge.errors import BridgeError
from bridge.osc.sockets import bound_socket, refused

log = logging.getLogger(__name__)

_SEND_BUFFER = 1 << 18  # bytes that wait for one slow reader before it counts as gone
_AT_A_TIME = 16  # packets of one connection read before the loop gets its turn
_REOPEN_DELAYS = (0.0, 0.05, 0.2, 1.0)  # s between tries to have the port again; the last one repeats


@dataclass(slots=True)
class Counters:
    """What went through the surface and what was refused, for `status` and the doctor."""

    packets: int = 0  # datagrams and TCP packets
    messages: int = 0  # messages in them
    malformed: int = 0  # packets that are not OSC
    oversize: int = 0  # packets over [osc] max_packet
    nested: int = 0  # packets over [osc] max_nesting
    unknown: int = 0  # messages to addresses that nobody knows
    superseded: int = 0  # values that a newer one of the same hand had overtaken
    repeated: int = 0  # presses that were heard a second time
    overrun: int = 0  # messages dropped because too many were waiting
    streams_closed: int = 0  # TCP connections closed for a wrong length or an unread answer
    reopened: int = 0  # times the UDP port was opened anew
    unsent: int = 0  # messages that a peer did not take


Key = tuple[Literal["udp", "tcp", "ws"], str, int]  # with address and port; tells a peer from all others


class Peer(Protocol):
    """Somebody on the other side."""

    @property
    def key(self) -> Key:
        """Return where it is, which tells it from all others."""
        ...

    @property
    def host(self) -> str: ...

    def send(self, data: bytes) -> bool:
        """Send a packet; False when it certainly did not go."""
        ...

    def close(self) -> None:
        """Let go of what is held for `send` alone."""
        ...


Receive = Callable[[bytes, Peer], None]


class UdpEndpoint(asyncio.DatagramProtocol):
    """The bridge's UDP port.

    After an error of the socket it is opened anew: some systems report the ICMP answer of one dead receiver there, and
    then deliver nothing more.
    """

    def __init__(self, receive: Receive, counters: Counters, lost: Callable[[BridgeError], None]) -> None:
        self._receive = receive
        self._counters = counters
        self._lost = lost  # told once when the port cannot be had again
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self._family = socket.AF_INET
        self._address: tuple[Any, ...] = ()
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, bound: socket.socket) -> None:
        """Listen on a bound socket."""
        self._family, self._address = bound.family, bound.getsockname()
        self._closed.clear()
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound)

    async def close(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        await self._shut()

    def send(self, data: bytes, address: tuple[Any, ...]) -> bool:
        """Answer the sender of a datagram."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.sendto(data, address)
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio promises a DatagramTransport here

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._closed.set()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receive(data, UdpSender(self, addr))

    def error_received(self, exc: Exception) -> None:
        log.warning("the UDP port reports: %s; it is opened anew", exc)
        if self._reopening is None or self._reopening.done():
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _shut(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            await self._closed.wait()

    async def _reopen(self) -> None:
        await self._shut()
        attempt = 0
        while True:
            await asyncio.sleep(_REOPEN_DELAYS[min(attempt, len(_REOPEN_DELAYS) - 1)])
            try:
                await self.open(bound_socket(self._family, socket.SOCK_DGRAM, self._address))
            except OSError as error:
                attempt += 1
                log.warning("the UDP port cannot be opened again yet: %s", error)
                if attempt == len(_REOPEN_DELAYS):
                    self._lost(refused(error, self._address[0], self._address[1]))
            else:
                self._counters.reopened += 1
                return


class UdpSender:
    """The sender of a datagram, answered from the port it sent to."""

    def __init__(self, endpoint: UdpEndpoint, address: tuple[Any, ...]) -> None:
        self._endpoint = endpoint
        self._address = address
        self.key: Key = ("udp", address[0], address[1])
        self.host: str = address[0]

    def send(self, data: bytes) -> bool:
        return self._endpoint.send(data, self._address)

    def close(self) -> None:
        """Nothing is held: the port is everybody's."""


class UdpSubscriber:
    """Feedback to one subscriber, over a connected socket of its own.

    Only so does Linux say that nobody listens, and only so is it known which of the subscribers that is.

    Raises:
        OSError: the system refuses the address.
    """

    def __init__(self, host: str, port: int) -> None:
        self.key: Key = ("udp", host, port)
        self.host = host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect((host, port))
        except OSError:
            self._socket.close()
            raise

    def send(self, data: bytes) -> bool:
        try:
            self._socket.send(data)
        except OSError:  # refused by an earlier datagram's receiver, unreachable, or the system's buffer is full
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class TcpPeer:
    """One TCP connection; packets go out behind their length."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")
        self._writer = writer
        self.key: Key = ("tcp", address[0], address[1])
        self.host: str = address[0]
        self.stuck = False  # it does not read what it is sent

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
        """Nothing is held: the connection goes on until the other side ends it."""


class TcpEndpoint:
    """The bridge's TCP port: OSC 1.0 packets, each behind its int32 length."""

    def __init__(self, receive: Receive, gone: Callable[[Peer], None], counters: Counters, max_packet: int) -> None:
        self._receive = receive
        self._gone = gone  # told when a connection has ended
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
        if writer.get_extra_info("peername") is None:  # it has gone already
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
                    log.warning("a TCP connection from %s is closed: no OSC packet has %d bytes", peer.host, length)
                    self._counters.streams_closed += 1
                    return
                self._receive(await reader.readexactly(length), peer)
                if number % _AT_A_TIME == 0:
                    await asyncio.sleep(0)  # what has come in already is read without a wait
        except (asyncio.IncompleteReadError, ConnectionError):
            self._counters.streams_closed += peer.stuck
        finally:
            self._gone(peer)
            writer.close()
