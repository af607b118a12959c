"""Who is on the other side of the OSC surface, over UDP, over TCP or over a websocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

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
