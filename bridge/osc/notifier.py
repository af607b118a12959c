"""Turns the bridge's events into the outgoing messages of control/table.py.

event bus → here → subscriptions.py. This module also sends the current state on request.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from bridge.control.api import BridgeApi
from bridge.events import (
    Alert,
    AuditionChanged,
    Event,
    JobChanged,
    JobProgress,
    ParamSet,
    PresetSelected,
    VariationChanged,
)
from bridge.osc.packet import build, shorten
from bridge.osc.peer import Key, Peer
from bridge.osc.state import lines
from bridge.osc.subscriptions import Subscriber, Subscriptions
from bridge.protocol.job import ENDED, State

_OVER = frozenset(str(state) for state in (*ENDED, State.PARTIAL))
AFTERWARDS = 1.0  # time after a job's end during which its error and its result paths may still arrive, s

# Sender of the command that runs in this task. Values set by the command are sent to all subscribers but this one.
ORIGIN: ContextVar[Key | None] = ContextVar("ORIGIN", default=None)


class Notifier:
    """A listener that turns events into messages. The server attaches it to the bus only while it has subscribers."""

    types: tuple[type[Event], ...] = (
        JobChanged,
        JobProgress,
        VariationChanged,
        Alert,
        AuditionChanged,
        PresetSelected,
        ParamSet,
    )

    def __init__(self, bridge: BridgeApi, subscriptions: Subscriptions) -> None:
        self._bridge = bridge
        self._subscriptions = subscriptions
        self._ending: dict[str, asyncio.TimerHandle] = {}  # ended jobs whose error or paths may still arrive

    def stop(self) -> None:
        """Cancel all timers."""
        for timer in self._ending.values():
            timer.cancel()

    def hear(self, event: Event) -> None:
        """Handle an event of one of the `types`."""
        match event:
            case JobChanged():
                self._job(event)
            case JobProgress():
                self._progress(event)
            case VariationChanged():
                self._variation(event)
            case Alert():
                self._alert(event)
            case AuditionChanged():
                self._tell("/bridge/audition/heard", "", event.heard)
            case PresetSelected():
                self._preset(event)
            case ParamSet():
                self._tell(f"/bridge/param/{event.name}", "", event.value, origin=ORIGIN.get())

    def resend(self, subscriber: Subscriber) -> None:
        """Send the current state to one subscriber."""
        snapshot = self._bridge.snapshot()
        for address, job_id, arguments in lines(snapshot):
            self._subscriptions.tell_one(subscriber, (address, job_id), build(address, *arguments))
        for view in snapshot.jobs:
            if view.state in _OVER:
                self._subscriptions.note_ended(view.id)

    def answer(self, peer: Peer) -> None:
        """Send the current state to a peer that is not subscribed."""
        for address, _, arguments in lines(self._bridge.snapshot()):
            peer.send(build(address, *arguments))

    def follow(self, peer: Peer, job_id: str, message_id: str) -> None:
        """Send `peer` a job's current state, and then every change until the job ends (raises NotPossibleNow)."""
        self._subscriptions.follow(peer, job_id, message_id)
        for view in self._bridge.snapshot().jobs:
            if view.id == job_id:
                self._job(JobChanged(job_id, view.state))

    # --- one method for each kind of event ---------------------------------------------------------------------------

    def _job(self, event: JobChanged) -> None:
        newest = event.job_id == self._bridge.newest_job()
        self._tell("/bridge/job", event.job_id, event.job_id, event.state)
        if newest:
            self._tell("/bridge/state", "", event.state)
        if event.cost is not None and newest:
            self._tell("/bridge/cost", "", event.cost)
        if event.state in _OVER and event.job_id not in self._ending:
            loop = asyncio.get_running_loop()
            self._ending[event.job_id] = loop.call_later(AFTERWARDS, self._ended, event.job_id)

    def _progress(self, event: JobProgress) -> None:
        newest = event.job_id == self._bridge.newest_job()
        self._tell(f"/bridge/job/{event.job_id}/progress", event.job_id, event.fraction)
        if newest:
            self._tell("/bridge/progress", "", event.fraction)
        if event.message:
            message = shorten(event.message)
            self._tell(f"/bridge/job/{event.job_id}/message", event.job_id, message)
            if newest:
                self._tell("/bridge/message", "", message)

    def _variation(self, event: VariationChanged) -> None:
        """Send a result's path once to each peer that submitted the job with the token, and to no other peer."""
        if event.path:
            address = f"/bridge/job/{event.job_id}/path"
            topic = (f"{address} {event.variation_id}", event.job_id)
            data = build(address, event.path, event.variation_id)
            for subscriber, _ in self._subscriptions.askers(event.job_id):
                if topic not in subscriber.sent:
                    self._subscriptions.tell_one(subscriber, topic, data)

    def _alert(self, event: Alert) -> None:
        code, text = event.code, shorten(event.text)
        self._subscriptions.tell_always(build("/bridge/alert", code, text))
        self._tell("/bridge/message", "", text)
        for subscriber, message_id in self._subscriptions.askers(event.job_id):
            data = build("/bridge/error", message_id, code, text)
            self._subscriptions.tell_one(subscriber, (f"/bridge/error {code} {text}", event.job_id), data)

    def _preset(self, event: PresetSelected) -> None:
        self._tell("/bridge/preset/select", "", event.name, origin=ORIGIN.get())
        for name, value in event.params.items():  # faders move to the preset's values
            self._tell(f"/bridge/param/{name}", "", value)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _tell(self, address: str, job_id: str, *arguments: Any, origin: Key | None = None) -> None:
        self._subscriptions.tell((address, job_id), build(address, *arguments), job_id=job_id, origin=origin)

    def _ended(self, job_id: str) -> None:
        del self._ending[job_id]
        self._subscriptions.ended(job_id)
