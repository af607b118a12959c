"""The OSC surface over real sockets: python-osc's client by UDP, a bare one by TCP."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import build_msg

from bridge.commands import ClipAsk, JobView
from bridge.config import Osc
from bridge.errors import DawMissing, HomeError, PortTaken
from bridge.events import Event, EventBus
from bridge.osc import OscSurface
from tests.fakes.bridge import NotingBridge
from tests.fakes.osc_clients import TcpClient, UdpClient, free_udp_port, until

TOKEN = "correct-horse"
SETTINGS = Osc(host="127.0.0.1", port=0, max_packet=8192, max_nesting=8)


class Stage:
    """A running surface with a noting bridge behind it, and clients that are closed at the end."""

    def __init__(self) -> None:
        self.bus = EventBus()
        self.bridge = NotingBridge(self.bus)
        self.surface = OscSurface(self.bridge, self.bus, SETTINGS, lambda: TOKEN)
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
        """Return a client that has been told the present state."""
        client = self.udp()
        client.send("/bridge/subscribe")
        await client.hear("/bridge/preset/select")
        client.heard.clear()
        return client

    async def settle(self) -> None:
        """Return when everything that was sent before has been looked at."""
        client = self.udp()
        client.send("/bridge/ping")
        await client.hear("/bridge/pong")

    async def close(self) -> None:
        for close in self._closing:
            if (waiting := close()) is not None:
                await waiting
        await self.surface.stop()


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    made.port = await made.surface.start()
    yield made
    await made.close()


# --- ports -----------------------------------------------------------------------------------------------------------


async def test_udp_and_tcp_share_one_port_and_answer_on_it(stage: Stage) -> None:
    assert stage.port
    over_udp, over_tcp = stage.udp(), await stage.tcp()
    for client in (over_udp, over_tcp):
        client.send("/bridge/ping")
        assert await client.hear("/bridge/pong") == ("1.2.3", 1)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_taken_port_is_an_error_and_nothing_stays_open(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            holder.listen()
        stage = Stage()
        surface = OscSurface(stage.bridge, stage.bus, Osc("127.0.0.1", port, 8192, 8), lambda: TOKEN)
        with pytest.raises(PortTaken, match=str(port)):
            await surface.start()
        await surface.stop()
    other = socket.SOCK_DGRAM if kind == socket.SOCK_STREAM else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, other) as free:
        free.bind(("127.0.0.1", port))


async def test_an_address_that_is_not_ours_is_said() -> None:
    stage = Stage()
    surface = OscSurface(stage.bridge, stage.bus, Osc("192.0.2.1", 0, 8192, 8), lambda: TOKEN)
    with pytest.raises(HomeError, match=r"192\.0\.2\.1"):
        await surface.start()


async def test_the_port_is_free_again_after_stop() -> None:
    first = Stage()
    port = await first.surface.start()
    await first.close()
    second = OscSurface(first.bridge, first.bus, Osc("127.0.0.1", port, 8192, 8), lambda: TOKEN)
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
        ("/bridge/preset/select", ("Küche",), ("select_preset", "Küche")),
        ("/bridge/preset/next", (0.7,), ("step_preset", 1)),
        ("/bridge/preset/previous", (), ("step_preset", -1)),
        ("/bridge/param/number_of_steps", (30.2,), ("set_param", "number_of_steps", 30)),
        ("/bridge/param/seed", (2**32 - 1,), ("set_param", "seed", 2**32 - 1)),
        ("/bridge/param/amount", (0.5,), ("set_param", "amount", 0.5)),
        ("/bridge/audition", ("source",), ("audition", "", "source")),
        ("/bridge/audition/stop", (1,), ("stop_audition",)),
    ],
)
async def test_commands_reach_the_bridge(
    stage: Stage, address: str, arguments: tuple[object, ...], asked: tuple[object, ...]
) -> None:
    client = stage.udp()
    client.send(address, *arguments)
    await until(lambda: asked in stage.bridge.asked)


async def test_releases_do_nothing(stage: Stage) -> None:
    client = stage.udp()
    for released in (0, 0.0, False):
        client.send("/bridge/remix", released)
    await stage.settle()
    assert stage.bridge.asked == [("ping",)]


async def test_answers_go_to_the_sender_alone(stage: Stage) -> None:
    asker, other = stage.udp(), stage.udp()
    asker.send("/bridge/remix")
    assert await asker.hear("/bridge/accepted") == ("message-1", "job-1")
    await stage.settle()
    assert other.heard == []


async def test_our_errors_are_answered_with_code_and_text(stage: Stage) -> None:
    stage.bridge.refuses = DawMissing()
    client = await stage.tcp()
    client.send("/bridge/remix")
    _, code, text = await client.hear("/bridge/error")
    assert (code, text) == ("daw_missing", DawMissing().text)
    client.send("/bridge/param/number_of_steps", 10_000)
    await until(lambda: len(client.of("/bridge/error")) == 2)
    assert client.of("/bridge/error")[1][1] == "param_invalid"
    client.send("/bridge/param/nonsense", 1.0)
    await until(lambda: len(client.of("/bridge/error")) == 3)
    assert client.of("/bridge/error")[2][1] == "param_unknown"


async def test_a_defect_is_logged_and_answered_and_the_surface_goes_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.bridge.refuses = ZeroDivisionError("in a corner")
    client = stage.udp()
    client.send("/bridge/remix")
    assert (await client.hear("/bridge/error"))[1] == "unexpected"
    assert "in a corner" in caplog.text
    await stage.settle()


async def test_an_error_names_the_message_it_answers(stage: Stage) -> None:
    client = stage.udp()
    client.send("/bridge/inbox", "m" * 200)
    assert (await client.hear("/bridge/error"))[1] == "bad_request"


async def test_unknown_addresses_are_answered_only_where_no_loop_can_come_of_it(stage: Stage) -> None:
    client = stage.udp()
    for address in ("/other/thing", "/bridge/error", "/bridge/pong", "/bridge/job/1/progress", "/bridge/heartbeat"):
        client.send(address, 1.0)
    client.send("/bridge/nonsense")
    _, code, text = await client.hear("/bridge/error")
    assert code == "unknown_command"
    assert "/bridge/nonsense" in text
    assert len(client.heard) == 1
    assert stage.surface.counters.unknown == 6


async def test_a_slow_command_holds_up_no_other(stage: Stage) -> None:
    stage.bridge.gate = asyncio.Event()
    client = stage.udp()
    client.send("/bridge/remix")
    client.send("/bridge/cancel")
    await until(lambda: ("cancel", "") in stage.bridge.asked)
    assert ("remix",) not in stage.bridge.asked
    stage.bridge.gate.set()
    await client.hear("/bridge/accepted")


# --- /bridge/clip ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_clip_is_answered_followed_and_told_its_path(stage: Stage, over: str) -> None:
    client = stage.udp() if over == "udp" else await stage.tcp()
    path = "/musik/Straße nach Süden ☂.wav"
    client.send("/bridge/clip", TOKEN, path, 1.5, 4.0)
    assert await client.hear("/bridge/accepted") == ("message-1", "job-1")
    assert stage.bridge.asked == [("clip", ClipAsk(path, 1.5, 4.0, None, ""))]
    assert await client.hear("/bridge/job") == ("job-1", "new")
    stage.bus.publish(Event("progress", "job-1", data={"fraction": 0.5, "message": "half"}))
    assert await client.hear("/bridge/job/job-1/progress") == (0.5,)
    assert await client.hear("/bridge/job/job-1/message") == ("half",)
    stage.bus.publish(Event("progress", "another", data={"fraction": 0.1}))
    for _ in range(2):
        stage.bus.publish(Event("variation", "job-1", "v-1", {"state": "done", "path": "/erg/Süden ☂.wav"}))
    stage.bus.publish(Event("job", "job-1", data={"state": "done", "cost": 0.006}))
    await client.hear("/bridge/job", "job-1", "done")
    assert client.of("/bridge/job/job-1/path") == [("/erg/Süden ☂.wav", "v-1")]
    await until(lambda: not stage.surface._feedback._listeners)
    client.heard.clear()
    stage.bus.publish(Event("job", "job-1", data={"state": "failed"}))
    await stage.settle()
    assert client.heard == [], "after the end and about others nothing is told"


async def test_clip_takes_doubles(stage: Stage) -> None:
    data = b"/bridge/clip\0\0\0\0,ssd\0\0\0\0correct-horse\0\0\0/a.wav\0\0" + struct.pack(">d", 1.23456789012)
    client = stage.udp()
    client.send_bytes(data)
    await client.hear("/bridge/accepted")
    assert stage.bridge.asked == [("clip", ClipAsk("/a.wav", 1.23456789012, None, None, ""))]


@pytest.mark.parametrize("token", ["wrong", "", "correct-hors", "☂"])
async def test_the_wrong_token_gets_nothing_but_an_error(stage: Stage, token: str) -> None:
    client = stage.udp()
    client.send("/bridge/clip", token, "/a.wav")
    assert (await client.hear("/bridge/error"))[1] == "token_wrong"
    assert stage.bridge.asked == []


@pytest.mark.parametrize("alert_first", [True, False])
async def test_a_failed_clip_says_why_just_before_or_after_its_end(stage: Stage, alert_first: bool) -> None:
    client = stage.udp()
    client.send("/bridge/clip", TOKEN, "/a.wav")
    await client.hear("/bridge/accepted")
    alert = Event("alert", "job-1", data={"code": "source_missing", "text": "It is not there."})
    end = Event("job", "job-1", data={"state": "failed", "cost": 0.0})
    for event in (alert, end) if alert_first else (end, alert):
        stage.bus.publish(event)
    await client.hear("/bridge/job", "job-1", "failed")
    await client.hear("/bridge/error")
    assert client.of("/bridge/error") == [("message-1", "source_missing", "It is not there.")]


async def test_an_asker_that_is_subscribed_too_hears_everything_once(stage: Stage) -> None:
    client = await stage.tcp()
    client.send("/bridge/clip", TOKEN, "/a.wav")
    await client.hear("/bridge/accepted")
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    client.heard.clear()
    stage.bus.publish(Event("progress", "job-1", data={"fraction": 0.25}))
    stage.bus.publish(Event("job", "job-1", data={"state": "done"}))
    await client.hear("/bridge/job", "job-1", "done")
    assert client.of("/bridge/job/job-1/progress") == [(0.25,)]
    assert client.of("/bridge/job") == [("job-1", "done")]


# --- subscribers -----------------------------------------------------------------------------------------------------


async def test_subscribing_tells_the_present_state_and_refresh_tells_it_again(stage: Stage) -> None:
    stage.bridge.jobs.append(JobView("j-1", "running", 0.25, "step 7", 0.006))
    stage.bridge.params["number_of_steps"] = 40
    expected = [
        ("/bridge/job", ("j-1", "running")),
        ("/bridge/job/j-1/progress", (0.25,)),
        ("/bridge/job/j-1/message", ("step 7",)),
        ("/bridge/state", ("running",)),
        ("/bridge/progress", (0.25,)),
        ("/bridge/cost", (pytest.approx(0.006),)),
        ("/bridge/preset/select", ("dub",)),
        ("/bridge/param/number_of_steps", (40,)),
    ]
    client = stage.udp()
    for address in ("/bridge/subscribe", "/bridge/refresh"):
        client.heard.clear()
        client.send(address)
        await client.hear("/bridge/param/number_of_steps")
        assert len(client.heard) == len(expected)
        assert all(any(heard == one for one in expected) for heard in client.heard)
    stranger = stage.udp()
    stranger.send("/bridge/refresh", 1.0)
    await stranger.hear("/bridge/param/number_of_steps")


async def test_without_jobs_the_state_is_idle(stage: Stage) -> None:
    client = stage.udp()
    client.send("/bridge/subscribe")
    assert await client.hear("/bridge/state") == ("idle",)


async def test_a_subscription_may_name_another_port(stage: Stage) -> None:
    hand, ear = stage.udp(), stage.udp()
    hand.send("/bridge/subscribe", float(ear.port))
    await ear.hear("/bridge/state", "idle")
    hand.send("/bridge/param/amount", 0.5)
    await until(lambda: stage.bridge.params == {"amount": 0.5})
    hand.send("/bridge/refresh")
    await ear.hear("/bridge/param/amount", 0.5)
    assert len(ear.of("/bridge/param/amount")) == 1, "the hand's own value comes back only when it asks"
    hand.send("/bridge/unsubscribe")
    await stage.settle()
    ear.heard.clear()
    stage.bus.publish(Event("alert", data={"code": "x", "text": "y"}))
    await stage.settle()
    assert ear.heard == []


async def test_several_subscribers_hear_the_newest_job_as_the_one(stage: Stage) -> None:
    clients = [await stage.subscribed(), await stage.subscribed(), await stage.tcp()]
    clients[2].send("/bridge/subscribe")
    await clients[2].hear("/bridge/preset/select")
    stage.bus.publish(Event("job", "old", data={"state": "running", "cost": 0.5}))
    stage.bus.publish(Event("job", "new", data={"state": "queued", "cost": 0.25}))
    stage.bus.publish(Event("progress", "old", data={"fraction": 0.9}))
    stage.bus.publish(Event("progress", "new", data={"fraction": 0.125}))
    for client in clients:
        await client.hear("/bridge/job", "old", "running")
        await client.hear("/bridge/job", "new", "queued")
        await client.hear("/bridge/state", "queued")
        await client.hear("/bridge/cost", 0.25)
        await client.hear("/bridge/progress", 0.125)
        assert (pytest.approx(0.9),) not in client.of("/bridge/progress")
        assert client.of("/bridge/job/old/path") == []


async def test_a_value_is_echoed_to_the_others_and_not_to_its_hand(stage: Stage) -> None:
    hand, other, third = await stage.subscribed(), await stage.subscribed(), await stage.tcp()
    third.send("/bridge/subscribe")
    await third.hear("/bridge/preset/select")
    hand.send("/bridge/param/guidance_scale", 12.5)
    await other.hear("/bridge/param/guidance_scale", 12.5)
    await third.hear("/bridge/param/guidance_scale", 12.5)
    third.send("/bridge/param/guidance_scale", 8.0)
    await hand.hear("/bridge/param/guidance_scale", 8.0)
    hand.send("/bridge/param/guidance_scale", 9.0)
    await third.hear("/bridge/param/guidance_scale", 9.0)
    third.send("/bridge/param/guidance_scale", 8.0)
    await until(lambda: len(hand.of("/bridge/param/guidance_scale")) == 2)
    assert hand.of("/bridge/param/guidance_scale") == [(8.0,), (8.0,)]


async def test_a_selected_preset_is_echoed_and_the_one_who_steps_hears_its_name(stage: Stage) -> None:
    hand, other = await stage.subscribed(), await stage.subscribed()
    stage.bridge.params["amount"] = 0.5
    hand.send("/bridge/preset/select", "ambient")
    await other.hear("/bridge/preset/select", "ambient")
    hand.send("/bridge/preset/next")
    assert await hand.hear("/bridge/preset/select") == ("step 1",)


async def test_a_flood_of_values_is_thinned_and_its_last_one_arrives(stage: Stage) -> None:
    client = await stage.subscribed()
    begun = asyncio.get_running_loop().time()
    for step in range(1, 1001):
        stage.bus.publish(Event("progress", "j", data={"fraction": step / 1000}))
        if step % 100 == 0:
            await asyncio.sleep(0.01)
    await client.hear("/bridge/progress", 1.0)
    await client.hear("/bridge/job/j/progress", 1.0)
    most = (asyncio.get_running_loop().time() - begun) * 30 + 2
    assert len(client.of("/bridge/progress")) <= most
    assert client.of("/bridge/progress") == sorted(client.of("/bridge/progress"))


async def test_alerts_are_never_thinned(stage: Stage) -> None:
    client = await stage.subscribed()
    for number in range(20):
        stage.bus.publish(Event("alert", data={"code": "c", "text": str(number)}))
    await client.hear("/bridge/alert", "c", "19")
    assert [text for _, text in client.of("/bridge/alert")] == [str(number) for number in range(20)]


async def test_heartbeats_come_and_a_lease_runs_out() -> None:
    stage = Stage()
    stage.surface = OscSurface(stage.bridge, stage.bus, SETTINGS, lambda: TOKEN, heartbeat=0.02, lease=0.2)
    stage.port = await stage.surface.start()
    silent = await stage.subscribed()
    await until(lambda: len(silent.of("/bridge/heartbeat")) >= 3)
    assert stage.surface._feedback.subscriptions(("udp", "127.0.0.1", silent.port))
    await until(lambda: not stage.surface._feedback.subscriptions(("udp", "127.0.0.1", silent.port)))
    await stage.close()


async def test_a_dead_subscriber_is_dropped_and_deafens_nobody(stage: Stage) -> None:
    dead_port, alive = free_udp_port(), await stage.subscribed()
    hand = stage.udp()
    hand.send("/bridge/subscribe", dead_port)
    await stage.settle()
    dead = ("udp", "127.0.0.1", dead_port)
    assert stage.surface._feedback.subscriptions(dead)
    number = 0
    while stage.surface._feedback.subscriptions(dead):
        number += 1
        assert number < 100, "it must be dropped soon"
        stage.bus.publish(Event("alert", data={"code": "c", "text": str(number)}))
        await asyncio.sleep(0.002)  # the system's answer that nobody listens comes on its own time
    await alive.hear("/bridge/alert", "c", str(number))
    assert len(alive.of("/bridge/alert")) == number
    await stage.settle()
    assert stage.surface.counters.unsent >= 5


async def test_a_subscriber_that_speaks_is_kept_through_failures(stage: Stage) -> None:
    port, hand = free_udp_port(), stage.udp()
    hand.send("/bridge/subscribe", port)
    for number in range(30):
        stage.bus.publish(Event("alert", data={"code": "c", "text": str(number)}))
        hand.send("/bridge/ping")
        await until(lambda count=number + 1: len(hand.of("/bridge/pong")) == count)
    assert stage.surface._feedback.subscriptions(("udp", "127.0.0.1", port))


async def test_too_many_subscribers_are_told_so(stage: Stage) -> None:
    client = stage.udp()
    for port in range(20_001, 20_066):
        client.send("/bridge/subscribe", port)
    assert (await client.hear("/bridge/error"))[1] == "not_possible_now"


async def test_a_tcp_subscriber_that_hangs_up_is_forgotten(stage: Stage) -> None:
    client = await stage.tcp()
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    assert len(stage.surface._feedback._listeners) == 1
    await client.close()
    await until(lambda: not stage.surface._feedback._listeners)


# --- hostile and broken input ----------------------------------------------------------------------------------------


async def test_the_udp_port_is_opened_anew_after_an_error_of_the_socket(stage: Stage) -> None:
    for error in (ConnectionResetError("ICMP"), OSError("again")):
        stage.surface._udp.error_received(error)
    await until(lambda: stage.surface.counters.reopened == 1)
    await stage.settle()


async def test_a_port_that_is_lost_for_good_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.osc_links._REOPEN_DELAYS", (0.0, 0.0, 0.01))
    client = await stage.tcp()
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    await stage.surface._udp._shut()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", stage.port))
        stage.surface._udp.error_received(ConnectionResetError("ICMP"))
        assert (await client.hear("/bridge/alert"))[0] == "port_taken"
    await until(lambda: stage.surface.counters.reopened == 1)
    await stage.settle()


async def test_bad_packets_are_counted_by_kind_and_logged_nowhere_loud(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    deep = b"/bridge/remix\0\0\0,\0\0\0"
    for _ in range(9):
        deep = b"#bundle\0" + struct.pack(">Qi", 1, len(deep)) + deep
    client = stage.udp()
    for data in (b"", b"junk", b"/a\xff\0", b"/bridge/remix\0\0\0,I\xff\0", b"/" + b"a" * 9000, b"x" * 60_000, deep):
        client.send_bytes(data)
    await stage.settle()
    counters = stage.surface.counters
    assert (counters.malformed, counters.oversize, counters.nested) == (4, 2, 1)
    assert counters.packets == 8
    assert stage.bridge.asked == [("ping",)]
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


@given(st.lists(st.binary(max_size=120), max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_stop_the_surface(packets: list[bytes]) -> None:
    async def throw() -> None:
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

    asyncio.run(throw())


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">i", -1), struct.pack(">i", 0), struct.pack(">i", 7), b"\xc0/a\xc0\0"],
)
async def test_a_stream_with_a_wrong_length_is_closed_and_counted(stage: Stage, garbage: bytes) -> None:
    client = await stage.tcp()
    client.send_raw(garbage)
    await until(lambda: client.closed)
    assert stage.surface.counters.streams_closed == 1
    await stage.settle()


async def test_a_packet_in_many_pieces_is_one_packet(stage: Stage) -> None:
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


async def test_a_reader_that_never_reads_is_cut_off(stage: Stage) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", stage.port, limit=1024)
    writer.transport.pause_reading()
    message = build_msg("/bridge/subscribe").dgram
    writer.write(struct.pack(">i", len(message)) + message)
    await until(lambda: stage.surface._feedback._listeners)
    text = "x" * 1000
    for _ in range(20_000):
        stage.bus.publish(Event("alert", data={"code": "c", "text": text}))
        if not stage.surface._feedback._listeners:
            break
    await until(lambda: not stage.surface._feedback._listeners)
    await until(lambda: stage.surface.counters.streams_closed == 1)
    writer.close()
    await stage.settle()


async def test_a_flood_loses_no_time_and_ends_with_the_last_value(stage: Stage) -> None:
    client = await stage.tcp()
    for number in range(10_000):
        client.send("/bridge/param/guidance_scale", number / 1000)
    await until(lambda: stage.bridge.params.get("guidance_scale") == pytest.approx(9.999))
    assert stage.surface.counters.overrun == 0
    await stage.settle()


# --- time tags -------------------------------------------------------------------------------------------------------


def dated(seconds: float, address: str, *arguments: object) -> bytes:
    builder = OscBundleBuilder(time.time() + seconds)  # type: ignore[arg-type]  # its annotation knows no fractions
    builder.add_content(build_msg(address, arguments))
    return builder.build().dgram


async def test_a_future_time_tag_waits_without_holding_up_the_rest(stage: Stage) -> None:
    client = stage.udp()
    client.send_bytes(dated(0.3, "/bridge/inbox", "later"))
    client.send("/bridge/inbox", "now")
    await until(lambda: ("inbox", "now") in stage.bridge.asked)
    assert ("inbox", "later") not in stage.bridge.asked
    await until(lambda: ("inbox", "later") in stage.bridge.asked)


@pytest.mark.parametrize("seconds", [-100.0, -0.001, 61.0, 3600.0 * 24 * 365])
async def test_the_past_and_the_far_future_are_now(stage: Stage, seconds: float) -> None:
    client = stage.udp()
    client.send_bytes(dated(seconds, "/bridge/inbox", "m"))
    await until(lambda: ("inbox", "m") in stage.bridge.asked)
    assert not stage.surface._timers


async def test_stop_forgets_what_waits_for_its_time(stage: Stage) -> None:
    client = stage.udp()
    client.send_bytes(dated(50.0, "/bridge/inbox", "never"))
    await until(lambda: stage.surface._timers)
    await stage.surface.stop()
    assert all(timer.cancelled() for timer in stage.surface._timers)


# --- other machines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "may"), [("/bridge/remix", False), ("/bridge/rerun", False), ("/bridge/cancel", True)]
)
async def test_from_another_machine_nothing_spends_without_the_token(stage: Stage, address: str, may: bool) -> None:
    class FarPeer:
        """What a datagram from the LAN looks like to the surface."""

        key = ("udp", "192.0.2.7", 9000)
        host = "192.0.2.7"
        sent: list[bytes] = []  # noqa: RUF012 - one test, one list

        def send(self, data: bytes) -> bool:
            self.sent.append(data)
            return True

        def close(self) -> None: ...

    FarPeer.sent.clear()
    stage.surface._receive(build_msg(address).dgram, FarPeer())  # type: ignore[arg-type]
    await stage.settle()
    assert (len(stage.bridge.asked) == 2) is may
    assert (b"token_wrong" in b"".join(FarPeer.sent)) is not may
