"""Tests the OSCQuery server over real sockets with an independent client, plain HTTP and websockets."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pythonosc.osc_message import OscMessage
from pythonoscquery.osc_query_client import OSCQueryClient
from pythonoscquery.shared.osc_access import OSCAccess
from pythonoscquery.shared.osc_path_node import OSCPathNode
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from zeroconf import ServiceInfo

from bridge.control.api import Snapshot
from bridge.control.table import COMMANDS, MESSAGES, find
from bridge.events import Alert, JobChanged
from bridge.osc import query_server, query_tree
from bridge.osc.query_server import QueryServer, is_direct
from bridge.presets.parameters import HAND_PARAMS
from tests.fakes.osc_stage import Stage
from tests.fakes.processes import running
from tests.waiting import PATIENCE, eventually

PRESETS = ["ambient", "dub"]


class Served:
    """A running OSC server with its OSCQuery server."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.server = QueryServer(stage.bridge.snapshot, lambda: PRESETS, stage.surface, "127.0.0.1", 0)
        self.port = 0

    def client(self) -> OSCQueryClient:
        kind = "_oscjson._tcp.local."
        addresses = [socket.inet_aton("127.0.0.1")]
        return OSCQueryClient(ServiceInfo(kind, f"ace-bridge.{kind}", addresses=addresses, port=self.port))

    async def get(self, path: str, *headers: str, method: str = "GET") -> tuple[int, Any]:
        """Send a plain request, and return the status and the JSON object in the body, or None for no object."""
        lines = [f"{method} {path} HTTP/1.1", *(headers or (f"Host: 127.0.0.1:{self.port}",))]
        return await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, data: bytes) -> tuple[int, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        self.headers = head.decode().lower().splitlines()[1:]
        return (int(head.split()[1]) if head else 0), (json.loads(body) if body[:1] == b"{" else None)

    def websocket(self, **options: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/", **options)


@pytest_asyncio.fixture
async def served(stage: Stage) -> AsyncIterator[Served]:
    made = Served(stage)
    made.port = await made.server.start(stage.port)
    yield made
    await made.server.stop()


# --- an independent client -------------------------------------------------------------------------------------------


async def test_an_independent_client_reads_the_host_info(served: Served) -> None:
    about = await asyncio.to_thread(served.client().get_host_info)
    assert about is not None
    assert (about.name, about.osc_ip, about.osc_port) == ("ace-bridge", "127.0.0.1", served.stage.port)
    assert about.osc_transport == "UDP"
    assert about.extensions["LISTEN"] is True
    assert about.extensions["PATH_CHANGED"] is False


async def test_an_independent_client_reads_the_whole_tree(served: Served) -> None:
    served.stage.bridge.params |= {"guidance_scale": 12.5, "edit_mode": "lyrics"}
    root = await asyncio.to_thread(served.client().query_node, "/")
    assert root is not None
    nodes: dict[str, OSCPathNode] = {node.full_path: node for node in root}
    for path, node in nodes.items():
        if node.access in (OSCAccess.WRITEONLY_VALUE, OSCAccess.READWRITE_VALUE):
            assert find(path), f"{path} is writable but not a command"
            assert node.description
    assert nodes["/bridge/param/guidance_scale"].value == [12.5]
    assert nodes["/bridge/param/edit_mode"].value == ["lyrics"]
    assert nodes["/bridge/param/seed"].access is OSCAccess.WRITEONLY_VALUE, "it is not set"
    assert nodes["/bridge/preset/select"].value == ["dub"]
    assert nodes["/bridge/state"].access is OSCAccess.READONLY_VALUE
    assert nodes["/bridge/state"].value == ["idle"]
    part = await asyncio.to_thread(served.client().query_node, "/bridge/param")
    assert part is not None
    assert {node.full_path for node in part.contents} == {f"/bridge/param/{param.name}" for param in HAND_PARAMS}
    assert await asyncio.to_thread(served.client().query_node, "/bridge/nonsense") is None


async def test_a_written_value_can_be_read(served: Served) -> None:
    surface = served.stage.udp()
    surface.send("/bridge/param/guidance_scale", 7.5)
    await eventually(lambda: served.stage.bridge.params.get("guidance_scale") == 7.5)
    node = await asyncio.to_thread(served.client().query_node, "/bridge/param/guidance_scale")
    assert node is not None
    assert node.value == [7.5]


# --- the tree against the tables -------------------------------------------------------------------------------------


def leaves(node: query_tree.Node) -> dict[str, query_tree.Node]:
    inner = node.get("CONTENTS", {}).values()
    return {node["FULL_PATH"]: node} if not inner else {k: v for one in inner for k, v in leaves(one).items()}


def test_the_tree_has_every_command_and_message_of_the_table() -> None:
    found = leaves(query_tree.tree(Snapshot((), "dub", {}), PRESETS))
    expected = {f"{command.address}/{side}" for command in COMMANDS for side in command.sides}
    expected |= {one.address for one in COMMANDS if not one.sides and "<" not in one.address}
    expected |= {f"/bridge/param/{param.name}" for param in HAND_PARAMS}
    expected |= {one.address for one in MESSAGES if "<" not in one.address and not one.to_sender}
    assert set(found) == expected
    for path, node in found.items():
        assert len(node["TYPE"]) == len(node["VALUE"]), path
        assert len(node.get("RANGE", node["TYPE"])) == len(node["TYPE"]), path
        assert node["ACCESS"] in (1, 2, 3), path
    assert {path for path, node in found.items() if node.get("CRITICAL")} == {
        command.address for command in COMMANDS if command.spends
    }


@pytest.mark.parametrize("param", HAND_PARAMS, ids=lambda param: param.name)
def test_ranges_match_the_parameters(param: Any) -> None:
    root = query_tree.tree(Snapshot((), "", {}), ())
    node = query_tree.find(root, f"/bridge/param/{param.name}")
    assert node is not None
    (extent,) = node["RANGE"]
    assert extent == ({"VALS": list(param.choices)} if param.choices else {"MIN": param.low, "MAX": param.high})
    assert node["TYPE"] in {"int": "ih", "float": "f", "choice": "s"}[param.kind]
    assert node["DESCRIPTION"] == param.help


# --- plain HTTP ------------------------------------------------------------------------------------------------------


async def test_single_attributes(served: Served) -> None:
    assert await served.get("/bridge/state?VALUE") == (200, {"VALUE": ["idle"]})
    assert "cache-control: no-store" in served.headers
    assert "content-type: application/json; charset=utf-8" in served.headers
    assert await served.get("/bridge/progress?RANGE") == (200, {"RANGE": [{"MIN": 0.0, "MAX": 1.0}]})
    assert await served.get("/bridge/state?RANGE") == (200, {}), "supported, but not set"
    assert (await served.get("/bridge/remix?VALUE"))[0] == 204
    assert (await served.get("/bridge/state?HTML"))[0] == 204
    assert (await served.get("/bridge/%73tate?TYPE"))[1] == {"TYPE": "s"}
    assert (await served.get("/bridge/../../etc/passwd"))[0] == 404
    assert (await served.get("/any/where?HOST_INFO"))[1]["OSC_PORT"] == served.stage.port


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_it_is_read_only(served: Served, method: str) -> None:
    assert (await served.get("/bridge/state", method=method))[0] in (0, 400, 405)
    assert (await served.get("/bridge/state"))[0] == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Host: 127.0.0.1:{port}", 200),
        ("Host: localhost:{port}", 200),
        ("Host: [::1]:{port}", 200),
        ("Host: evil.example:{port}", 403),
        ("Host: evil.example", 403),
        ("Host: 127.0.0.1.evil.example:{port}", 403),
        ("Host: localhost.evil.example", 403),
        ("Host: [", 403),
        ("X-None: 1", 403),
        ("Host: 127.0.0.1:{port}\r\nHost: evil.example", 403),
        ("Host: 127.0.0.1:{port}\r\nOrigin: https://evil.example", 403),
        ("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:1", 403),
        ("Host: 127.0.0.1:{port}\r\nOrigin: null", 403),
        ("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}", 200),
        ("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: cross-site", 403),
        ("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: none", 200),
    ],
)
async def test_websites_are_refused_under_any_host_name(served: Served, header: str, status: int) -> None:
    got, body = await served.get("/bridge/state", header.format(port=served.port))
    assert got == status
    assert (body == {"error": "Forbidden"}) is (status == 403)
    assert not [line for line in served.headers if line.startswith("access-control")]


