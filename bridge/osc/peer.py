"""A remote end of the OSC server, over UDP, TCP or a websocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

Key = tuple[Literal["udp", "tcp", "ws"], str, int]  # transport, address and port; identifies a peer


class Peer(Protocol):
    """A remote end."""

    @property
    def key(self) -> Key:
        """Return the peer's transport, address and port, which together identify it."""
        ...

    @property
    def host(self) -> str: ...

    def send(self, data: bytes) -> bool:
        """Send a packet. Return False if it was definitely not sent; True does not mean that the packet has arrived."""
        ...

    def close(self) -> None:
        """Release resources that are used only by `send`."""
        ...


Receive = Callable[[bytes, Peer], None]
