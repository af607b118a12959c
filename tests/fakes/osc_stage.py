"""A running OSC server with a fake bridge that records calls, as provided by the fixture `stage`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.config.settings import Osc
from bridge.events import EventBus
from bridge.osc.server import OscServer
from tests.fakes.bridge import NotingBridge
from tests.fakes.osc_clients import TcpClient, UdpClient

TOKEN = "correct-horse"
SECRET = "battery-staple"
SETTINGS = Osc(
    host="127.0.0.1",
    port=0,
    max_packet=8192,
    max_nesting=8,
    lease=0.0,
    secret=SECRET,
    unlock=900.0,
    advertise=False,
)


class Stage:
    """An OSC server with a fake bridge that records calls, and clients that are closed at the end."""

    def __init__(self) -> None:
        self.bus = EventBus()
        self.bridge = NotingBridge(self.bus)
        self.surface = OscServer(self.bridge, self.bus, SETTINGS, lambda: TOKEN)
        self.port = 0
        self._closing: list[Callable[[], Awaitable[None] | None]] = []

    def udp(self) -> UdpClient:
        client = UdpClient(self.port)
        self._closing.append(client.close)
        return client

    async def tcp(self) -> TcpClient:
        client = await TcpClient.connect(self.port)
        self._closing.append(client.close)
        return client

    async def subscribed(self) -> UdpClient:
        """Return a subscribed client that has received the current state."""
        client = self.udp()
        client.send("/bridge/subscribe")
        await client.hear("/bridge/preset/select")
        client.heard.clear()
        return client

    async def settle(self) -> None:
        """Wait until the server has handled everything sent so far."""
        client = self.udp()
        client.send("/bridge/ping")
        await client.hear("/bridge/pong")

    async def close(self) -> None:
        for close in self._closing:
            if (waiting := close()) is not None:
                await waiting
        await self.surface.stop()
