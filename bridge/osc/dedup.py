"""Detects duplicate messages of an unreliable network, and values that arrive out of order.

server.py checks here before it runs a command. A press is recognized, in this order, by:

1. its name, a last argument "press:…": within `NAMED_FOR`, over UDP and TCP, and the reply is sent again;
2. the time tag of its bundle: two presses have different time tags;
3. equal bytes from the same sender within `ECHO`, or `SLIP` if it may cost money: nobody presses that fast.

The third is a heuristic for UDP; TCP delivers nothing twice.
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
SLIP = 1.0  # s; a double tap never spends twice
NAMED_FOR = 600.0  # s for which a press is recognized by its name or time tag
MOST = 4096  # presses, and values with a time tag, that are remembered
ANSWERS = 4  # reply messages that are kept per press

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Request:
    """One press, and the peer to reply to."""

    peer: Peer  # the sender
    at: float = 0.0  # s on the loop's clock
    known_for: float = 0.0  # s for which a duplicate is recognized
    named: bool = False  # whether it has a name or a time tag
    answers: list[bytes] = field(default_factory=list)

    def reply(self, data: bytes) -> None:
        """Send a reply, and keep it for duplicates."""
        if len(self.answers) < ANSWERS:
            self.answers.append(data)
        self.peer.send(data)

    def fail(self, data: bytes) -> None:
        """Send an error; a new press may follow at once, unless this one has a name or time tag."""
        self.reply(data)
        if not self.named:
            self.known_for = min(self.known_for, ECHO)


class Deduplicator:
    """Remembers recent presses and values."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Request] = {}  # oldest first
        self._dated: dict[tuple[Key, str], float] = {}  # newest time tag of each sender and address

    def take(self, message: Incoming, peer: Peer, command: Command) -> tuple[Incoming, Request] | None:
        """Return the message without its name, and the request; reply to a duplicate and return None."""
        name, message = _named(message)
        if name:
            peer.send(build("/bridge/ack", name))
        named = bool(name) or message.due is not None
        known_for = NAMED_FOR if named else SLIP if command.spends else ECHO
        request = Request(peer, asyncio.get_running_loop().time(), known_for, named)
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
        if before is not None and request.at - before.at < before.known_for:
            for data in before.answers:
                peer.send(data)
            return None
        self._known.pop(identity, None)
        _remember(self._known, identity, request)
        return message, request

    def is_old(self, message: Incoming, peer: Peer) -> bool:
        """Return whether a newer value has already arrived; only time tags show that."""
        if message.due is None:
            return False
        where = (peer.key, message.address)
        if message.due < self._dated.get(where, message.due):
            return True
        self._dated.pop(where, None)
        _remember(self._dated, where, message.due)
        return False


def _named(message: Incoming) -> tuple[str, Incoming]:
    """Return the name of a press, "" without one, and the message without it."""
    last = message.arguments[-1] if message.arguments else None
    if isinstance(last, str) and last.startswith(PREFIX):
        name = last.removeprefix(PREFIX)[:64]
        return name, Incoming(message.address, message.arguments[:-1], message.due)
    return "", message


def _remember(known: dict[K, V], key: K, value: V) -> None:
    """Add an entry at the end; drop the oldest if there are too many."""
    if len(known) >= MOST:
        del known[next(iter(known))]
    known[key] = value