def test_a_host_is_an_ip_address_or_localhost() -> None:
    assert is_direct(["192.168.1.5:9124"], [], [])
    assert is_direct(["[fe80::1%25eth0]:9124"], [], [])
    assert not is_direct([], [], [])
    assert not is_direct([""], [], [])


async def test_invalid_and_oversized_requests_are_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"\0" * 100, b"GET", b"GET / HTTP/9", b"GET /" + b"a" * 20_000 + b" HTTP/1.1"):
        assert (await served.raw(data + b"\r\n\r\n"))[0] in (0, 400, 414, 431)
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(1000))
    assert (await served.raw(b"GET / HTTP/1.1\r\n" + many + b"\r\n"))[0] in (0, 400, 431)
    assert (await served.get("/bridge/state"))[0] == 200


async def test_an_incomplete_request_times_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_server, "PATIENCE", 0.2)
    served = Served(stage)
    served.port = await served.server.start(stage.port)
    assert await served.raw(b"GET / HTTP/1.1\r\nHost: ") == (0, None)
    await served.server.stop()


# --- websocket -------------------------------------------------------------------------------------------------------


async def say(socket_: ClientConnection, command: str, path: object) -> None:
    await socket_.send(json.dumps({"COMMAND": command, "DATA": path}))


async def heard(socket_: ClientConnection) -> tuple[str, tuple[Any, ...]]:
    async with asyncio.timeout(PATIENCE):
        data = await socket_.recv()
    assert isinstance(data, bytes)
    message = OscMessage(data)
    return message.address, tuple(message.params)


