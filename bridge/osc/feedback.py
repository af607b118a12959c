"""Who is told over OSC, and how often: subscribers and askers, at most 30 messages a second per address, the last kept.

events → osc.py → here → outlets of osc_links.py. A datagram may get lost, and with it the last value of a fader: so
what subscribers over UDP should know is said to them again with every heartbeat, as sACN and Art-Net do for lights.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from bridge.errors import NotPossibleNow
from bridge.osc.transport import Counters, Key, Peer

log = logging.getLogger(__name__)

INTERVAL = 1 / 30  # s between two messages to one address
MOST = 64  # listeners at a time
REST = 2.0  # s without a change after which a value is said again, to the hand that set it as well
KNOWN_FOR = 60.0  # s that a job's last words are said again after its end
FAILURES = 5  # messages that a listener did not take before it is dropped

Topic = tuple[str, str]  # an OSC address and what else tells its messages apart, for example the job


@dataclass(slots=True)
class Listener:
    """One that is told: a subscriber of everything, or somebody who waits for jobs of their own."""

    peer: Peer  # where the messages go
    hand: Key  # key of the peer that it sends from, which may be another port
    heard: float  # s on the loop's clock, when it last sent anything
    everything: bool  # a subscriber; otherwise an asker, who is told of `jobs` only
    jobs: dict[str, str] = field(default_factory=dict)  # an asker's jobs and the messages that asked for them
    failures: int = 0  # messages it did not take since it was last heard
    sent: dict[Topic, tuple[float, bytes]] = field(default_factory=dict)  # last message of each topic and when
    waiting: dict[Topic, bytes] = field(default_factory=dict)  # the newest message of topics that were sent just now


class Feedback:
    """All listeners and what still waits to be sent to them."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._listeners: dict[Hashable, Listener] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over: dict[str, float] = {}  # jobs that have ended, and when

    # --- who is told -------------------------------------------------------------------------------------------------

    @property
    def anybody(self) -> bool:
        """Tell whether there is anybody to tell."""
        return bool(self._listeners)

    def subscribe(self, peer: Peer, hand: Key) -> Listener:
        """Tell `peer` everything from now on; subscribing again starts afresh.

        Raises:
            NotPossibleNow: there are too many already.
        """
        key = ("everything", peer.key)
        if before := self._listeners.get(key):
            self._drop(before)
        listener = Listener(peer, hand, _now(), everything=True)
        self._add(key, listener)
        return listener

    def follow(self, peer: Peer, job_id: str, message_id: str) -> None:
        """Tell `peer` of one job until that ends.

        Raises:
            NotPossibleNow: there are too many already.
        """
        key = ("jobs", peer.key)
        if key not in self._listeners:
            self._add(key, Listener(peer, peer.key, _now(), everything=False))
        self._listeners[key].jobs[job_id] = message_id

    def subscriptions(self, hand: Key) -> list[Listener]:
        """Return the subscribers that send, or are told, under this key."""
        return [one for one in self._listeners.values() if one.everything and hand in (one.hand, one.peer.key)]

    def askers(self, job_id: str) -> Iterator[tuple[Listener, str]]:
        """Yield who waits for a job, with the message that asked for it."""
        for listener in tuple(self._listeners.values()):
            if job_id in listener.jobs:
                yield listener, listener.jobs[job_id]

    def unsubscribe(self, hand: Key) -> None:
        for listener in self.subscriptions(hand):
            self._drop(listener)

    def gone(self, peer: Peer) -> None:
        """Forget everybody who was told over a connection that has ended."""
        for listener in tuple(self._listeners.values()):
            if listener.peer.key == peer.key:
                self._drop(listener)

    def heard(self, peer: Peer) -> None:
        """Note that this peer lives."""
        for listener in self._listeners.values():
            if peer.key in (listener.hand, listener.peer.key):
                listener.heard, listener.failures = _now(), 0

    def drop_silent(self, lease: float) -> None:
        """Drop the subscribers that sent nothing for `lease` seconds; a websocket's own pings say that it lives."""
        for listener in tuple(self._listeners.values()):
            if listener.everything and listener.peer.key[0] != "ws" and _now() - listener.heard > lease:
                log.info("%s is told no more: it was not heard for %g s", listener.peer.host, lease)
                self._drop(listener)

    def ended(self, job_id: str) -> None:
        """Send what still waits for a job, let those go who waited for it, and soon forget it."""
        self._over[job_id] = _now()
        for listener in tuple(self._listeners.values()):
            self._flush(listener, lambda topic: topic[1] == job_id)
            if listener.jobs.pop(job_id, None) is not None and not listener.jobs:
                self._drop(listener)

    def close(self) -> None:
        """Send what still waits and let everybody go."""
        if self._timer is not None:
            self._timer.cancel()
        for listener in tuple(self._listeners.values()):
            self._flush(listener, lambda topic: True)
            self._drop(listener)

    # --- what is told ------------------------------------------------------------------------------------------------

    def tell(self, topic: Topic, data: bytes, *, job_id: str = "", hand: Key | None = None) -> None:
        """Tell all subscribers, and those who wait for `job_id`, but not the hand it came from; once per receiver."""
        told: set[Key] = set()
        for listener in sorted(self._listeners.values(), key=lambda one: not one.everything):
            if not listener.everything and (job_id not in listener.jobs or listener.peer.key in told):
                continue
            told.add(listener.peer.key)
            if hand is not None and hand in (listener.hand, listener.peer.key):
                listener.waiting.pop(topic, None)  # its hand has moved on since
                listener.sent[topic] = (_now(), data)  # which it knows, and is told again when it rests
            else:
                self._offer(listener, topic, data)

    def tell_one(self, listener: Listener, topic: Topic, data: bytes) -> None:
        """Tell one listener at once, though it may know it already."""
        listener.waiting.pop(topic, None)
        self._send(listener, topic, data)

    def tell_always(self, data: bytes) -> None:
        """Tell all subscribers at once something that neither replaces nor repeats what was said before."""
        for listener in tuple(self._listeners.values()):
            if listener.everything:
                self._send(listener, None, data)

    def tell_again(self) -> None:
        """Tell subscribers over UDP once more what they should know and may have missed."""
        now = _now()
        forgotten = {job for job, ended in self._over.items() if now - ended > KNOWN_FOR}
        for job in forgotten:
            del self._over[job]
        for listener in tuple(self._listeners.values()):
            listener.sent = {topic: last for topic, last in listener.sent.items() if topic[1] not in forgotten}
            if listener.everything and listener.peer.key[0] == "udp":
                for topic, (sent, data) in tuple(listener.sent.items()):
                    if now - sent >= REST and topic not in listener.waiting:
                        self._send(listener, topic, data)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _add(self, key: Hashable, listener: Listener) -> None:
        if len(self._listeners) >= MOST:
            listener.peer.close()
            raise NotPossibleNow(
                f"{MOST} surfaces are told already.", hint="Unsubscribe one that is not used any more."
            )
        self._listeners[key] = listener

    def _drop(self, listener: Listener) -> None:
        for key, one in tuple(self._listeners.items()):
            if one is listener:
                del self._listeners[key]
        listener.peer.close()

    def _offer(self, listener: Listener, topic: Topic, data: bytes) -> None:
        last = listener.sent.get(topic)
        if topic not in listener.waiting and (last is None or _now() - last[0] >= INTERVAL):
            if last is None or last[1] != data:
                self._send(listener, topic, data)
            return
        listener.waiting[topic] = data
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        """Send what has waited long enough; what still has to wait is seen to in the next tick."""
        self._timer = None
        for listener in tuple(self._listeners.values()):
            due = {topic for topic in listener.waiting if _now() - listener.sent[topic][0] >= INTERVAL}
            self._flush(listener, due.__contains__)
        if any(listener.waiting for listener in self._listeners.values()):
            self._timer = asyncio.get_running_loop().call_later(INTERVAL / 2, self._tick)

    def _flush(self, listener: Listener, wanted: Callable[[Topic], bool]) -> None:
        for topic in [topic for topic in listener.waiting if wanted(topic)]:
            data = listener.waiting.pop(topic)
            if listener.sent[topic][1] != data:
                self._send(listener, topic, data)

    def _send(self, listener: Listener, topic: Topic | None, data: bytes) -> None:
        if topic is not None:
            listener.sent[topic] = (_now(), data)
        if listener.peer.send(data):
            return
        self._counters.unsent += 1
        listener.failures += 1
        if listener.failures >= FAILURES:
            log.info("%s is told no more: nobody takes what is sent there", listener.peer.host)
            self._drop(listener)


def _now() -> float:
    return asyncio.get_running_loop().time()
