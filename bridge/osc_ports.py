"""Which port the OSC surface gets: its own and strictly that, or a free one that UDP and TCP share.

config → here → bound sockets → osc_links.py.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from typing import Any

from bridge.errors import HomeError, PortTaken

_RECEIVE_BUFFER = 1 << 20  # bytes the system may hold back for us while the loop is busy
_TRIES = 20  # free UDP ports tried until one is free for TCP as well


async def bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to the same port number; 0 takes one that is free for both.

    Raises:
        PortTaken: another program has it.
        HomeError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    try:
        family, _, _, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM))[0]
    except OSError as error:
        raise refused(error, host, port) from error
    tries = 0
    while True:
        try:
            return _pair(family, address)
        except OSError as error:
            tries += 1
            if port or tries == _TRIES or error.errno != errno.EADDRINUSE:
                raise refused(error, host, port) from error


def _pair(family: int, address: tuple[Any, ...]) -> tuple[socket.socket, socket.socket]:
    datagrams = bound_socket(family, socket.SOCK_DGRAM, address)
    try:
        stream = bound_socket(family, socket.SOCK_STREAM, (address[0], datagrams.getsockname()[1], *address[2:]))
    except OSError:
        datagrams.close()
        raise
    return datagrams, stream


def bound_socket(family: int, kind: int, address: tuple[Any, ...]) -> socket.socket:
    """Return a socket that has the address to itself (raises OSError)."""
    found = socket.socket(family, kind)
    try:
        if sys.platform == "win32":  # without it Windows lets a second program share the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif kind == socket.SOCK_STREAM:  # connections of a daemon that has just ended do not hold the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == socket.SOCK_DGRAM:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        found.setblocking(False)
        found.bind(address)
        if kind == socket.SOCK_STREAM:
            found.listen()  # of two sockets bound to one port the second fails here at the latest
    except OSError:
        found.close()
        raise
    return found


def refused(error: OSError, host: str, port: int) -> HomeError:
    """Say in words for people why a port cannot be had."""
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return PortTaken(f"The OSC port {port} on {host} is not free: {error.strerror}.")
    return HomeError(
        f"The bridge cannot listen for OSC on {host}, port {port}: {error.strerror}.",
        hint="Set [osc] host to 127.0.0.1 or to an address of this machine.",
    )
