"""A UDP socket on the loopback interface that never blocks: rings the daemon's bell, and is woken by it.

What is asked and answered lies in files (mailbox.py); a lost datagram costs a moment and nothing else.
"""

from __future__ import annotations

import errno
import socket

from . import osc

HOST = "127.0.0.1"
LARGEST = 65536  # bytes


class Doorbell:
    """Sends and receives short OSC messages; without a socket it does nothing."""

    def __init__(self, log):
        self._log = log
        self._socket = None
        self.port = 0  # ours; 0: there is no socket, files are polled all the same
        self.drained = True  # the last look left nothing behind
        try:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened.setblocking(False)
            opened.bind((HOST, 0))  # any free port: nothing of ours can collide with another program's
        except OSError as problem:
            log("no socket, so files are polled: %s" % problem)
            return
        self._socket = opened
        self.port = opened.getsockname()[1]

    def ring(self, port, address, *values):
        """Send one message to a port on this machine; nobody there is no error."""
        if self._socket is None or not port:
            return
        try:
            self._socket.sendto(osc.encode(address, *values), (HOST, port))
        except OSError as problem:
            self._log("the bell of port %s does not ring: %s" % (port, problem))

    def messages(self, within):
        """Yield (address, values, sender's port) of what has come, while `within()` is true."""
        self.drained = self._socket is None
        while self._socket is not None and within():
            try:
                data, sender = self._socket.recvfrom(LARGEST)
            except OSError as problem:
                if problem.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
                    continue  # an answer to a ring that nobody heard, not a message
                self.drained = True
                return  # EAGAIN: nothing more is there
            try:
                address, values = osc.decode(data)
            except ValueError as problem:
                self._log("a packet from port %s is no message: %s" % (sender[1], problem))
                continue
            yield address, values, sender[1]

    def close(self):
        """Give the port back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