async def test_a_websocket_receives_a_value_at_once_and_on_change(served: Served) -> None:
    surface = served.stage.udp()
    async with served.websocket() as one:
        await say(one, "LISTEN", "/bridge/state")
        assert await heard(one) == ("/bridge/state", ("idle",))
        await say(one, "LISTEN", "/bridge/param/guidance_scale")
        await say(one, "LISTEN", "/bridge/nowhere")
        await say(one, "LISTEN", "/bridge/param")
        await say(one, "LISTEN", "/bridge/preset/select")
        assert await heard(one) == ("/bridge/preset/select", ("dub",))
        surface.send("/bridge/param/number_of_steps", 30)
        surface.send("/bridge/param/guidance_scale", 9.5)
        assert await heard(one) == ("/bridge/param/guidance_scale", (9.5,))
        await say(one, "IGNORE", "/bridge/param/guidance_scale")
        await say(one, "LISTEN", "/bridge/cost")
        await heard(one)
        surface.send("/bridge/param/guidance_scale", 3.0)
        await served.stage.settle()
        served.stage.bus.publish(JobChanged("j", "running", 0.5))
        assert {await heard(one), await heard(one)} == {("/bridge/state", ("running",)), ("/bridge/cost", (0.5,))}
    await eventually(lambda: not served.stage.surface._subscriptions._subscribers)


async def test_invalid_websocket_messages_are_ignored(served: Served) -> None:
    async with served.websocket() as one:
        for text in ("", "[]", "{}", "null", '{"COMMAND": 1, "DATA": 2}', "[" * 4000, '{"COMMAND":"LISTEN","DATA":[]}'):
            await one.send(text)
        await one.send(b"/bridge/remix\0\0\0,\0\0\0")
        await say(one, "LISTEN", "/bridge/state")
        assert await heard(one) == ("/bridge/state", ("idle",))
        assert served.stage.bridge.asked == []
        await one.send("x" * (query_server.LARGEST + 1))
        with pytest.raises(ConnectionClosed):
            await one.recv()
    assert (await served.get("/bridge/state"))[0] == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_websites_get_no_websocket(served: Served, headers: dict[str, str]) -> None:
    _, writer = reader_writer = await asyncio.open_connection("127.0.0.1", served.port)
    lines = ["GET / HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", *(f"{k}: {v}" for k, v in headers.items())]
    if "Host" not in headers:
        lines.append(f"Host: 127.0.0.1:{served.port}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b" 403 " in await reader_writer[0].readline()
    writer.close()


async def test_the_number_of_connections_is_limited(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_server, "MOST", 2)
    async with served.websocket() as one, served.websocket() as two:
        for socket_ in (one, two):
            await say(socket_, "LISTEN", "/bridge/state")
            await heard(socket_)
        with pytest.raises(InvalidStatus, match="503"):
            await served.websocket()


async def test_a_client_that_never_reads_is_disconnected(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served.websocket(max_queue=1, close_timeout=0.1) as one:
        await say(one, "LISTEN", "/bridge/alert")
        await eventually(lambda: bool(served.stage.surface._subscriptions._subscribers))
        (listener,) = served.stage.surface._subscriptions._subscribers.values()
        await eventually(lambda: "/bridge/alert" in listener.peer.wanted)  # type: ignore[attr-defined]
        for _ in range(query_server._WAITING + 10):  # no await in this loop, so the sending task cannot run
            served.stage.bus.publish(Alert("c", "x" * 900))
        await eventually(lambda: not served.stage.surface._subscriptions._subscribers)


# --- start and stop --------------------------------------------------------------------------------------------------


async def test_a_free_port_replaces_one_in_use(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        server = QueryServer(stage.bridge.snapshot, list, stage.surface, "127.0.0.1", taken)
        port = await server.start(stage.port)
        assert port not in (0, taken)
        assert str(taken) in caplog.text
        await server.stop()


async def test_stop_works_while_the_server_starts(stage: Stage) -> None:
    served = Served(stage)
    served.port = await served.server.start(stage.port)
    await served.server.stop()
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", served.port)
    again = Served(stage)
    again.port = await again.server.start(stage.port)
    async with again.websocket() as one:
        await again.server.stop()
        with pytest.raises(ConnectionClosed):
            await one.recv()


def test_a_daemon_serves_its_tree_at_the_port_in_daemon_json(home: Path) -> None:
    with running(home) as daemon:
        about = daemon.wait_until_up()
        url = f"http://127.0.0.1:{about['http_port']}"
        with urllib.request.urlopen(f"{url}/?HOST_INFO", timeout=PATIENCE) as answer:
            assert json.load(answer)["OSC_PORT"] == about["osc_port"]
        with urllib.request.urlopen(f"{url}/bridge/preset/select?RANGE", timeout=PATIENCE) as answer:
            assert "dub-techno-haze" in json.load(answer)["RANGE"][0]["VALS"]


def test_a_daemon_without_http_has_no_http_port(home: Path) -> None:
    with running(home, ACE_BRIDGE_HTTP_ON="off") as daemon:
        assert daemon.wait_until_up()["http_port"] is None
