"""The bridge's HTTP server: the OSCQuery tree, read-only, and a websocket that reports values.

query_tree.py → here ↔ network. Requests from websites are refused, even if a website uses DNS rebinding.
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

MOST = 64  # maximum number of open websockets
PATIENCE = 5.0  # time within which a complete request must arrive, s
LARGEST = 4096  # maximum size of a websocket message, bytes
_WAITING = 256  # number of values queued for a slow client before it is disconnected


class Surface(Protocol):
    """The source of values, implemented by the OSC server."""

    def attach(self, peer: Peer) -> None:
        """Subscribe `peer` to everything (raises NotPossibleNow)."""
        ...

    def detach(self, peer: Peer) -> None: ...


class QueryServer:
    """A server for HTTP and websockets on one port."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        presets: Callable[[], Iterable[str]],
        surface: Surface,
        host: str,
        port: int,
    ) -> None:
        """Prepare the server without opening a port.

        Args:
            snapshot: function that returns the current state.
            presets: function that returns the names of all presets.
            surface: source of changed values.
            host: address to listen on.
            port: port to listen on. If it is 0 or in use, a free port is chosen; clients find that port by discovery.
        """
        self._snapshot = snapshot
        self._presets = presets
        self._surface = surface
        self._host = host
        self._port = port
        self._osc_port = 0
        self._address: str | None = None  # address of the OSC server; None: any address of this machine
        self._open = 0  # number of open websockets
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self, osc_port: int) -> int:
        """Bind a port and return its number. Requests that arrive before the libraries are loaded have to wait.

        Raises:
            HomeError: the address is not available.
        """
        self._osc_port = osc_port
        self._socket = await bind_stream(self._host, self._port)
        address, port = self._socket.getsockname()[:2]
        number = ipaddress.ip_address(address.partition("%")[0])
        self._address = None if number.is_unspecified else str(number)
        if port != self._port != 0:
            log.warning("HTTP port %d is in use; using port %d", self._port, port)
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
        library = await asyncio.to_thread(importlib.import_module, "websockets.asyncio.server")  # takes 0.1 s
        quiet = logging.getLogger(f"{__name__}.wire")
        quiet.setLevel(logging.CRITICAL)  # the library logs invalid requests as errors
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
        """Return the response to a request, or None to accept it as a websocket."""
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
        """Return the status and the body of the response; None: the body is empty or has only the status phrase."""
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
        """Serve one websocket until it is closed."""
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
        """Handle the messages LISTEN and IGNORE; discard any other message."""
        try:
            message = json.loads(text)
            command, path = message["COMMAND"], message["DATA"]
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
    """A websocket client, which receives the values of the addresses in `wanted` as OSC packets."""

    def __init__(self, connection: ServerConnection) -> None:
        address = connection.remote_address
        self.key: Key = ("ws", address[0], address[1])
        self.host: str = address[0]
        self.wanted: set[str] = set()  # addresses that the client listens to, all of them in the tree
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
        """Close the connection, so that the client knows that no more values will follow."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._connection.close())

    async def pump(self) -> None:
        """Send queued values until the connection is closed."""
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._connection.send(await self._waiting.get())


def is_direct(hosts: Iterable[str], origins: Iterable[str], sites: Iterable[str]) -> bool:
    """Return whether a request was addressed to this machine and does not come from a website.

    A website can resolve its own name to a local address (DNS rebinding), but the header Host then contains that name.
    If a website uses the IP address instead, the header Origin or Sec-Fetch-Site reveals the website.
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
