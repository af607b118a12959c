"""Tests over real sockets which messages OSC subscribers receive and how often, and when subscribers are dropped."""

from __future__ import annotations

import asyncio

import pytest

from bridge.control.api import JobView
from bridge.events import Alert, JobChanged, JobProgress
from bridge.osc import subscriptions
from bridge.osc.notifier import Notifier
from bridge.osc.server import OscServer
from tests.fakes.free_port import free_port
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_stage import SETTINGS, TOKEN, Stage
from tests.fakes.places import absolute
from tests.waiting import PATIENCE, eventually


async def test_subscribe_and_refresh_send_the_current_state(stage: Stage) -> None:
    stage.bridge.jobs.append(JobView("j-1", "running", 0.25, "step 7", 0.006))
    stage.bridge.params["number_of_steps"] = 40
    expected = [
        ("/bridge/job", ("j-1", "running")),
        ("/bridge/job/j-1/progress", (0.25,)),
        ("/bridge/job/j-1/message", ("step 7",)),
        ("/bridge/state", ("running",)),
        ("/bridge/progress", (0.25,)),
        ("/bridge/message", ("step 7",)),
        ("/bridge/cost", (pytest.approx(0.006),)),
        ("/bridge/preset/select", ("dub",)),
        ("/bridge/audition/heard", ("",)),
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
    sender, receiver = stage.udp(), stage.udp()
    sender.send("/bridge/subscribe", float(receiver.port))
    await receiver.hear("/bridge/state", "idle")
    sender.send("/bridge/param/amount", 0.5)
    await eventually(lambda: stage.bridge.params == {"amount": 0.5})
    sender.send("/bridge/refresh")
    await receiver.hear("/bridge/param/amount", 0.5)
    assert len(receiver.of("/bridge/param/amount")) == 1, "a sender's own value comes back only after refresh"
    sender.send("/bridge/unsubscribe")
    await stage.settle()
    receiver.heard.clear()
    stage.bus.publish(Alert("x", "y"))
    await stage.settle()
    assert receiver.heard == []


async def test_several_subscribers_receive_the_newest_job(stage: Stage) -> None:
    clients = [await stage.subscribed(), await stage.subscribed(), await stage.tcp()]
    clients[2].send("/bridge/subscribe")
    await clients[2].hear("/bridge/preset/select")
    stage.bus.publish(JobChanged("old", "running", 0.5))
    stage.bus.publish(JobChanged("new", "queued", 0.25))
    stage.bus.publish(JobProgress("old", 0.9))
    stage.bus.publish(JobProgress("new", 0.125))
    for client in clients:
        await client.hear("/bridge/job", "old", "running")
        await client.hear("/bridge/job", "new", "queued")
        await client.hear("/bridge/state", "queued")
        await client.hear("/bridge/cost", 0.25)
        await client.hear("/bridge/progress", 0.125)
        assert (pytest.approx(0.9),) not in client.of("/bridge/progress")
        assert client.of("/bridge/job/old/path") == []


async def test_the_newest_job_is_known_without_subscribers(stage: Stage) -> None:
    stage.bus.publish(JobChanged("old", "done", 0.5))
    stage.bus.publish(JobChanged("new", "queued", 0.25))
    client = await stage.subscribed()
    stage.bus.publish(JobChanged("old", "running", 0.5))
    stage.bus.publish(JobProgress("old", 0.75, "again"))
    stage.bus.publish(JobProgress("new", 0.125, "first"))
    await client.hear("/bridge/job/old/progress", 0.75)
    await client.hear("/bridge/job", "old", "running")
    await client.hear("/bridge/progress", 0.125)
    await client.hear("/bridge/message", "first")
    assert ("running",) not in client.of("/bridge/state")
    assert (0.75,) not in client.of("/bridge/progress")


async def test_the_bus_is_subscribed_only_while_there_are_subscribers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    tell = Notifier.hear
    monkeypatch.setattr(Notifier, "hear", lambda self, event: (heard.append(event.job_id), tell(self, event)))

    def hears(name: str) -> bool:
        stage.bus.publish(JobChanged(name, "done"))
        return name in heard

    assert not hears("none")
    one, other = await stage.subscribed(), await stage.tcp()
    other.send("/bridge/subscribe")
    await other.hear("/bridge/preset/select")
    assert hears("both")
    one.send("/bridge/unsubscribe")
    await stage.settle()
    assert hears("one")
    await other.close()
    await eventually(lambda: not stage.surface._subscriptions._subscribers)
    assert not hears("none again")
    one.send("/bridge/clip", TOKEN, absolute("/a.wav"))
    _, job = await one.hear("/bridge/accepted")
    assert hears(str(job)), "a subscriber to one job"
    await eventually(lambda: not stage.surface._subscriptions._subscribers)
    assert not hears("none at the end")


async def test_a_job_that_had_ended_is_not_repeated_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "KNOWN_FOR", 0.1)
    stage = Stage()
    stage.surface = OscServer(stage.bridge, stage.bus, SETTINGS, lambda: TOKEN, heartbeat=0.02)
    stage.port = await stage.surface.start()
    stage.bridge.jobs.append(JobView("j-1", "done", 1.0, "ready", 0.006))
    client = await stage.subscribed()
    (subscriber,) = stage.surface._subscriptions.subscriptions(("udp", "127.0.0.1", client.port))
    await eventually(lambda: not any(job for _, job in subscriber.sent))
    assert ("/bridge/state", "") in subscriber.sent
    await stage.close()


