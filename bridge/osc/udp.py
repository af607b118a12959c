"""OSC over UDP: the bridge's port, replies to senders, and messages to subscribers.

network ↔ here ↔ server.py. Unparsed packets are passed to `receive`, together with their peer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from bridge.errors import BridgeError
from bridge.osc.counters import Counters
from bridge.osc.peer import Key, Receive
from bridge.osc.sockets import bound_socket, refused

log = logging.getLogger(__name__)

_REOPEN_DELAYS = (0.0, 0.05, 0.2, 1.0)  # s before each attempt to reopen the port; the last delay repeats


class UdpEndpoint(asyncio.DatagramProtocol):
    """The bridge's UDP port.

    The port is reopened after a socket error. On some systems, the bridge could otherwise receive nothing more after a
    single receiver has closed its port and caused an ICMP error.
    """

    def __init__(self, receive: Receive, counters: Counters, lost: Callable[[BridgeError], None]) -> None:
        self._receive = receive
        self._counters = counters
        self._lost = lost  # function to call once if the port cannot be reopened
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
        """Send a packet from the bridge's port."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.sendto(data, address)
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio passes a DatagramTransport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._closed.set()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receive(data, UdpSender(self, addr))

    def error_received(self, exc: Exception) -> None:
        log.warning("the UDP port reported %s; reopening it", exc)
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
                log.warning("the UDP port cannot be reopened yet: %s", error)
                if attempt == len(_REOPEN_DELAYS):
                    self._lost(refused(error, self._address[0], self._address[1]))
            else:
                self._counters.reopened += 1
                return


class UdpSender:
    """The sender of a datagram. Replies are sent from the bridge's port, to which the datagram was addressed."""

    def __init__(self, endpoint: UdpEndpoint, address: tuple[Any, ...]) -> None:
        self._endpoint = endpoint
        self._address = address
        self.key: Key = ("udp", address[0], address[1])
        self.host: str = address[0]

    def send(self, data: bytes) -> bool:
        return self._endpoint.send(data, self._address)

    def close(self) -> None:
        """Do nothing: the port is shared."""


class UdpSubscriber:
    """A subscriber over UDP, with its own connected socket.

    Linux reports a port without a listener only to a connected socket. A separate socket for each subscriber also shows
    which one is gone.

    Raises:
        OSError: the address is invalid.
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
        except OSError:  # an earlier datagram was refused, the host is unreachable, or the system's buffer is full
            return False
        return True

    def close(self) -> None:
        self._socket.close()
