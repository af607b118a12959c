"""A small HTTP/1.1 server that can delay and cut off replies and reset connections.

The server runs its own asyncio loop in a thread, so that tests with and without a loop can use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from tests.waiting import PATIENCE


@dataclass(slots=True)
class Request:
    """A received request."""

    method: str
    path: str  # without the query
    query: dict[str, str]
    headers: dict[str, str]  # with lower-case names
    body: bytes
    origin: str  # scheme://host[:port] that the client used for this server
    target: str  # path and query as sent
    started: float = field(default_factory=time.time)  # Unix time at which the first line of the request arrived
    reused: bool = False  # whether the connection was used for an earlier request


@dataclass(slots=True)
class Reply:
    """A reply, with its delays and faults."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    events: AsyncIterator[bytes] | None = None  # a body of unknown length, sent piece by piece
    late: float = 0.0  # s before the first byte
    pieces: int = 1  # number of pieces in which the body is sent
    between: float = 0.0  # s between pieces
    cut: float | None = None  # send only this fraction of the body, then close the connection
    reset: bool = False  # send nothing and reset the connection
    held: bool = False  # send nothing until `HttpServer.let_go`


@dataclass(slots=True)
class Gate:
    """The two steps of a held reply."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    sent: asyncio.Event = field(default_factory=asyncio.Event)


Handler = Callable[[Request], Awaitable[Reply]]


class HttpServer:
    """A server on a loopback port; `pause` and `resume` simulate an outage."""

    def __init__(self, handler: Handler, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._gates: list[Gate] = []  # of the held replies
        self.port = port
        self.accepted = 0  # connections so far
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-http", daemon=True)
        self._thread.start()
        self._call(self._listen())

    def pause(self) -> None:
        """Stop listening and reset all connections, as in a network outage."""
        self._call(self._deafen())

    def resume(self) -> None:
        """Listen again on the same port."""
        self._call(self._listen())

    def let_go(self) -> None:
        """Send all held replies, and return when they have been handed to the operating system."""
        self._call(self._let_go())

    def close(self) -> None:
        """Stop the server and its thread."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=PATIENCE)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            _reset(writer)

    async def _let_go(self) -> None:
        for gate in self._gates:
            gate.opened.set()
            await gate.sent.wait()
        self._gates.clear()

    async def _end(self) -> None:
        await self._deafen()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.accepted += 1
        scheme = "https" if self._tls else "http"
        reused = False
        try:
            while (request := await _read_request(reader, scheme)) is not None:
                request.reused, reused = reused, True
                reply = await self._handler(request)
                gate = Gate()
                if reply.held:
                    self._gates.append(gate)
                    await gate.opened.wait()
                stays = await _send(writer, reply, head=request.method == "HEAD")
                gate.sent.set()
                if not stays:
                    break
                if request.headers.get("connection", "").lower() == "close":
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client has disconnected, or the server is closing
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError, TimeoutError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader, scheme: str) -> Request | None:
    line = await reader.readline()
    if not line.strip():
        return None
    started = time.time()
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    origin = f"{scheme}://{headers.get('host', '')}"
    return Request(method, parts.path, query, headers, body, origin, target, started)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(body)


async def _send(writer: asyncio.StreamWriter, reply: Reply, *, head: bool) -> bool:
    """Send the reply; return whether the connection stays open."""
    if reply.late:
        await asyncio.sleep(reply.late)
    if reply.reset:
        _reset(writer)
        return False
    length = {} if reply.events else {"Content-Length": str(len(reply.body))}
    headers = {**length, **({"Connection": "close"} if reply.events else {}), **reply.headers}
    reason = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus._value2member_map_ else "Unknown"
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if head:
        return True
    if reply.events is not None:
        async for event in reply.events:
            writer.write(event)
            await writer.drain()
        return False
    await _send_body(writer, reply)
    return reply.cut is None


async def _send_body(writer: asyncio.StreamWriter, reply: Reply) -> None:
    body = reply.body if reply.cut is None else reply.body[: int(len(reply.body) * reply.cut)]
    step = max(1, -(-len(body) // reply.pieces))
    for start in range(0, len(body), step):
        if start and reply.between:
            await asyncio.sleep(reply.between)
        writer.write(body[start : start + step])
        await writer.drain()
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection with a TCP reset instead of a normal end of stream."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
