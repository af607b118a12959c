"""Tests OSC on an unreliable network: lost, duplicate, late and reordered datagrams, and a flood of messages.

`Way` relays datagrams between a client and the bridge. Like bad Wi-Fi, it loses, duplicates and delays some of them,
chosen by a seeded random generator. In the end, client and bridge must agree on all values, and each button press
must have been executed once.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pythonosc.osc_message_builder import build_msg

from bridge.control.api import ClipAsk
from bridge.events import JobChanged, JobProgress
from bridge.osc import dedup, subscriptions
from bridge.osc.dedup import ECHO, SLIP
from bridge.osc.server import OscServer
from bridge.presets.parameters import PARAMS
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_clients import Client, UdpClient
from tests.fakes.osc_stage import SETTINGS, TOKEN, Stage
from tests.fakes.processes import outbox, running
from tests.fakes.studio import write_tone
from tests.waiting import PATIENCE, eventually

LONG = 3600.0  # s; longer than any test takes on a slow machine
LOSS, DOUBLE, LATE = 0.2, 0.2, 0.3  # probabilities for each datagram; a late datagram arrives after newer ones


class Way(asyncio.DatagramProtocol):
    """A datagram relay: the client sends to the relay instead of the bridge, and the bridge replies to the relay."""

    def __init__(self, bridge: tuple[str, int], dice: random.Random) -> None:
        self._bridge = bridge
        self._client: tuple[str, int] | None = None
        self._dice = dice
        self._outer: asyncio.DatagramTransport | None = None
        self._inner: asyncio.DatagramTransport | None = None
        self.lost = self.doubled = self.late = 0
        self.taken = self.under_way = 0  # datagrams received from the client; copies not yet sent on

    async def open(self) -> int:
        loop = asyncio.get_running_loop()
        self._outer, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        way = self

        class Inner(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                if way._client is not None and way._outer is not None:
                    way._carry(way._outer, data, way._client)

        self._inner, _ = await loop.create_datagram_endpoint(Inner, local_addr=("127.0.0.1", 0))
        port: int = self._outer.get_extra_info("sockname")[1]
        return port

    def close(self) -> None:
        for transport in (self._outer, self._inner):
            if transport is not None:
                transport.abort()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._client = addr
        self.taken += 1
        if self._inner is not None:
            self._carry(self._inner, data, self._bridge)

    def _carry(self, transport: asyncio.DatagramTransport, data: bytes, to: tuple[str, int]) -> None:
        if self._dice.random() < LOSS:
            self.lost += 1
            return
        copies = 1 + (self._dice.random() < DOUBLE)
        self.doubled += copies - 1
        for _ in range(copies):
            late = self._dice.random() < LATE
            self.late += late
            wait = self._dice.uniform(0.005, ECHO / 3) if late else 0.0
            self.under_way += 1
            asyncio.get_running_loop().call_later(wait, self._send, transport, data, to)

    def _send(self, transport: asyncio.DatagramTransport, data: bytes, to: tuple[str, int]) -> None:
        self.under_way -= 1
        if not transport.is_closing():
            transport.sendto(data, to)


class Rough:
    """An OSC server with clients on an unreliable network; the server repeats messages sooner than in real use."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.stage.surface = OscServer(self.stage.bridge, self.stage.bus, SETTINGS, lambda: TOKEN, heartbeat=0.3)
        self.ways: list[Way] = []

    async def client(self) -> Client:
        way = Way(("127.0.0.1", self.stage.port), random.Random(len(self.ways)))
        self.ways.append(way)
        straight, self.stage.port = self.stage.port, await way.open()
        client = self.stage.udp()
        self.stage.port = straight
        return client

    async def subscribed(self) -> Client:
        client = await self.client()
        while not client.of("/bridge/preset/select"):
            client.send("/bridge/subscribe")
            await asyncio.sleep(0.1)
        return client


