"""Tests the OSC server over real sockets with invalid and hostile packets, streams and readers."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_message_builder import build_msg

from bridge.events import Alert
from tests.fakes.osc_stage import Stage
from tests.waiting import eventually


async def test_the_udp_port_is_reopened_after_a_socket_error(stage: Stage) -> None:
    for error in (ConnectionResetError("ICMP"), OSError("again")):
        stage.surface._udp.error_received(error)
    await eventually(lambda: stage.surface.counters.reopened == 1)
    await stage.settle()


async def test_a_port_that_cannot_be_reopened_is_reported(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.osc.udp._REOPEN_DELAYS", (0.0, 0.0, 0.01))
    client = await stage.tcp()
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    await stage.surface._udp._shut()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", stage.port))
        stage.surface._udp.error_received(ConnectionResetError("ICMP"))
        assert (await client.hear("/bridge/alert"))[0] == "port_taken"
    await eventually(lambda: stage.surface.counters.reopened == 1)
    await stage.settle()


async def test_invalid_packets_are_counted_by_kind_and_reported_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    deep = b"/bridge/remix\0\0\0,\0\0\0"
    for _ in range(9):
        deep = b"#bundle\0" + struct.pack(">Qi", 1, len(deep)) + deep
    client = stage.udp()
    empty = () if os.name == "nt" else (b"",)  # Windows' event loop drops empty packets
    for data in (*empty, b"junk", b"/a\xff\0", b"/bridge/remix\0\0\0,I\xff\0", b"/" + b"a" * 9000, b"x" * 60_000, deep):
        client.send_bytes(data)
    await stage.settle()
    counters = stage.surface.counters
    malformed = 3 + len(empty)
    assert (counters.malformed, counters.oversize, counters.nested) == (malformed, 2, 1)
    assert counters.packets == malformed + 4
    assert stage.bridge.asked == [("ping",)]
    assert len([record for record in caplog.records if record.levelno > logging.DEBUG]) == 1
    with caplog.at_level(logging.INFO, "bridge.osc.server"):
        await stage.surface.stop()
    assert f"packets {malformed + 4}, messages 1, malformed {malformed}, oversize 2, nested 1" in caplog.text


@given(st.lists(st.binary(max_size=120), max_size=20))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_bytes_stop_the_server(packets: list[bytes]) -> None:
    async def send_all() -> None:
        stage = Stage()
        stage.port = await stage.surface.start()
        client = stage.udp()
        for data in packets:
            client.send_bytes(data)
            client.send_bytes(b"/bridge/clip\0\0\0\0" + data)
            client.send_bytes(b"#bundle\0" + data)
        await stage.settle()
        assert {name for name, *_ in stage.bridge.asked} <= {"ping"}
        await stage.close()

    asyncio.run(send_all())


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">i", -1), struct.pack(">i", 0), struct.pack(">i", 7), b"\xc0/a\xc0\0"],
)
async def test_a_stream_with_an_invalid_length_is_closed_and_counted(stage: Stage, garbage: bytes) -> None:
    client = await stage.tcp()
    client.send_raw(garbage)
    await eventually(lambda: client.closed)
    assert stage.surface.counters.streams_closed == 1
    await stage.settle()


async def test_a_packet_may_arrive_in_pieces(stage: Stage) -> None:
    client = await stage.tcp()
    message = build_msg("/bridge/ping").dgram
    for piece in struct.pack(">i", len(message)) + message:
        client.send_raw(bytes([piece]))
        await asyncio.sleep(0)
    await client.hear("/bridge/pong")
    client.send_raw(b"\0\0")
    await client.close()
    await stage.settle()
    assert stage.surface.counters.streams_closed == 0


async def test_a_client_that_never_reads_is_disconnected(stage: Stage) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", stage.port, limit=1024)
    writer.transport.pause_reading()
    message = build_msg("/bridge/subscribe").dgram
    writer.write(struct.pack(">i", len(message)) + message)
    await eventually(lambda: bool(stage.surface._subscriptions._subscribers))
    text = "x" * 1000
    for _ in range(20_000):
        stage.bus.publish(Alert("c", text))
        if not stage.surface._subscriptions._subscribers:
            break
    await eventually(lambda: not stage.surface._subscriptions._subscribers)
    await eventually(lambda: stage.surface.counters.streams_closed == 1)
    writer.close()
    await stage.settle()


async def test_a_flood_ends_with_the_last_value(stage: Stage) -> None:
    client = await stage.tcp()
    for number in range(10_000):
        client.send("/bridge/param/guidance_scale", number / 1000)
    await eventually(lambda: stage.bridge.params.get("guidance_scale") == pytest.approx(9.999))
    assert stage.surface.counters.overrun == 0
    await stage.settle()
