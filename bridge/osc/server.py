"""The OSC surface: messages in become commands, what they come to is answered, and what happens is told.

udp.py, tcp.py → here → control/table.py → `BridgeApi`; event bus → notifier.py → subscriptions.py → udp.py, tcp.py.
A handler on a socket only parses and enqueues; nothing here ever sleeps, a time tag is a timer of the loop.
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

LATEST = 60.0  # s; a time tag further away is taken for a wrong clock, and done at once
COMPLAINTS = 10.0  # s between two alerts about packets that are dropped
_TIMERS = 1024  # messages that wait for their time tag; more are done at once
_WAITING = 20_000  # messages that wait to be looked at; more are dropped and counted
_RUNNING = 64  # commands that run at a time; the next messages wait until one has ended
_TURN = 0.005  # s that messages are looked at before the loop gets its turn: one that is answered by 50 takes as long

_SPOKEN = frozenset(message.address for message in MESSAGES)  # what another bridge may say to us is no question


@dataclass(frozen=True, slots=True)
class Call:
    """One command that was asked for."""

    command: Command
    values: Mapping[str, Any]  # checked
    peer: Peer  # who asked
    request: Request  # through which it is answered


class OscServer:
    """OSC in and out, over UDP and TCP on one port number."""

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
        """Prepare the surface; nothing is opened yet.

        Args:
            bridge: what executes the commands.
            bus: what tells of everything that happens.
            settings: the section [osc].
            token: returns the token of daemon.json.
            clock: unix time, s, that time tags are compared with.
            heartbeat: s between two heartbeats.
            lease: s after which a subscriber that sent nothing is dropped; None: never.
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
        self._newest: dict[tuple[Key, str], Incoming] = {}  # values that wait, by who sets what
        self._queue: asyncio.Queue[tuple[Incoming, Peer]] = asyncio.Queue(_WAITING)
        self._complain_from = 0.0  # loop time
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

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> int:
        """Listen, and return the port, the same for UDP and TCP.

        Raises:
            PortTaken: another program has it.
            HomeError: the address cannot be listened on.
        """
        datagrams, stream = await bind_both(self._settings.host, self._settings.port)
        port: int = datagrams.getsockname()[1]
        self._worker = asyncio.get_running_loop().create_task(self._work())
        await self._udp.open(datagrams)
        await self._tcp.open(stream)
        log.info("listening on %s, port %d", self._settings.host, port)
        return port

    async def stop(self) -> None:
        """Say what is still to be said and close everything; commands that are under way are let go."""
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
        """Hear what happens, or no more: where nobody is told, nothing is done for it."""
        if wanted and self._unlisten is None:
            self._unlisten = self._bus.subscribe(self._notifier.hear, *self._notifier.types)
            self._next_beat = asyncio.get_running_loop().call_later(self._heartbeat, self._beat)
        elif not wanted and self._unlisten is not None and self._next_beat is not None:
            self._unlisten()
            self._next_beat.cancel()
            self._unlisten = self._next_beat = None

    # --- others that are told ----------------------------------------------------------------------------------------

    def attach(self, peer: Peer) -> None:
        """Tell `peer` everything from now on (raises NotPossibleNow)."""
        self._subscriptions.subscribe(peer, peer.key)

    def detach(self, peer: Peer) -> None:
        """Tell it no more."""
        self._subscriptions.gone(peer)

    # --- in ----------------------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, peer: Peer) -> None:
        """Take one packet from a socket."""
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
        """Tell of a packet that is dropped; a stream of them is told of now and then."""
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
        """Look at one message after the other."""
        loop = asyncio.get_running_loop()
        turn_ends = 0.0
        while True:
            message, peer = await self._queue.get()
            if self._is_superseded(message, peer):
                self.counters.superseded += 1
            else:
                self._look(message, peer)
            if len(self._tasks) >= _RUNNING:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif loop.time() > turn_ends:
                await asyncio.sleep(0)  # a full queue never makes `get` wait
                turn_ends = loop.time() + _TURN

    def _is_superseded(self, message: Incoming, peer: Peer) -> bool:
        """Tell whether the same hand has set the same parameter again while this value waited."""
        if not message.address.startswith(PARAM_PREFIX):
            return False
        if self._newest.get((peer.key, message.address)) is not message:
            return True
        del self._newest[peer.key, message.address]
        return False

    def _look(self, message: Incoming, peer: Peer) -> None:
        found = find(message.address)
        if found is None:
            self.counters.unknown += 1
            log.debug("nobody knows %s, from %s", message.address[:80], peer.host)
            if message.address.startswith(ROOT + "/") and not _is_spoken(message.address):
                self._refuse(Request(peer), {}, UnknownCommand(f"There is no command {message.address[:80]}."))
            return
        command, carried = found
        if command.name == "param" and self._deduplicator.is_old(message, peer):
            self.counters.superseded += 1
            return
        taken = self._deduplicator.take(message, peer, command)
        if taken is None:
            self.counters.repeated += 1
            return
        message, request = taken
        values: Mapping[str, Any] | None = None
        try:
            values = read(command, (*carried, *message.arguments))
            if values is not None:
                self._begin(Call(command, values, peer, request))
        except Exception as error:
            self._refuse(request, values or {}, error)

    # --- commands ----------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        """Do what only touches memory at once and in order; what has to wait becomes a task of its own."""
        if call.command.guarded:
            self._authorization.check(call.command, call.values, call.peer)
        if call.command.run is None:
            self._own[call.command.name](call)
            return
        ORIGIN.set(
            call.peer.key if call.command.arguments else None
        )  # who asks for the next one does not know its name
        outcome = call.command.run(self._bridge, call.values)
        if isinstance(outcome, AsyncIterator):
            self._spawn(self._tell_all(call, outcome))
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

    async def _tell_all(self, call: Call, answers: Answers) -> None:
        """Send an answer of several messages as they come."""
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
        """Answer with an error; what is no error of ours goes to the log, and the surface goes on."""
        if not isinstance(error, BridgeError):
            log.error("a command failed", exc_info=error)
            error = Unexpected()
        request.fail(build("/bridge/error", values.get("message_id", ""), error.code, shorten(error.text)))

    # --- the surface's own commands ----------------------------------------------------------------------------------

    def _subscribe(self, call: Call) -> None:
        """Subscribe a connection itself, and the sender of a datagram by a `UdpSubscriber` for its address."""
        peer, target = call.peer, call.peer
        kind, host, own_port = peer.key
        port = call.values["port"]
        if kind == "udp" or port is not None:
            try:
                target = UdpSubscriber(host, port or own_port)
            except OSError as error:
                raise RequestError(f"Nothing can be sent to {host}, port {port}: {error.strerror}.") from error
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


def _is_spoken(address: str) -> bool:
    """Tell whether this is what a bridge says to surfaces: answered with an error, two bridges would talk for ever."""
    return address in _SPOKEN or address.startswith("/bridge/job/")
