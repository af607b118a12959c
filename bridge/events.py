"""The one event bus: stages, scheduler and daemon publish, surfaces and the outbox listen.

Imports nothing of the bridge, so that anything may import it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: str  # "job" | "variation" | "progress" | "alert" | "preset" | "param" | "audition" | "daw" | "stopping"
    job_id: str = ""  # the job it belongs to, if any
    variation_id: str = ""  # the variation it belongs to, if any
    data: dict[str, Any] = field(default_factory=dict)  # small values that surfaces show


Listener = Callable[[Event], None]


class EventBus:
    """Delivers events to listeners in the order of subscription, on the publisher's own stack.

    A listener must not block; one that raises is logged and does not keep the others from hearing.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener and return the function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def publish(self, event: Event) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", event.kind)
