"""Detects messages that an unreliable network has duplicated, and values that arrive out of order.

Before server.py runs a command, `Deduplicator` checks whether the message is a duplicate. Only the first rule that
applies to the message counts:

1. A message that names its press (last argument "press:…") is a duplicate if the same name has arrived within
   `NAMED_FOR`, over UDP or TCP.
2. A message with a time tag is a duplicate if the same message with the same time tag has arrived within `NAMED_FOR`.
3. Any other message over UDP is a duplicate if the same sender has sent the same message within `ECHO`, or within
   `SLIP` if the command may cost money. This rule is a guess: nobody presses a button that fast.

TCP itself delivers no duplicates.

A duplicate gets the same replies again, and its command does not run.
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
ECHO = 0.1  # s within which an identical message counts as a duplicate
SLIP = 1.0  # the same for commands that may cost money, s, so that a double tap does not charge twice
NAMED_FOR = 600.0  # time for which the name or time tag of a press is remembered, s
MOST = 4096  # maximum number of remembered presses, and of remembered time tags
ANSWERS = 4  # maximum number of replies kept for each press

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Request:
    """One press, with the peer to reply to and the replies so far."""

    peer: Peer  # the sender
    at: float = 0.0  # time of arrival on the event loop's clock, s
    known_for: float = 0.0  # time for which duplicates of this press are recognised, s
    named: bool = False  # whether the press has a name or a time tag
    answers: list[bytes] = field(default_factory=list)

    def reply(self, data: bytes) -> None:
        """Send a reply, and keep it to answer duplicates."""
        if len(self.answers) < ANSWERS:
            self.answers.append(data)
        self.peer.send(data)

    def fail(self, data: bytes) -> None:
        """Send an error. If the press has no name or time tag, an identical press counts as new after `ECHO`."""
        self.reply(data)
        if not self.named:
            self.known_for = min(self.known_for, ECHO)


class Deduplicator:
    """A memory of recent presses and values."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Request] = {}  # oldest first
        self._dated: dict[tuple[Key, str], float] = {}  # newest time tag of each sender and address

    def take(self, message: Incoming, peer: Peer, command: Command) -> tuple[Incoming, Request] | None:
        """Return the message without its press name, and a `Request`.

        If the message is a duplicate, repeat the replies and return None.
        """
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
        """Return whether a value with a later time tag has already arrived from the sender."""
        if message.due is None:
            return False
        where = (peer.key, message.address)
        if message.due < self._dated.get(where, message.due):
            return True
        self._dated.pop(where, None)
        _remember(self._dated, where, message.due)
        return False


def _named(message: Incoming) -> tuple[str, Incoming]:
    """Return the name of a press ("" for none), and the message without that name."""
    last = message.arguments[-1] if message.arguments else None
    if isinstance(last, str) and last.startswith(PREFIX):
        name = last.removeprefix(PREFIX)[:64]
        return name, Incoming(message.address, message.arguments[:-1], message.due)
    return "", message


def _remember(known: dict[K, V], key: K, value: V) -> None:
    """Add an entry at the end, dropping the oldest entry if there are too many."""
    if len(known) >= MOST:
        del known[next(iter(known))]
    known[key] = value
