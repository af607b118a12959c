"""Which messages are one and the same press that a bad way has delivered twice, and which value is an old one.

server.py asks here before it runs a command. A press is known again by, in this order:

1. its own name, a last argument "press:…": within `NAMED_FOR`, over UDP and TCP, and the answer is sent again;
2. the time tag of the bundle that it came in: a sender that dates its messages dates two presses differently;
3. being the same bytes from the same sender within `ECHO`, or `SLIP` where it may cost money: no finger is so quick.

The third is a guess, for UDP alone; over TCP nothing arrives twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.control.command import Command
from bridge.osc.packet import Incoming, build
from bridge.osc.peer import Key, Peer

PREFIX = "press:"
ECHO = 0.1  # s
SLIP = 1.0  # s; nothing is bought twice by a finger that trembles
NAMED_FOR = 600.0  # s that a press is known by its name or its time tag
MOST = 4096  # presses, and values with a time tag, remembered; the oldest are forgotten
ANSWERS = 4  # messages of one press's answer that are kept

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Request:
    """One press, and the sender as the one to answer it."""

    peer: Peer  # who sent it
    at: float = 0.0  # s on the loop's clock
    lasts: float = 0.0  # s that it is known again
    named: bool = False  # whether it has a name, or a time tag, of its own
    answers: list[bytes] = field(default_factory=list)

    def reply(self, data: bytes) -> None:
        """Answer it, and be able to do so again."""
        if len(self.answers) < ANSWERS:
            self.answers.append(data)
        self.peer.send(data)

    def fail(self, data: bytes) -> None:
        """Say that nothing came of it: who puts that right may press again at once, unless it is this very press."""
        self.reply(data)
        if not self.named:
            self.lasts = min(self.lasts, ECHO)


class Deduplicator:
    """What was pressed lately."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Request] = {}  # the ones that were heard first stand first
        self._dated: dict[tuple[Key, str], float] = {}  # time tag of the newest value of each sender and address

    def take(self, message: Incoming, peer: Peer, command: Command) -> tuple[Incoming, Request] | None:
        """Return a message without its name, and how to answer; None if it is a repetition, which is answered here."""
        name, message = _named(message)
        if name:
            peer.send(build("/bridge/ack", name))
        named = bool(name) or message.due is not None
        lasts = NAMED_FOR if named else SLIP if command.spends else ECHO
        request = Request(peer, asyncio.get_running_loop().time(), lasts, named)
        identity: Hashable = None
        if name:
            identity = (peer.key[0], peer.host, name)
        elif command.once and message.due is not None:
            identity = (peer.key, message.address, repr(message.arguments), message.due)
        elif command.once and peer.key[0] == "udp":
            identity = (peer.key, message.address, repr(message.arguments))
        if identity is None:
            return message, request
        before = self._known.get(identity)
        if before is not None and request.at - before.at < before.lasts:
            for data in before.answers:
                peer.send(data)
            return None
        self._known.pop(identity, None)
        _remember(self._known, identity, request)
        return message, request

    def is_old(self, message: Incoming, peer: Peer) -> bool:
        """Tell whether a value was overtaken on its way by one that was sent later; only time tags can say so."""
        if message.due is None:
            return False
        where = (peer.key, message.address)
        if message.due < self._dated.get(where, message.due):
            return True
        self._dated.pop(where, None)
        _remember(self._dated, where, message.due)
        return False


def _named(message: Incoming) -> tuple[str, Incoming]:
    """Take the name of a press off a message; "" if it has none."""
    last = message.arguments[-1] if message.arguments else None
    if isinstance(last, str) and last.startswith(PREFIX):
        name = last.removeprefix(PREFIX)[:64]
        return name, Incoming(message.address, message.arguments[:-1], message.due)
    return "", message


def _remember(known: dict[K, V], key: K, value: V) -> None:
    """Add what is new at the end; the oldest makes room."""
    if len(known) >= MOST:
        del known[next(iter(known))]
    known[key] = value
