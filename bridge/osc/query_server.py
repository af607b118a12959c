"""The bridge's HTTP: the OSCQuery tree to read, and a websocket to listen to values of it. Nothing is changed here.

query_tree.py → here ↔ network. Only for programs: a page of a website that a browser shows is refused, even one that
has made its name point to this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import ipaddress
import json
import logging
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from bridge.control.api import Snapshot
from bridge.errors import BridgeError
from bridge.osc import query_tree
from bridge.osc.packet import address_of, build
from bridge.osc.peer import Key, Peer
from bridge.osc.sockets import bind_stream
from bridge.osc.state import lines

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

log = logging.getLogger(__name__)

MOST = 64  # connections at a time
PATIENCE = 5.0  # s for a request to come in whole
LARGEST = 4096  # bytes of a message over the websocket
_WAITING = 256  # values that wait for one slow reader before it counts as gone


class Surface(Protocol):
    """Where values come from: the OSC surface."""

    def attach(self, peer: Peer) -> None:
        """Tell `peer` everything from now on (raises NotPossibleNow)."""
        ...

    def detach(self, peer: Peer) -> None: ...


class QueryServer:
    """HTTP and websocket on one port."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        presets: Callable[[], Iterable[str]],
        surface: Surface,
        host: str,
        port: int,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            snapshot: returns the present state.
            presets: returns the names of all presets.
            surface: tells what changes.
            host: address to listen on.
            port: 0 takes a free one; so does one that is taken, since programs find the port by discovery.
        """
        self._snapshot = snapshot
        self._presets = presets
        self._surface = surface
        self._host = host
        self._port = port
        self._osc_port = 0
        self._address: str | None = None  # that OSC is reached at; None: at any of this machine
        self._open = 0  # connections
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self, osc_port: int) -> int:
        """Take a port and return it; who asks before all is loaded waits a moment.

        Raises:
            HomeError: the address cannot be listened on.
        """
        self._osc_port = osc_port
        self._socket = await bind_stream(self._host, self._port)
        address, port = self._socket.getsockname()[:2]
        number = ipaddress.ip_address(address.partition("%")[0])
        self._address = None if number.is_unspecified else str(number)
        if port != self._port != 0:
            log.warning("port %d for HTTP is taken, so it is %d now", self._port, port)
        self._starting = asyncio.get_running_loop().create_task(self._serve(self._socket))
        return int(port)

    async def stop(self) -> None:
        """Close all connections."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        elif self._socket is not None:
            self._socket.close()

    async def _serve(self, bound: socket.socket) -> None:
        library = await asyncio.to_thread(importlib.import_module, "websockets.asyncio.server")  # a tenth of a second
        quiet = logging.getLogger(f"{__name__}.wire")
        quiet.setLevel(logging.CRITICAL)  # it reports what strangers send as errors of ours
        self._server = await library.serve(
            self._listen,
            sock=bound,
            process_request=self._answer,
            compression=None,
            server_header=None,
            open_timeout=PATIENCE,
            max_size=LARGEST,
            max_queue=8,
            logger=quiet,
        )

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request; None lets a websocket begin."""
        try:
            status, body = self._reply(request)
        except Exception:
            log.exception("a request failed")
            status, body = HTTPStatus.INTERNAL_SERVER_ERROR, None
        if status is HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        text = "" if status is HTTPStatus.NO_CONTENT else json.dumps({"error": status.phrase} if body is None else body)
        response = connection.respond(status, text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json; charset=utf-8"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _reply(self, request: Request) -> tuple[HTTPStatus, query_tree.Node | None]:
        """Return status and body, which may be missing."""
        hosts, origins, sites = (request.headers.get_all(name) for name in ("Host", "Origin", "Sec-Fetch-Site"))
        if not is_direct(hosts, origins, sites):
            return HTTPStatus.FORBIDDEN, None
        if getattr(request, "method", "GET") != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, None
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return (HTTPStatus.SWITCHING_PROTOCOLS if self._open < MOST else HTTPStatus.SERVICE_UNAVAILABLE), None
        url = urlsplit(request.path)
        if url.query.split("&")[0] == "HOST_INFO":
            return HTTPStatus.OK, query_tree.host_info(self._osc_port, self._address)
        node = query_tree.find(query_tree.tree(self._snapshot(), self._presets()), unquote(url.path))
        if node is None:
            return HTTPStatus.NOT_FOUND, None
        if not url.query:
            return HTTPStatus.OK, node
        part = query_tree.attribute(node, url.query.split("&")[0].partition("=")[0])
        return (HTTPStatus.NO_CONTENT, None) if part is None else (HTTPStatus.OK, part)

    # --- websocket ---------------------------------------------------------------------------------------------------

    async def _listen(self, connection: ServerConnection) -> None:
        """Serve one websocket until it ends."""
        peer = WebPeer(connection)
        self._open += 1
        sending = asyncio.get_running_loop().create_task(peer.pump())
        try:
            self._surface.attach(peer)
            async for message in connection:
                if isinstance(message, str):
                    self._obey(peer, message)
        except BridgeError as error:
            await connection.close(1013, error.text[:120])
        except Exception:
            log.exception("a websocket failed")
        finally:
            self._open -= 1
            self._surface.detach(peer)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _obey(self, peer: WebPeer, text: str) -> None:
        """Take LISTEN and IGNORE; whatever else programs say is none of ours."""
        try:
            said = json.loads(text)
            command, path = said["COMMAND"], said["DATA"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if command == "IGNORE" and isinstance(path, str):
            peer.wanted.discard(path)
        elif command == "LISTEN" and isinstance(path, str):
            snapshot = self._snapshot()
            node = query_tree.find(query_tree.tree(snapshot, ()), path)
            if node is None or node["FULL_PATH"] != path or "TYPE" not in node:
                return
            peer.wanted.add(path)
            for address, _, arguments in lines(snapshot):
                if address == path:
                    peer.send(build(address, *arguments))


class WebPeer:
    """A websocket that is told what it listens to, as OSC packets."""

    def __init__(self, connection: ServerConnection) -> None:
        address = connection.remote_address
        self.key: Key = ("ws", address[0], address[1])
        self.host: str = address[0]
        self.wanted: set[str] = set()  # addresses; only such that the tree has, so that their number is bounded
        self._connection = connection
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._closing: asyncio.Task[Any] | None = None

    def send(self, data: bytes) -> bool:
        if address_of(data) not in self.wanted:
            return True
        try:
            self._waiting.put_nowait(data)
        except asyncio.QueueFull:
            return False
        return True

    def close(self) -> None:
        """End the connection: without values it is of no use, and the program had better know."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._connection.close())

    async def pump(self) -> None:
        """Send what waits."""
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._connection.send(await self._waiting.get())


def is_direct(hosts: Iterable[str], origins: Iterable[str], sites: Iterable[str]) -> bool:
    """Tell whether a request was meant for this machine and comes from no website.

    A website may let its name point to a machine at home (DNS rebinding), so that a browser takes the bridge for a part
    of it: but then Host has that name. A page that calls by the number gives itself away in Origin or Sec-Fetch-Site.
    """
    named = list(hosts)
    if len(named) != 1:
        return False
    if any(origin != f"http://{named[0]}" for origin in origins) or any(site.endswith("-site") for site in sites):
        return False
    try:
        name = urlsplit(f"//{named[0]}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return False
