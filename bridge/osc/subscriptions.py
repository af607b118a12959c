"""Subscribers and their rate limit of 30 messages a second per address. The last message is always sent.

events → notifier.py → here → sockets. A lost datagram may have contained a fader's last value. Over UDP the current
values are therefore repeated with every heartbeat, just as sACN and Art-Net repeat the values of stage lights.
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

INTERVAL = 1 / 30  # minimum time between two messages to one address, s
MOST = 64  # maximum number of subscribers
REST = 2.0  # time after a value was last sent or set before it is repeated, even to the sender that set it, s
KNOWN_FOR = 60.0  # time after a job's end during which the job's last messages are repeated, s
FAILURES = 5  # number of failed messages in a row after which a subscriber is dropped

Topic = tuple[str, str]  # OSC address and job id ("" without a job)


@dataclass(slots=True)
class Subscriber:
    """A subscriber, either to everything or only to the jobs that it has submitted."""

    peer: Peer  # receives the messages
    origin: Key  # key of the peer that sent the subscription; its port may differ from the port of `peer`
    heard: float  # event loop time at which the subscriber last sent a message, s
    everything: bool  # False: subscribed to `jobs` only
    jobs: dict[str, str] = field(default_factory=dict)  # id of each submitted job → id of the message that submitted it
    failures: int = 0  # number of messages that could not be sent since the subscriber last sent a message
    sent: dict[Topic, tuple[float, bytes]] = field(default_factory=dict)  # last message of each topic, with its time
    waiting: dict[Topic, bytes] = field(default_factory=dict)  # newest message of each rate-limited topic


class Subscriptions:
    """All subscribers and their pending messages."""

    def __init__(self, counters: Counters, changed: Callable[[bool], None]) -> None:
        """Start without subscribers.

        Args:
            counters: the server's counters.
            changed: function to call with True when a subscriber is added, and with False when the last one is removed.
        """
        self._counters = counters
        self._changed = changed
        self._subscribers: dict[Hashable, Subscriber] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over: dict[str, float] = {}  # id of each ended job → event loop time of its end, s

    # --- subscribers -------------------------------------------------------------------------------------------------

    def subscribe(self, peer: Peer, origin: Key) -> Subscriber:
        """Subscribe `peer` to everything, replacing its earlier subscription if there is one.

        Raises:
            NotPossibleNow: there are too many subscribers.
        """
        key = ("everything", peer.key)
        if before := self._subscribers.pop(key, None):
            before.peer.close()
        subscriber = Subscriber(peer, origin, _now(), everything=True)
        self._add(key, subscriber)
        return subscriber

    def follow(self, peer: Peer, job_id: str, message_id: str) -> None:
        """Subscribe `peer` to one job until it ends.

        Raises:
            NotPossibleNow: there are too many subscribers.
        """
        key = ("jobs", peer.key)
        if key not in self._subscribers:
            self._add(key, Subscriber(peer, peer.key, _now(), everything=False))
        self._subscribers[key].jobs[job_id] = message_id

    def subscriptions(self, origin: Key) -> list[Subscriber]:
        """Return the subscriptions to everything that the peer with this key has requested or receives messages for."""
        return [one for one in self._subscribers.values() if one.everything and origin in (one.origin, one.peer.key)]

    def askers(self, job_id: str) -> Iterator[tuple[Subscriber, str]]:
        """Yield each subscriber that submitted a job, with the id of the message that submitted it."""
        for subscriber in tuple(self._subscribers.values()):
            if job_id in subscriber.jobs:
                yield subscriber, subscriber.jobs[job_id]

    def unsubscribe(self, origin: Key) -> None:
        for subscriber in self.subscriptions(origin):
            self._drop(subscriber)

    def gone(self, peer: Peer) -> None:
        """Drop all subscribers that receive over a connection that has ended."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.peer.key == peer.key:
                self._drop(subscriber)

    def heard(self, peer: Peer) -> None:
        """Record that a peer has just sent a message."""
        for subscriber in self._subscribers.values():
            if peer.key in (subscriber.origin, subscriber.peer.key):
                subscriber.heard, subscriber.failures = _now(), 0

    def drop_silent(self, lease: float) -> None:
        """Drop subscribers that have sent nothing for `lease` seconds. Websockets stay: they have their own pings."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.everything and subscriber.peer.key[0] != "ws" and _now() - subscriber.heard > lease:
                log.info("unsubscribed %s: no message for %g s", subscriber.peer.host, lease)
                self._drop(subscriber)

    def note_ended(self, job_id: str) -> None:
        """Record a job that ended before anyone subscribed, so that its messages are not repeated after `KNOWN_FOR`."""
        self._over.setdefault(job_id, _now())

    def ended(self, job_id: str) -> None:
        """Send the pending messages of a job that has just ended, and end the subscriptions to it."""
        self._over[job_id] = _now()
        for subscriber in tuple(self._subscribers.values()):
            self._flush(subscriber, lambda topic: topic[1] == job_id)
            if subscriber.jobs.pop(job_id, None) is not None and not subscriber.jobs:
                self._drop(subscriber)

    def close(self) -> None:
        """Send pending messages and drop all subscribers."""
        if self._timer is not None:
            self._timer.cancel()
        for subscriber in tuple(self._subscribers.values()):
            self._flush(subscriber, lambda topic: True)
            self._drop(subscriber)

    # --- messages ----------------------------------------------------------------------------------------------------

    def tell(self, topic: Topic, data: bytes, *, job_id: str = "", origin: Key | None = None) -> None:
        """Send a message once to each peer that is subscribed to everything or to `job_id`, except to `origin`."""
        reached: set[Key] = set()
        for subscriber in sorted(self._subscribers.values(), key=lambda one: not one.everything):
            if not subscriber.everything and (job_id not in subscriber.jobs or subscriber.peer.key in reached):
                continue
            reached.add(subscriber.peer.key)
            if origin is not None and origin in (subscriber.origin, subscriber.peer.key):
                subscriber.waiting.pop(topic, None)  # the origin has just set a newer value
                subscriber.sent[topic] = (_now(), data)  # the origin knows this value; `tell_again` repeats it later
            else:
                self._offer(subscriber, topic, data)

    def tell_one(self, subscriber: Subscriber, topic: Topic, data: bytes) -> None:
        """Send a message to one subscriber at once, even if nothing has changed."""
        subscriber.waiting.pop(topic, None)
        self._send(subscriber, topic, data)

    def tell_always(self, data: bytes) -> None:
        """Send a message to all who are subscribed to everything, without the rate limit and without repeating it."""
        for subscriber in tuple(self._subscribers.values()):
            if subscriber.everything:
                self._send(subscriber, None, data)

    def tell_again(self) -> None:
        """Repeat the current values to subscribers over UDP, which may have missed messages."""
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
                f"{MOST} surfaces are already subscribed.", hint="Unsubscribe one that is no longer used."
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
        """Send the messages that have waited long enough, and schedule a tick for the rest."""
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
            log.info("unsubscribed %s: messages cannot be sent to it", subscriber.peer.host)
            self._drop(subscriber)


def _now() -> float:
    return asyncio.get_running_loop().time()