@pytest_asyncio.fixture
async def rough(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rough]:
    monkeypatch.setattr(subscriptions, "REST", 0.4)
    made = Rough()
    made.stage.port = await made.stage.surface.start()
    yield made
    for way in made.ways:
        way.close()
    await made.stage.close()


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_every_surface_knows_the_final_state_of_everything(rough: Rough) -> None:
    clients = [await rough.subscribed() for _ in range(4)]
    bus, bridge = rough.stage.bus, rough.stage.bridge
    jobs = [f"job-{number}" for number in range(6)]
    for step in range(1, 41):
        for job in jobs:
            bus.publish(JobProgress(job, step / 40, f"step {step}"))
        bridge.surface_settings.set("guidance_scale", step / 2)
        bridge.surface_settings.set("number_of_steps", 3 + step)
        await asyncio.sleep(0.01)
    for job in jobs:
        bus.publish(JobChanged(job, "done", 0.25))
    final = {("/bridge/param/guidance_scale", (20.0,)), ("/bridge/param/number_of_steps", (43,))}
    final |= {("/bridge/state", ("done",)), ("/bridge/cost", (0.25,)), ("/bridge/progress", (1.0,))}
    final |= {(f"/bridge/job/{job}/progress", (1.0,)) for job in jobs}
    final |= {(f"/bridge/job/{job}/message", ("step 40",)) for job in jobs}
    for client in clients:
        await eventually(lambda client=client: final <= set(shown(client)) and set(jobs) <= done(client))
    assert all(way.lost and way.doubled and way.late for way in rough.ways), "the dice did what they are for"


def shown(client: Client) -> list[tuple[str, tuple[object, ...]]]:
    """Return what a control surface shows: the last message received at each address."""
    return list({address: (address, arguments) for address, arguments in client.heard}.values())


def done(client: Client) -> set[object]:
    states = {arguments[0]: arguments[1] for arguments in client.of("/bridge/job")}
    return {job for job, state in states.items() if state == "done"}


@pytest.mark.slow
async def test_surface_and_bridge_agree_in_the_end(rough: Rough) -> None:
    hand, other = await rough.subscribed(), await rough.subscribed()
    way, before = rough.ways[0], rough.ways[0].taken
    address, bridge = "/bridge/param/guidance_scale", rough.stage.bridge
    for step in range(100):
        hand.send(address, step / 10)
        await asyncio.sleep(0.005)
    await eventually(lambda: way.taken == before + 100 and not way.under_way)
    await rough.stage.settle()

    def agree() -> bool:
        held = bridge.params.get("guidance_scale")
        return all((address, (held,)) in shown(one) for one in (hand, other))

    await eventually(agree, "all clients to show the same")
    for one in (hand, other):
        heard = len(one.of(address))
        await eventually(lambda one=one, heard=heard: len(one.of(address)) >= heard + 3)
    assert agree(), "and it stays so, however often it is said again"


async def test_dated_values_end_with_the_newest_that_arrived(rough: Rough) -> None:
    hand = await rough.client()
    arrived: list[float] = []
    take = rough.stage.surface._receive

    def note(data: bytes, peer: object) -> None:
        arrived.append(struct.unpack(">f", data[-4:])[0])
        take(data, peer)  # type: ignore[arg-type]

    rough.stage.surface._udp._receive = note  # type: ignore[assignment]
    begun = time.time()
    for step in range(200):  # sent so fast that newer datagrams overtake each late one
        hand.send_bytes(dated(begun - 1 + step / 1000, build_msg("/bridge/param/guidance_scale", (step / 10,)).dgram))
        await asyncio.sleep(0)
    await eventually(lambda: rough.ways[0].taken == 200 and not rough.ways[0].under_way)
    await rough.stage.settle()
    assert arrived != sorted(arrived), "some were overtaken"
    assert rough.stage.bridge.params["guidance_scale"] == pytest.approx(max(arrived))
    assert rough.stage.surface.counters.superseded > 0


