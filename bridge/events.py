"""The one event bus: stages, scheduler and daemon publish, surfaces and the outbox listen.

Imports nothing of the bridge, so that anything may import it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

log = logging.getLogger(__name__)

Kind = Literal["job", "variation", "progress", "alert", "preset", "param", "audition", "daw", "selection"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: Kind  # what happened; `BridgeApi` says what `data` has of it
    job_id: str = ""  # the job it belongs to, if any
    variation_id: str = ""  # the variation it belongs to, if any
    data: dict[str, Any] = field(default_factory=dict)  # small values that surfaces show


Listener = Callable[[Event], None]


class EventBus:
    """Delivers each event to those who listen for its kind, in order of subscription, on the publisher's own stack.

    A listener must not block; one that raises is logged and does not keep the others from hearing.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Listener, tuple[Kind, ...]]] = []

    def subscribe(self, listener: Listener, *kinds: Kind) -> Callable[[], None]:
        """Add a listener for some kinds of events, or for all if none is given; return the function that removes it."""
        entry = (listener, kinds)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    def publish(self, event: Event) -> None:
        """Tell every listener to this kind of event."""
        for listener, kinds in tuple(self._listeners):
            if kinds and event.kind not in kinds:
                continue
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", event.kind)
