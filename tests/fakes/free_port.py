"""Finds an unused port for a test that releases it and uses it again, or that needs a port which nobody uses."""

from __future__ import annotations

import random
import socket

PORTS = range(12_000, 32_000)  # below the ports that systems give to clients (RFC 6335 and Linux: from 32768 on)


def free_port() -> int:
    """Return a port that is unused for both UDP and TCP, and that no client of another test is given meanwhile."""
    while True:
        port = random.choice(PORTS)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
