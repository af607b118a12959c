"""The OSC server: runs commands, replies to them, and notifies subscribers of events.

udp.py, tcp.py → here → control/table.py → `BridgeApi`; event bus → notifier.py → subscriptions.py → udp.py, tcp.py.
Socket handlers only parse and queue messages. Nothing blocks: an event loop timer holds each message with a time tag.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.config.settings import Osc
from bridge.control.api import Accepted, Answers, BridgeApi, Outcome, Pong
from bridge.control.command import ROOT, Command
from bridge.control.table import MESSAGES, PARAM_PREFIX, find, read
from bridge.errors import BridgeError, OscUnreadable, RequestError, Unexpected, UnknownCommand
from bridge.events import Alert, EventBus
from bridge.osc.auth import Authorization
from bridge.osc.counters import Counters
from bridge.osc.dedup import Deduplicator, Request
from bridge.osc.notifier import ORIGIN, Notifier
from bridge.osc.packet import Incoming, PacketError, build, parse, shorten
from bridge.osc.peer import Key, Peer
from bridge.osc.sockets import bind_both
from bridge.osc.subscriptions import Subscriptions
from bridge.osc.tcp import TcpEndpoint
from bridge.osc.udp import UdpEndpoint, UdpSubscriber

log = logging.getLogger(__name__)

LATEST = 60.0  # a time tag further ahead than this (s) means that a clock is wrong, so the message runs at once
COMPLAINTS = 10.0  # minimum time between two alerts about dropped packets, s
_TIMERS = 1024  # maximum number of messages that wait for their time tag; any more run at once
_WAITING = 20_000  # maximum number of queued messages; any more are dropped and counted
_RUNNING = 64  # maximum number of commands that run at the same time; further messages wait
_TURN = 0.005  # time spent on messages before other tasks run, s; about as long as one message with 50 replies takes

_NOTIFICATIONS = frozenset(message.address for message in MESSAGES)  # addresses to which another bridge may send


@dataclass(frozen=True, slots=True)
class Call:
    """One command to run."""

    command: Command
    values: Mapping[str, Any]  # checked arguments by name
    peer: Peer  # the sender
    request: Request  # for replies


class OscServer:
    """An OSC server over UDP and TCP on the same port number."""

    def __init__(
        self,
        bridge: BridgeApi,
        bus: EventBus,
        settings: Osc,
        token: Callable[[], str],
        *,
        clock: Callable[[], float] = time.time,
        heartbeat: float = 5.0,
        lease: float | None = None,
    ) -> None:
        """Prepare the server without opening a port.

        Args:
            bridge: the API that executes the commands.
            bus: the event bus, which also receives alerts.
            settings: the section [osc] of the configuration.
            token: function that returns the token in daemon.json.
            clock: function that returns the Unix time to compare with time tags, s.
            heartbeat: time between two heartbeats, s.
            lease: a subscriber is dropped if it sends no message for this time, s; None: never.
        """
        self.counters = Counters()
        self._bridge = bridge
        self._bus = bus
        self._settings = settings
        self._authorization = Authorization(token, settings)
        self._clock = clock
        self._heartbeat = heartbeat
        self._lease = lease
        self._subscriptions = Subscriptions(self.counters, self._listen)
        self._notifier = Notifier(bridge, self._subscriptions)
        self._udp = UdpEndpoint(self._receive, self.counters, self._lost)
        self._tcp = TcpEndpoint(self._receive, self._subscriptions.gone, self.counters, settings.max_packet)
        self._deduplicator = Deduplicator()
        self._newest: dict[tuple[Key, str], Incoming] = {}  # newest queued value of each sender and address
        self._queue: asyncio.Queue[tuple[Incoming, Peer]] = asyncio.Queue(_WAITING)
        self._complain_from = 0.0  # event loop time from which the next alert is allowed, s
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._unlisten: Callable[[], None] | None = None
        self._next_beat: asyncio.TimerHandle | None = None
        self._own: Mapping[str, Callable[[Call], None]] = {
            "subscribe": self._subscribe,
            "refresh": self._refresh,
            "unlock": self._unlock,
            "unsubscribe": lambda call: self._subscriptions.unsubscribe(call.peer.key),
        }

    # --- start and stop ----------------------------------------------------------------------------------------------

    async def start(self) -> int:
        """Start listening and return the port, which is the same for UDP and TCP.

        Raises:
            PortTaken: another program uses the port.
            HomeError: the address is not available.
        """
        datagrams, stream = await bind_both(self._settings.host, self._settings.port)
        port: int = datagrams.getsockname()[1]
        self._worker = asyncio.get_running_loop().create_task(self._work())
        await self._udp.open(datagrams)
        await self._tcp.open(stream)
        log.info("listening on %s, port %d", self._settings.host, port)
        return port

    async def stop(self) -> None:
        """Cancel running commands, send pending notifications and close all connections."""
        self._listen(False)
        for timer in self._timers:
            timer.cancel()
        tasks = [*self._tasks, *([self._worker] if self._worker else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._notifier.stop()
        self._subscriptions.close()
        await self._tcp.close()
        await self._udp.close()
        log.info("OSC stopped: %s", self.counters)

    def _listen(self, wanted: bool) -> None:
        """Start (or stop) listening to the event bus and sending heartbeats."""
        if wanted and self._unlisten is None:
            self._unlisten = self._bus.subscribe(self._notifier.hear, *self._notifier.types)
            self._next_beat = asyncio.get_running_loop().call_later(self._heartbeat, self._beat)
        elif not wanted and self._unlisten is not None and self._next_beat is not None:
            self._unlisten()
            self._next_beat.cancel()
            self._unlisten = self._next_beat = None

    # --- websockets --------------------------------------------------------------------------------------------------

    def attach(self, peer: Peer) -> None:
        """Subscribe `peer` to everything (raises NotPossibleNow)."""
        self._subscriptions.subscribe(peer, peer.key)

    def detach(self, peer: Peer) -> None:
        """Remove the subscriptions of `peer`."""
        self._subscriptions.gone(peer)

    # --- messages ----------------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, peer: Peer) -> None:
        """Handle one packet from a socket."""
        self.counters.packets += 1
        self._subscriptions.heard(peer)
        try:
            messages = parse(data, self._settings.max_packet, self._settings.max_nesting)
        except PacketError as error:
            setattr(self.counters, error.reason, getattr(self.counters, error.reason) + 1)
            self._complain(OscUnreadable(f"A packet from {peer.host} was dropped: {error}."))
            return
        for message in messages:
            wait = 0.0 if message.due is None else message.due - self._clock()
            if 0.0 < wait <= LATEST and len(self._timers) < _TIMERS:
                self._postpone(wait, message, peer)
            else:
                self._enqueue(message, peer)

    def _complain(self, error: OscUnreadable) -> None:
        """Report a dropped packet, but at most once every `COMPLAINTS` seconds."""
        now = asyncio.get_running_loop().time()
        if now >= self._complain_from:
            self._complain_from = now + COMPLAINTS
            log.warning("%s", error.text)
            self._bus.publish(Alert(error.code, error.text))

    def _postpone(self, wait: float, message: Incoming, peer: Peer) -> None:
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(timer)
            self._enqueue(message, peer)

        timer = loop.call_at(loop.time() + wait, ring)
        self._timers.add(timer)

    def _enqueue(self, message: Incoming, peer: Peer) -> None:
        self.counters.messages += 1
        try:
            self._queue.put_nowait((message, peer))
        except asyncio.QueueFull:
            self.counters.overrun += 1
            return
        if message.address.startswith(PARAM_PREFIX):
            self._newest[peer.key, message.address] = message

    async def _work(self) -> None:
        """Handle the queued messages one after another."""
        loop = asyncio.get_running_loop()
        turn_ends = 0.0
        while True:
            message, peer = await self._queue.get()
            if self._is_superseded(message, peer):
                self.counters.superseded += 1
            else:
                self._handle(message, peer)
            if len(self._tasks) >= _RUNNING:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif loop.time() > turn_ends:
                await asyncio.sleep(0)  # needed because `get` does not yield to other tasks while the queue has items
                turn_ends = loop.time() + _TURN

    def _is_superseded(self, message: Incoming, peer: Peer) -> bool:
        """Return whether the sender has sent a newer value of the same parameter since this message was queued."""
        if not message.address.startswith(PARAM_PREFIX):
            return False
        if self._newest.get((peer.key, message.address)) is not message:
            return True
        del self._newest[peer.key, message.address]
        return False

    def _handle(self, message: Incoming, peer: Peer) -> None:
        found = find(message.address)
        if found is None:
            self.counters.unknown += 1
            log.debug("unknown address %s from %s", message.address[:80], peer.host)
            if message.address.startswith(ROOT + "/") and not _is_notification(message.address):
                self._refuse(Request(peer), {}, UnknownCommand(f"There is no command {message.address[:80]}."))
            return
        command, carried = found
        if command.name == "param" and self._deduplicator.is_old(message, peer):
            self.counters.superseded += 1
            return
        accepted = self._deduplicator.take(message, peer, command)
        if accepted is None:
            self.counters.repeated += 1
            return
        message, request = accepted
        values: Mapping[str, Any] | None = None
        try:
            values = read(command, (*carried, *message.arguments))
            if values is not None:
                self._begin(Call(command, values, peer, request))
        except Exception as error:
            self._refuse(request, values or {}, error)

    # --- commands ----------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        """Run a command immediately, or start a task if the command has to wait for something."""
        if call.command.guarded:
            self._authorization.check(call.command, call.values, call.peer)
        if call.command.run is None:
            self._own[call.command.name](call)
            return
        # If a command has no arguments (such as preset.next), its sender needs the new value, too.
        ORIGIN.set(call.peer.key if call.command.arguments else None)
        outcome = call.command.run(self._bridge, call.values)
        if isinstance(outcome, AsyncIterator):
            self._spawn(self._send_all(call, outcome))
        elif inspect.isawaitable(outcome):
            self._spawn(self._finish(call, outcome))
        else:
            self._answer(call, outcome)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, call: Call, outcome: Awaitable[Outcome]) -> None:
        try:
            self._answer(call, await outcome)
        except Exception as error:
            self._refuse(call.request, call.values, error)

    async def _send_all(self, call: Call, answers: Answers) -> None:
        """Send each message of an answer as soon as it is ready."""
        try:
            async for answer in answers:
                call.peer.send(build(answer.address, *answer.arguments))
        except Exception as error:
            self._refuse(call.request, call.values, error)

    def _answer(self, call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, Pong):
            call.request.reply(build("/bridge/pong", outcome.version, outcome.protocol))
        elif isinstance(outcome, Accepted):
            call.request.reply(build("/bridge/accepted", outcome.message_id, outcome.job_id))
            if "token" in call.values:
                self._notifier.follow(call.peer, outcome.job_id, outcome.message_id)
        elif call.command.tells_preset and not self._subscriptions.subscriptions(call.peer.key):
            call.request.reply(build("/bridge/preset/select", self._bridge.snapshot().preset))

    def _refuse(self, request: Request, values: Mapping[str, Any], error: Exception) -> None:
        """Reply with an error; log it if it is unexpected."""
        if not isinstance(error, BridgeError):
            log.error("a command failed", exc_info=error)
            error = Unexpected()
        request.fail(build("/bridge/error", values.get("message_id", ""), error.code, shorten(error.text)))

    # --- commands of the server itself -------------------------------------------------------------------------------

    def _subscribe(self, call: Call) -> None:
        """Subscribe the sender: a TCP peer through its connection, a UDP sender through a `UdpSubscriber`."""
        peer, target = call.peer, call.peer
        kind, host, own_port = peer.key
        port = call.values["port"]
        if kind == "udp" or port is not None:
            try:
                target = UdpSubscriber(host, port or own_port)
            except OSError as error:
                raise RequestError(f"The bridge cannot send to {host}, port {port}: {error.strerror}.") from error
        self._notifier.resend(self._subscriptions.subscribe(target, peer.key))

    def _refresh(self, call: Call) -> None:
        subscriptions = self._subscriptions.subscriptions(call.peer.key)
        for subscriber in subscriptions:
            self._notifier.resend(subscriber)
        if not subscriptions:
            self._notifier.answer(call.peer)

    def _unlock(self, call: Call) -> None:
        call.request.reply(build("/bridge/unlocked", self._authorization.unlock(call.peer, call.values["secret"])))

    def _beat(self) -> None:
        self._next_beat = asyncio.get_running_loop().call_later(self._heartbeat, self._beat)
        if self._lease is not None:
            self._subscriptions.drop_silent(self._lease)
        self._subscriptions.tell_again()
        self._subscriptions.tell_always(build("/bridge/heartbeat"))

    def _lost(self, error: BridgeError) -> None:
        self._bus.publish(Alert(error.code, error.text))


def _is_notification(address: str) -> bool:
    """Return whether an address belongs to a notification.

    A notification gets no error reply: two bridges that send to each other would exchange errors forever.
    """
    return address in _NOTIFICATIONS or address.startswith("/bridge/job/")