def dated(at: float, *messages: bytes) -> bytes:
    """Return a bundle with a time tag in NTP format: seconds since 1900, as 32 bits plus 32 fractional bits."""
    tag = round((at + 2_208_988_800) * 2**32)
    return b"#bundle\0" + struct.pack(">Q", tag) + b"".join(struct.pack(">i", len(one)) + one for one in messages)


# --- presses ---------------------------------------------------------------------------------------------------------


async def test_a_named_command_is_repeated_until_answered_and_runs_once(rough: Rough) -> None:
    client = await rough.client()
    presses = 12
    for number in range(presses):
        name = f"press:{number}"
        async with asyncio.timeout(PATIENCE):
            while len({job for _, job in client.of("/bridge/accepted")}) <= number:
                client.send("/bridge/remix", 1.0, name)
                await asyncio.sleep(0.05)
        await eventually(lambda name=str(number): (name,) in client.of("/bridge/ack") or rough.ways[0].lost > 0)
    await eventually(lambda: not rough.ways[0].under_way)
    await rough.stage.settle()
    assert rough.stage.bridge.asked.count(("remix",)) == presses
    assert {job for _, job in client.of("/bridge/accepted")} == {f"job-{number + 1}" for number in range(presses)}
    assert rough.stage.surface.counters.repeated > 0


async def test_a_named_clip_is_submitted_once_and_its_refusal_repeated(rough: Rough) -> None:
    client = await rough.client()
    for number, (token, answer) in enumerate([(TOKEN, "/bridge/accepted"), ("wrong", "/bridge/error")]):
        async with asyncio.timeout(PATIENCE):
            while not client.of(answer):
                client.send("/bridge/clip", token, "/a.wav", f"press:{number}")
                await asyncio.sleep(0.05)
    assert [asked for asked in rough.stage.bridge.asked if asked[0] == "clip"] == [
        ("clip", ClipAsk("/a.wav", 0.0, None, None, ""))
    ]


async def test_dated_commands_are_distinct_however_close(stage: Stage) -> None:
    client = stage.udp()
    press = build_msg("/bridge/preset/next", (1.0,)).dgram
    begun = time.time() - 1
    packets = [dated(begun + number / 1000, press) for number in range(20)]
    sent = packets * 3
    random.Random(5).shuffle(sent)
    for packet in sent:
        client.send_bytes(packet)
    await stage.settle()
    assert stage.bridge.asked.count(("step", 1)) == 20
    assert stage.surface.counters.repeated == 40


async def test_undated_commands_are_distinct_by_time(
    stage: Stage, loop_clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dedup, "ECHO", LONG)
    client, other = stage.udp(), stage.udp()
    for _ in range(3):
        client.send("/bridge/preset/next", 1.0)  # one press that arrives three times
    client.send("/bridge/preset/next", 0.0)
    client.send("/bridge/preset/previous", 1.0)  # another button
    other.send("/bridge/preset/next", 1.0)  # another client
    await stage.settle()
    assert stage.bridge.asked.count(("step", 1)) == 2
    assert stage.bridge.asked.count(("step", -1)) == 1
    loop_clock.advance(LONG)
    client.send("/bridge/preset/next", 1.0)
    await stage.settle()
    assert stage.bridge.asked.count(("step", 1)) == 3


async def test_repeated_presses_submit_once(
    stage: Stage, loop_clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dedup, "SLIP", LONG)
    client = stage.udp()
    client.send("/bridge/remix", 1.0)
    await stage.settle()
    loop_clock.advance(3 * ECHO)
    client.send("/bridge/remix", 1.0)
    await stage.settle()
    await client.hear("/bridge/accepted")
    assert stage.bridge.asked.count(("remix",)) == 1
    assert set(client.of("/bridge/accepted")) == {("message-1", "job-1")}, "both presses hear of the one job"
    loop_clock.advance(LONG)
    client.send("/bridge/remix", 1.0)
    await stage.settle()
    assert stage.bridge.asked.count(("remix",)) == 2
    assert SLIP > ECHO