async def test_a_value_is_sent_to_everyone_except_its_sender(stage: Stage) -> None:
    sender, other, third = await stage.subscribed(), await stage.subscribed(), await stage.tcp()
    third.send("/bridge/subscribe")
    await third.hear("/bridge/preset/select")
    sender.send("/bridge/param/guidance_scale", 12.5)
    await other.hear("/bridge/param/guidance_scale", 12.5)
    await third.hear("/bridge/param/guidance_scale", 12.5)
    third.send("/bridge/param/guidance_scale", 8.0)
    await sender.hear("/bridge/param/guidance_scale", 8.0)
    sender.send("/bridge/param/guidance_scale", 9.0)
    await third.hear("/bridge/param/guidance_scale", 9.0)
    third.send("/bridge/param/guidance_scale", 8.0)
    await eventually(lambda: len(sender.of("/bridge/param/guidance_scale")) == 2)
    assert sender.of("/bridge/param/guidance_scale") == [(8.0,), (8.0,)]


async def test_a_selected_preset_is_sent_to_others_and_a_step_to_its_sender_too(stage: Stage) -> None:
    sender, other = await stage.subscribed(), await stage.subscribed()
    stage.bridge.params["amount"] = 0.5
    sender.send("/bridge/preset/select", "ambient")
    await other.hear("/bridge/preset/select", "ambient")
    sender.send("/bridge/preset/next")
    assert await sender.hear("/bridge/preset/select") == ("step 1",)


async def test_faders_follow_a_preset_on_every_surface(stage: Stage) -> None:
    sender, other = await stage.subscribed(), await stage.subscribed()
    stage.bridge.sets = {"number_of_steps": 40, "guidance_scale": 7.5}
    sender.send("/bridge/preset/select", "ambient")
    for client in (sender, other):
        await client.hear("/bridge/param/number_of_steps", 40)
        await client.hear("/bridge/param/guidance_scale", 7.5)
    await other.hear("/bridge/preset/select", "ambient")


async def test_a_flood_of_values_is_thinned_and_the_last_one_arrives(stage: Stage) -> None:
    client = await stage.subscribed()
    started = asyncio.get_running_loop().time()
    for step in range(1, 1001):
        stage.bus.publish(JobProgress("j", step / 1000))
        if step % 100 == 0:
            await asyncio.sleep(0.01)
    await client.hear("/bridge/progress", 1.0)
    await client.hear("/bridge/job/j/progress", 1.0)
    most = (asyncio.get_running_loop().time() - started) * 30 + 2
    assert len(client.of("/bridge/progress")) <= most
    assert client.of("/bridge/progress") == sorted(client.of("/bridge/progress"))


