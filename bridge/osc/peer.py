"""A remote end of the OSC server, over UDP, TCP or a websocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

Key = tuple[Literal["udp", "tcp", "ws"], str, int]  # transport, address and port; identifies a peer


class Peer(Protocol):
    """A remote end."""

    @property
    def key(self) -> Key:
        """Return its transport, address and port, which identify it."""
        ...

    @property
    def host(self) -> str: ...

    def send(self, data: bytes) -> bool:
        """Send a packet; return False if it was certainly not sent."""
        ...

    def close(self) -> None:
        """Release the resources that only `send` uses."""
        ...


Receive = Callable[[bytes, Peer], None]