async def test_over_tcp_every_press_counts(stage: Stage) -> None:
    client = await stage.tcp()
    for _ in range(5):
        client.send("/bridge/preset/next")
    client.send("/bridge/ping")
    await client.hear("/bridge/pong")
    assert stage.bridge.asked.count(("step", 1)) == 5


async def test_the_memory_of_commands_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedup, "MOST", 50)
    client = await stage.tcp()
    for number in range(500):
        client.send("/bridge/preset/next", f"press:{number}")
        client.send_bytes(dated(time.time() - 1, build_msg(f"/bridge/param/{list(PARAMS)[number % 18]}", (0.5,)).dgram))
    client.send("/bridge/preset/next", [number, 1.0, ["press:499"]])  # type: ignore[list-item]
    client.send("/bridge/ping")
    await client.hear("/bridge/pong")
    presses = stage.surface._deduplicator
    assert len(presses._known) <= 50
    assert len(presses._dated) <= 50
    assert stage.bridge.asked.count(("step", 1)) >= 500


@pytest.mark.slow
async def test_a_real_daemon_makes_one_job_of_each_press(home: Path, tmp_path: Path) -> None:
    """Ten requests, each repeated until it is answered, result in ten jobs and ten files."""
    tone = str(write_tone(tmp_path / "tone.wav", 0.3))
    with running(home) as daemon:
        about = daemon.wait_until_up()
        way = Way(("127.0.0.1", about["osc_port"]), random.Random(3))
        client = UdpClient(await way.open())
        for number in range(10):
            async with asyncio.timeout(PATIENCE):
                while len(set(client.of("/bridge/accepted"))) <= number:
                    at = float(number)  # an unchanged press would count as a repeat
                    client.send("/bridge/clip", about["token"], tone, 0.0, 0.0, at, "roots-dub", f"press:{number}")
                    await asyncio.sleep(0.05)
        assert way.lost
        assert way.doubled
        await eventually(lambda: [job["state"] for job in outbox(home, "osc")["jobs"]] == ["done"] * 10)
        paths = {job["variations"][0]["result"]["path"] for job in outbox(home, "osc")["jobs"]}
        assert len(paths) == 10
        client.close()
        way.close()


# --- a flood ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_flood_of_ten_thousand_messages_loses_no_final_value_or_command(stage: Stage) -> None:
    """Ten clients send 30,000 values; the sending rate depends on the clock, but the checks do not."""
    surface_settings = [await stage.tcp() for _ in range(5)] + [stage.udp() for _ in range(5)]
    surface, watcher = await stage.subscribed(), await stage.tcp()
    begun, pressed = time.monotonic(), 30
    for number in range(30_000):
        surface_settings[number % 10].send("/bridge/param/guidance_scale", (number % 1000) / 10)
        if number % 1000 == 0:
            watcher.send("/bridge/preset/next", f"press:{number}")
        while number > (time.monotonic() - begun) * 10_000:
            await asyncio.sleep(0.001)
    async with asyncio.timeout(PATIENCE):
        while len(watcher.of("/bridge/ack")) < pressed or stage.bridge.params.get("guidance_scale") != 123.0:
            surface_settings[0].send(
                "/bridge/param/guidance_scale", 123.0
            )  # repeated, because this TCP message may overtake the other clients' datagrams
            await asyncio.sleep(0.05)
    assert stage.bridge.asked.count(("step", 1)) == pressed
    assert stage.surface.counters.overrun == 0
    await surface.hear("/bridge/param/guidance_scale", 123.0)
    assert len(surface.of("/bridge/param/guidance_scale")) <= (time.monotonic() - begun) * 30 + 2
    await stage.settle()
    assert not stage.surface._newest