async def test_alerts_are_never_thinned(stage: Stage) -> None:
    client = await stage.subscribed()
    for number in range(20):
        stage.bus.publish(Alert("c", str(number)))
    await client.hear("/bridge/alert", "c", "19")
    assert [text for _, text in client.of("/bridge/alert")] == [str(number) for number in range(20)]


async def test_heartbeats_are_sent_and_a_lease_expires(loop_clock: LoopClock) -> None:
    stage = Stage()
    stage.surface = OscServer(stage.bridge, stage.bus, SETTINGS, lambda: TOKEN, heartbeat=0.02, lease=3600.0)
    stage.port = await stage.surface.start()
    assert stage.surface._next_beat is None
    silent = await stage.subscribed()
    await eventually(lambda: len(silent.of("/bridge/heartbeat")) >= 3)
    assert stage.surface._subscriptions.subscriptions(("udp", "127.0.0.1", silent.port))
    loop_clock.advance(3600.0)
    await eventually(lambda: not stage.surface._subscriptions.subscriptions(("udp", "127.0.0.1", silent.port)))
    await asyncio.sleep(0.1)
    assert stage.surface._next_beat is None, "no heartbeat without subscribers"
    await stage.close()


async def test_repeated_subscriptions_do_not_delay_the_heartbeat() -> None:
    stage = Stage()
    stage.surface = OscServer(stage.bridge, stage.bus, SETTINGS, lambda: TOKEN, heartbeat=0.1)
    stage.port = await stage.surface.start()
    client = await stage.subscribed()

    def again() -> bool:
        client.send("/bridge/subscribe")
        return bool(client.of("/bridge/heartbeat"))

    await eventually(again, "a heartbeat")
    await stage.close()


async def test_a_dead_subscriber_is_dropped_without_affecting_others(stage: Stage) -> None:
    dead_port, alive = free_port(), await stage.subscribed()
    sender = stage.udp()
    sender.send("/bridge/subscribe", dead_port)
    await stage.settle()
    dead = ("udp", "127.0.0.1", dead_port)
    assert stage.surface._subscriptions.subscriptions(dead)
    number = 0
    async with asyncio.timeout(PATIENCE):
        while stage.surface._subscriptions.subscriptions(dead):
            number += 1
            stage.bus.publish(Alert("c", str(number)))
            await asyncio.sleep(0.002)  # gives the ICMP error time to arrive
    await alive.hear("/bridge/alert", "c", str(number))
    assert len(alive.of("/bridge/alert")) == number
    await stage.settle()
    assert stage.surface.counters.unsent >= 5


async def test_a_subscriber_that_sends_messages_is_kept_despite_failures(stage: Stage) -> None:
    port, sender = free_port(), stage.udp()
    sender.send("/bridge/subscribe", port)
    for number in range(30):
        stage.bus.publish(Alert("c", str(number)))
        sender.send("/bridge/ping")
        await eventually(lambda count=number + 1: len(sender.of("/bridge/pong")) == count)
    assert stage.surface._subscriptions.subscriptions(("udp", "127.0.0.1", port))


async def test_too_many_subscribers_are_refused(stage: Stage) -> None:
    client = stage.udp()
    for port in range(20_001, 20_066):
        client.send("/bridge/subscribe", port)
    assert (await client.hear("/bridge/error"))[1] == "not_possible_now"


async def test_a_disconnected_tcp_subscriber_is_removed(stage: Stage) -> None:
    client = await stage.tcp()
    client.send("/bridge/subscribe")
    await client.hear("/bridge/preset/select")
    assert stage.surface._subscriptions._subscribers
    await client.close()
    await eventually(lambda: not stage.surface._subscriptions._subscribers)
