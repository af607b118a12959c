"""Binds the sockets to the configured OSC port or, if that is 0, to a port that is free for both UDP and TCP.

config → here → bound sockets → udp.py, tcp.py, query_server.py.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from typing import Any

from bridge.errors import HomeError, PortTaken

_RECEIVE_BUFFER = 1 << 20  # size of the system's buffer for datagrams that arrive while the event loop is busy, bytes
_TAKEN = (errno.EADDRINUSE, errno.EACCES)  # error numbers for a port that is in use
_TRIES = 20  # maximum number of UDP ports to try until one is also free for TCP


async def bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to the same port; for port 0, choose one that is free for both.

    Raises:
        PortTaken: another program uses the port.
        HomeError: the address is not available.
    """
    family, address = await _resolve(host, port, socket.SOCK_DGRAM)
    tries = 0
    while True:
        try:
            return _pair(family, address)
        except OSError as error:
            tries += 1
            if port or tries == _TRIES or error.errno != errno.EADDRINUSE:
                raise refused(error, host, port) from error


async def bind_stream(host: str, port: int) -> socket.socket:
    """Bind a TCP socket to a port, or to any free port if the given port is in use.

    Raises:
        HomeError: the address is not available.
    """
    family, address = await _resolve(host, port, socket.SOCK_STREAM)
    try:
        return bound_socket(family, socket.SOCK_STREAM, address)
    except OSError as error:
        if not port or error.errno not in _TAKEN:
            raise refused(error, host, port) from error
    return await bind_stream(host, 0)


async def _resolve(host: str, port: int, kind: socket.SocketKind) -> tuple[int, tuple[Any, ...]]:
    """Resolve a host name, and return the family and the socket address of the first result."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind)
    except OSError as error:
        raise refused(error, host, port) from error
    return found[0][0], found[0][4]


def _pair(family: int, address: tuple[Any, ...]) -> tuple[socket.socket, socket.socket]:
    datagrams = bound_socket(family, socket.SOCK_DGRAM, address)
    try:
        stream = bound_socket(family, socket.SOCK_STREAM, (address[0], datagrams.getsockname()[1], *address[2:]))
    except OSError:
        datagrams.close()
        raise
    return datagrams, stream


def bound_socket(family: int, kind: int, address: tuple[Any, ...]) -> socket.socket:
    """Return a socket with exclusive use of an address (raises OSError)."""
    found = socket.socket(family, kind)
    try:
        if sys.platform == "win32":  # otherwise Windows lets a second program share the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif kind == socket.SOCK_STREAM:  # otherwise the previous daemon's closed connections block the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == socket.SOCK_DGRAM:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        found.setblocking(False)
        found.bind(address)
        if kind == socket.SOCK_STREAM:
            found.listen()  # fails if another socket uses the port, even if `bind` succeeded
    except OSError:
        found.close()
        raise
    return found


def refused(error: OSError, host: str, port: int) -> HomeError:
    """Return the error to raise for a port that cannot be bound."""
    if error.errno in _TAKEN:
        return PortTaken(f"The OSC port {port} on {host} is in use: {error.strerror}.")
    return HomeError(
        f"The bridge cannot listen for OSC on {host}, port {port}: {error.strerror}.",
        hint="Set [osc] host to 127.0.0.1 or to an address of this machine.",
    )
