"""A non-blocking UDP socket on the loopback interface, through which the script and the daemon notify each other.

The messages themselves are files (see mailbox.py), so a lost datagram only causes a short delay.
"""

from __future__ import annotations

import errno
import socket

from . import osc

HOST = "127.0.0.1"
LARGEST = 65536  # maximum size of a datagram, in bytes


class Doorbell:
    """A sender and receiver of short OSC messages; it does nothing if no socket can be opened."""

    def __init__(self, log):
        self._log = log
        self._socket = None
        self.port = 0  # this socket's port; 0 if no socket can be opened, in which case the script only polls files
        self.drained = True  # whether the last call to `messages` read all waiting messages
        try:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened.setblocking(False)
            opened.bind((HOST, 0))  # any free port, because a fixed port may be in use
        except OSError as problem:
            log("cannot open a socket, polling files instead: %s" % problem)
            return
        self._socket = opened
        self.port = opened.getsockname()[1]

    def ring(self, port, address, *values):
        """Send one message to a port on this machine, even if no program listens there."""
        if self._socket is None or not port:
            return
        try:
            self._socket.sendto(osc.encode(address, *values), (HOST, port))
        except OSError as problem:
            self._log("cannot notify port %s: %s" % (port, problem))

    def messages(self, within):
        """Yield (address, values, sender's port) for each received message, as long as `within()` returns true."""
        self.drained = self._socket is None
        while self._socket is not None and within():
            try:
                data, sender = self._socket.recvfrom(LARGEST)
            except OSError as problem:
                if problem.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
                    continue  # the system reports that no program listened to an earlier notification
                self.drained = True
                return  # EAGAIN: no more messages
            try:
                address, values = osc.decode(data)
            except ValueError as problem:
                self._log("invalid packet from port %s: %s" % (sender[1], problem))
                continue
            yield address, values, sender[1]

    def close(self):
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
