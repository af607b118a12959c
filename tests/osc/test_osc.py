"""Tests the OSC server's ports, commands and replies, with python-osc over UDP and a plain client over TCP."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from dataclasses import replace

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import build_msg

from bridge.control.api import ClipAsk
from bridge.errors import DawMissing, HomeError, PortTaken
from bridge.events import Alert, JobChanged, JobProgress, VariationChanged
from bridge.osc.server import LATEST, OscServer
from tests.fakes.free_port import free_port
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_stage import SETTINGS, TOKEN, Stage
from tests.fakes.places import absolute
from tests.waiting import eventually

# --- ports -----------------------------------------------------------------------------------------------------------


async def test_udp_and_tcp_share_one_port_and_reply_from_it(stage: Stage) -> None:
    assert stage.port
    over_udp, over_tcp = stage.udp(), await stage.tcp()
    for client in (over_udp, over_tcp):
        client.send("/bridge/ping")
        assert await client.hear("/bridge/pong") == ("1.2.3", 1)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_in_use_is_an_error_and_no_socket_stays_open(kind: socket.SocketKind) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        stage = Stage()
        surface = OscServer(stage.bridge, stage.bus, replace(SETTINGS, host="127.0.0.1", port=port), lambda: TOKEN)
        with pytest.raises(PortTaken, match=str(port)):
            await surface.start()
        await surface.stop()
    other = socket.SOCK_DGRAM if kind == socket.SOCK_STREAM else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, other) as free:
        free.bind(("127.0.0.1", port))


async def test_an_address_of_another_machine_is_an_error() -> None:
    stage = Stage()
    surface = OscServer(stage.bridge, stage.bus, replace(SETTINGS, host="192.0.2.1", port=0), lambda: TOKEN)
    with pytest.raises(HomeError, match=r"192\.0\.2\.1"):
        await surface.start()


async def test_the_port_is_free_again_after_stop() -> None:
    first, port = Stage(), free_port()
    first.surface = OscServer(first.bridge, first.bus, replace(SETTINGS, host="127.0.0.1", port=port), lambda: TOKEN)
    assert await first.surface.start() == port
    await first.close()
    second = OscServer(first.bridge, first.bus, replace(SETTINGS, host="127.0.0.1", port=port), lambda: TOKEN)
    assert await second.start() == port
    await second.stop()


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "arguments", "asked"),
    [
        ("/bridge/inbox", (), ("inbox", "")),
        ("/bridge/inbox", ("m-1",), ("inbox", "m-1")),
        ("/bridge/remix", (1.0,), ("remix",)),
        ("/bridge/cancel", (), ("cancel", "")),
        ("/bridge/cancel", ("job", 1), ("cancel", "job")),
        ("/bridge/rerun", (True,), ("rerun", "")),
        ("/bridge/preset/select", ("Küche",), ("select", "Küche")),
        ("/bridge/preset/next", (0.7,), ("step", 1)),
        ("/bridge/preset/previous", (), ("step", -1)),
        ("/bridge/param/number_of_steps", (30.2,), ("set", "number_of_steps", 30)),
        ("/bridge/param/seed", (2**32 - 1,), ("set", "seed", 2**32 - 1)),
        ("/bridge/param/amount", (0.5,), ("set", "amount", 0.5)),
        ("/bridge/audition", ("source",), ("audition", "", "source")),
        ("/bridge/audition/switch", (1.0,), ("switch_audition",)),
        ("/bridge/audition/loop", (), ("loop_audition", None)),
        ("/bridge/audition/loop", ("on", 1.0), ("loop_audition", True)),
        ("/bridge/audition/loop/off", (1,), ("loop_audition", False)),
        ("/bridge/audition/stop", (1,), ("stop_audition",)),
    ],
)
async def test_commands_reach_the_bridge(
    stage: Stage, address: str, arguments: tuple[object, ...], asked: tuple[object, ...]
) -> None:
    client = stage.udp()
    client.send(address, *arguments)
    await eventually(lambda: asked in stage.bridge.asked)


async def test_releases_do_nothing(stage: Stage) -> None:
    client = stage.udp()
    for released in (0, 0.0, False):
        client.send("/bridge/remix", released)
    await stage.settle()
    assert stage.bridge.asked == [("ping",)]


async def test_replies_go_only_to_the_sender(stage: Stage) -> None:
    asker, other = stage.udp(), stage.udp()
    asker.send("/bridge/remix")
    assert await asker.hear("/bridge/accepted") == ("message-1", "job-1")
    await stage.settle()
    assert other.heard == []


async def test_errors_are_sent_with_code_and_text(stage: Stage) -> None:
    stage.bridge.refuses = DawMissing()
    client = await stage.tcp()
    client.send("/bridge/remix")
    _, code, text = await client.hear("/bridge/error")
    assert (code, text) == ("daw_missing", DawMissing().text)
    client.send("/bridge/param/number_of_steps", 10_000)
    await eventually(lambda: len(client.of("/bridge/error")) == 2)
    assert client.of("/bridge/error")[1][1] == "param_invalid"
    client.send("/bridge/param/nonsense", 1.0)
    await eventually(lambda: len(client.of("/bridge/error")) == 3)
    assert client.of("/bridge/error")[2][1] == "param_unknown"


async def test_an_unexpected_error_is_logged_and_sent_and_the_server_continues(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.bridge.refuses = ZeroDivisionError("rare bug")
    client = stage.udp()
    client.send("/bridge/remix")
    assert (await client.hear("/bridge/error"))[1] == "unexpected"
    assert "rare bug" in caplog.text
    await stage.settle()


async def test_an_invalid_message_id_is_an_error(stage: Stage) -> None:
    client = stage.udp()
    client.send("/bridge/inbox", "m" * 200)
    assert (await client.hear("/bridge/error"))[1] == "bad_request"


async def test_unknown_addresses_get_an_error_except_notifications(stage: Stage) -> None:
    client = stage.udp()
    for address in ("/other/thing", "/bridge/error", "/bridge/pong", "/bridge/job/1/progress", "/bridge/heartbeat"):
        client.send(address, 1.0)
    client.send("/bridge/nonsense")
    _, code, text = await client.hear("/bridge/error")
    assert code == "unknown_command"
    assert "/bridge/nonsense" in text
    assert len(client.heard) == 1
    assert stage.surface.counters.unknown == 6


async def test_a_slow_command_does_not_block_others(stage: Stage) -> None:
    stage.bridge.gate = asyncio.Event()
    client = stage.udp()
    client.send("/bridge/remix")
    client.send("/bridge/cancel")
    await eventually(lambda: ("cancel", "") in stage.bridge.asked)
    assert ("remix",) not in stage.bridge.asked
    stage.bridge.gate.set()
    await client.hear("/bridge/accepted")


# --- /bridge/clip ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_clip_is_accepted_followed_and_sent_its_path(stage: Stage, over: str) -> None:
    client = stage.udp() if over == "udp" else await stage.tcp()
    path = absolute("/musik/Straße nach Süden ☂.wav")
    client.send("/bridge/clip", TOKEN, path, 1.5, 4.0)
    assert await client.hear("/bridge/accepted") == ("message-1", "job-1")
    assert stage.bridge.asked == [("clip", ClipAsk(path, 1.5, 4.0, None, ""))]
    assert await client.hear("/bridge/job") == ("job-1", "new")
    stage.bus.publish(JobProgress("job-1", 0.5, "half"))
    assert await client.hear("/bridge/job/job-1/progress") == (0.5,)
    assert await client.hear("/bridge/job/job-1/message") == ("half",)
    stage.bus.publish(JobProgress("another", 0.1))
    for _ in range(2):
        stage.bus.publish(VariationChanged("job-1", "v-1", "done", "/erg/Süden ☂.wav"))
    stage.bus.publish(JobChanged("job-1", "done", 0.006))
    await client.hear("/bridge/job", "job-1", "done")
    assert client.of("/bridge/job/job-1/path") == [("/erg/Süden ☂.wav", "v-1")]
    await eventually(lambda: not stage.surface._subscriptions._subscribers)
    client.heard.clear()
    stage.bus.publish(JobChanged("job-1", "failed"))
    await stage.settle()
    assert client.heard == [], "nothing is sent after the end or about other jobs"


async def test_clip_takes_doubles(stage: Stage) -> None:
    data = b"/bridge/clip\0\0\0\0,ssd\0\0\0\0correct-horse\0\0\0//a.wav\0" + struct.pack(">d", 1.23456789012)
    client = stage.udp()
    client.send_bytes(data)
    await client.hear("/bridge/accepted")
    assert stage.bridge.asked == [("clip", ClipAsk("//a.wav", 1.23456789012, None, None, ""))]


@pytest.mark.parametrize("token", ["wrong", "", "correct-hors", "☂"])
async def test_a_wrong_token_is_an_error(stage: Stage, token: str) -> None:
    client = stage.udp()
    client.send("/bridge/clip", token, absolute("/a.wav"))
    assert (await client.hear("/bridge/error"))[1] == "token_wrong"
    assert stage.bridge.asked == []


@pytest.mark.parametrize("alert_first", [True, False])
async def test_a_failed_clip_gets_its_error_before_or_after_its_end(stage: Stage, alert_first: bool) -> None:
    client = stage.udp()
    client.send("/bridge/clip", TOKEN, absolute("/a.wav"))
    await client.hear("/bridge/accepted")
    alert = Alert("source_missing", "It is not there.", "job-1")
    end = JobChanged("job-1", "failed", 0.0)
    for event in (alert, end) if alert_first else (end, alert):
        stage.bus.publish(event)
    await client.hear("/bridge/job", "job-1", "failed")
    await client.hear("/bridge/error")
    assert client.of("/bridge/error") == [("message-1", "source_missing", "It is not there.")]


async def test_a_subscriber_that_submits_a_clip_receives_everything_once(stage: Stage) -> None:
    client = await stage.tcp()
    client.send("/bridge/clip", TOKEN, absolute("/a.wav"))
    await client.hear("/bridge/accepted")
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    client.heard.clear()
    stage.bus.publish(JobProgress("job-1", 0.25))
    stage.bus.publish(JobChanged("job-1", "done"))
    await client.hear("/bridge/job", "job-1", "done")
    assert client.of("/bridge/job/job-1/progress") == [(0.25,)]
    assert client.of("/bridge/job") == [("job-1", "done")]


# --- time tags -------------------------------------------------------------------------------------------------------


def dated(seconds: float, address: str, *arguments: object) -> bytes:
    builder = OscBundleBuilder(time.time() + seconds)  # type: ignore[arg-type]  # annotated as int
    builder.add_content(build_msg(address, arguments))
    return builder.build().dgram


async def test_a_future_time_tag_does_not_block_other_messages(stage: Stage, loop_clock: LoopClock) -> None:
    client = stage.udp()
    client.send_bytes(dated(50.0, "/bridge/inbox", "later"))
    client.send("/bridge/inbox", "now")
    await eventually(lambda: ("inbox", "now") in stage.bridge.asked)
    assert ("inbox", "later") not in stage.bridge.asked
    loop_clock.advance(50.0)
    await eventually(lambda: ("inbox", "later") in stage.bridge.asked)


@pytest.mark.parametrize("seconds", [-100.0, -0.001, LATEST + 3600.0, 3600.0 * 24 * 365])
async def test_past_and_distant_time_tags_run_at_once(stage: Stage, seconds: float) -> None:
    client = stage.udp()
    client.send_bytes(dated(seconds, "/bridge/inbox", "m"))
    await eventually(lambda: ("inbox", "m") in stage.bridge.asked)
    assert not stage.surface._timers


async def test_stop_logs_the_counters(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.settle()
    with caplog.at_level(logging.INFO, "bridge.osc.server"):
        await stage.surface.stop()
    assert "OSC stopped: packets 1, messages 1" in caplog.text


async def test_stop_cancels_messages_with_future_time_tags(stage: Stage) -> None:
    client = stage.udp()
    client.send_bytes(dated(50.0, "/bridge/inbox", "never"))
    await eventually(lambda: bool(stage.surface._timers))
    await stage.surface.stop()
    assert all(timer.cancelled() for timer in stage.surface._timers)


# --- other machines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "may"), [("/bridge/remix", False), ("/bridge/rerun", False), ("/bridge/cancel", True)]
)
async def test_another_machine_cannot_spend_without_the_token(stage: Stage, address: str, may: bool) -> None:
    class RemotePeer:
        """A peer on the LAN that has sent a datagram."""

        key = ("udp", "192.0.2.7", 9000)
        host = "192.0.2.7"
        sent: list[bytes] = []  # noqa: RUF012 - used by one test

        def send(self, data: bytes) -> bool:
            self.sent.append(data)
            return True

        def close(self) -> None: ...

    RemotePeer.sent.clear()
    stage.surface._receive(build_msg(address).dgram, RemotePeer())  # type: ignore[arg-type]
    await stage.settle()
    assert (len(stage.bridge.asked) == 2) is may
    assert (b"secret_needed" in b"".join(RemotePeer.sent)) is not may
