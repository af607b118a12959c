"""Who is told over OSC, and how often: subscribers and askers, at most 30 messages a second per address, the last kept.

events → notifier.py → here → sockets. A datagram may get lost, and with it the last value of a fader: so
what subscribers over UDP should know is said to them again with every heartbeat, as sACN and Art-Net do for lights.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from bridge.errors import NotPossibleNow
from bridge.osc.counters import Counters
from bridge.osc.peer import Key, Peer

log = logging.getLogger(__name__)

INTERVAL = 1 / 30  # s between two messages to one address
MOST = 64  # subscribers at a time
REST = 2.0  # s without a change after which a value is said again, to the hand that set it as well
KNOWN_FOR = 60.0  # s that a job's last words are said again after its end
FAILURES = 5  # messages that a subscriber did not take before it is dropped

Topic = tuple[str, str]  # an OSC address and what else tells its messages apart, for example the job


@dataclass(slots=True)
class Subscriber:
    """One that is told: a subscriber of everything, or somebody who waits for jobs of their own."""

    peer: Peer  # where the messages go
    origin: Key  # key of the peer that it sends from, which may be another port
    heard: float  # s on the loop's clock, when it last sent anything
    everything: bool  # a subscriber; otherwise an asker, who is told of `jobs` only
    jobs: dict[str, str] = field(default_factory=dict)  # an asker's jobs and the messages that asked for them
    failures: int = 0  # messages it did not take since it was last heard
    sent: dict[Topic, tuple[float, bytes]] = field(default_factory=dict)  # last message of each topic and when
    waiting: dict[Topic, bytes] = field(default_factory=dict)  # the newest message of topics that were sent just now


class Subscriptions:
    """All subscribers and what still waits to be sent to them."""

    def __init__(self, counters: Counters, changed: Callable[[bool], None]) -> None:
        """Begin with nobody.

        Args:
            counters: of the surface.
            changed: called with True when a subscriber comes, with False when the last one has gone.
        """
        self._counters = counters
        self._changed = changed
        self._subscribers: dict[Hashable, Subscriber] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over: dict[str, float] = {}  # jobs that have ended, and when

    # --- who is told -------------------------------------------------------------------------------------------------

    def subscribe(self, peer: Peer, origin: Key) -> Subscriber:
        """Tell `peer` everything from now on; subscribing again starts afresh.

        Raises:
            NotPossibleNow: there are too many already.
        """
        key = ("everything", peer.key)
        if before := self._subscribers.pop(key, None):
            before.peer.close()
        subscriber = Subscriber(peer, origin, _now(), everything=True)
        self._add(key, subscriber)
        return subscriber

    def follow(self, peer: Peer, job_id: str, message_id: str) -> None:
        """Tell `peer` of one job until that ends.

        Raises:
            NotPossibleNow: there are too many already.
        """
        key = ("jobs", peer.key)
        if key not in self._subscribers:
            self._add(key, Subscriber(peer, peer.key, _now(), everything=False))
        self._subscribers[key].jobs[job_id] = message_id

    def subscriptions(self, origin: Key) -> list[Subscriber]:
        """Return the subscribers that send, or are told, under this key."""
        return [one for one in self._subscribers.values() if one.everything and origin in (one.origin, one.peer.key)]

    def askers(self, job_id: str) -> Iterator[tuple[Subscriber, str]]:
        """Yield who waits for a job, with the message that asked for it."""
        for subscriber in tuple(self._subscribers.values()):
            if job_id in subscriber.jobs:
                yield subscriber, subscriber.jobs[job_id]

    def unsubscribe(self, origin: Key) -> None:
        for subscriber in self.subscriptions(origin):
            self._drop(subscriber)

    def gone(self, peer: Peer) -> None:
        """Forget everybody who was told over a connection that has ended."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.peer.key == peer.key:
                self._drop(subscriber)

    def heard(self, peer: Peer) -> None:
        """Note that this peer lives."""
        for subscriber in self._subscribers.values():
            if peer.key in (subscriber.origin, subscriber.peer.key):
                subscriber.heard, subscriber.failures = _now(), 0

    def drop_silent(self, lease: float) -> None:
        """Drop the subscribers that sent nothing for `lease` seconds; a websocket's own pings say that it lives."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.everything and subscriber.peer.key[0] != "ws" and _now() - subscriber.heard > lease:
                log.info("%s is told no more: it was not heard for %g s", subscriber.peer.host, lease)
                self._drop(subscriber)

    def over(self, job_id: str) -> None:
        """Soon forget a job that had ended before anybody was told of it."""
        self._over.setdefault(job_id, _now())

    def ended(self, job_id: str) -> None:
        """Send what still waits for a job, let those go who waited for it, and soon forget it."""
        self._over[job_id] = _now()
        for subscriber in tuple(self._subscribers.values()):
            self._flush(subscriber, lambda topic: topic[1] == job_id)
            if subscriber.jobs.pop(job_id, None) is not None and not subscriber.jobs:
                self._drop(subscriber)

    def close(self) -> None:
        """Send what still waits and let everybody go."""
        if self._timer is not None:
            self._timer.cancel()
        for subscriber in tuple(self._subscribers.values()):
            self._flush(subscriber, lambda topic: True)
            self._drop(subscriber)

    # --- what is told ------------------------------------------------------------------------------------------------

    def tell(self, topic: Topic, data: bytes, *, job_id: str = "", origin: Key | None = None) -> None:
        """Tell all subscribers, and those who wait for `job_id`, but not the hand it came from; once per receiver."""
        told: set[Key] = set()
        for subscriber in sorted(self._subscribers.values(), key=lambda one: not one.everything):
            if not subscriber.everything and (job_id not in subscriber.jobs or subscriber.peer.key in told):
                continue
            told.add(subscriber.peer.key)
            if origin is not None and origin in (subscriber.origin, subscriber.peer.key):
                subscriber.waiting.pop(topic, None)  # its hand has moved on since
                subscriber.sent[topic] = (_now(), data)  # which it knows, and is told again when it rests
            else:
                self._offer(subscriber, topic, data)

    def tell_one(self, subscriber: Subscriber, topic: Topic, data: bytes) -> None:
        """Tell one subscriber at once, though it may know it already."""
        subscriber.waiting.pop(topic, None)
        self._send(subscriber, topic, data)

    def tell_always(self, data: bytes) -> None:
        """Tell all subscribers at once something that neither replaces nor repeats what was said before."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.everything:
                self._send(subscriber, None, data)

    def tell_again(self) -> None:
        """Tell subscribers over UDP once more what they should know and may have missed."""
        now = _now()
        forgotten = {job for job, ended in self._over.items() if now - ended > KNOWN_FOR}
        for job in forgotten:
            del self._over[job]
        for subscriber in tuple(self._subscribers.values()):
            subscriber.sent = {topic: last for topic, last in subscriber.sent.items() if topic[1] not in forgotten}
            if subscriber.everything and subscriber.peer.key[0] == "udp":
                for topic, (sent, data) in tuple(subscriber.sent.items()):
                    if now - sent >= REST and topic not in subscriber.waiting:
                        self._send(subscriber, topic, data)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _add(self, key: Hashable, subscriber: Subscriber) -> None:
        if len(self._subscribers) >= MOST:
            subscriber.peer.close()
            raise NotPossibleNow(
                f"{MOST} surfaces are told already.", hint="Unsubscribe one that is not used any more."
            )
        self._subscribers[key] = subscriber
        self._changed(True)

    def _drop(self, subscriber: Subscriber) -> None:
        for key, one in tuple(self._subscribers.items()):
            if one is subscriber:
                del self._subscribers[key]
                if not self._subscribers:
                    self._changed(False)
        subscriber.peer.close()

    def _offer(self, subscriber: Subscriber, topic: Topic, data: bytes) -> None:
        last = subscriber.sent.get(topic)
        if topic not in subscriber.waiting and (last is None or _now() - last[0] >= INTERVAL):
            if last is None or last[1] != data:
                self._send(subscriber, topic, data)
            return
        subscriber.waiting[topic] = data
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        """Send what has waited long enough; what still has to wait is seen to in the next tick."""
        self._timer = None
        for subscriber in tuple(self._subscribers.values()):
            due = {topic for topic in subscriber.waiting if _now() - subscriber.sent[topic][0] >= INTERVAL}
            self._flush(subscriber, due.__contains__)
        if any(subscriber.waiting for subscriber in self._subscribers.values()):
            self._timer = asyncio.get_running_loop().call_later(INTERVAL / 2, self._tick)

    def _flush(self, subscriber: Subscriber, wanted: Callable[[Topic], bool]) -> None:
        for topic in [topic for topic in subscriber.waiting if wanted(topic)]:
            data = subscriber.waiting.pop(topic)
            if subscriber.sent[topic][1] != data:
                self._send(subscriber, topic, data)

    def _send(self, subscriber: Subscriber, topic: Topic | None, data: bytes) -> None:
        if topic is not None:
            subscriber.sent[topic] = (_now(), data)
        if subscriber.peer.send(data):
            return
        self._counters.unsent += 1
        subscriber.failures += 1
        if subscriber.failures >= FAILURES:
            log.info("%s is told no more: nobody takes what is sent there", subscriber.peer.host)
            self._drop(subscriber)


def _now() -> float:
    return asyncio.get_running_loop().time()
