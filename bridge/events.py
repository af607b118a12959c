"""The event bus and its events. Jobs, surface settings and audition publish events; surfaces and the outbox listen.

This module imports nothing from the bridge, so any module may import it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was added, or its state or cost has changed."""

    job_id: str
    state: str  # a value of bridge.protocol.job.State
    cost: float | None = None  # US dollars: the billed amount once known, until then an estimate; None: unchanged


@dataclass(frozen=True, slots=True)
class VariationChanged:
    """A variation has a new state, result or message."""

    job_id: str
    variation_id: str
    state: str  # a value of bridge.protocol.job.State
    path: str = ""  # the result's final file; empty until it exists


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The progress or message of a job has changed."""

    job_id: str
    fraction: float  # progress of the whole job, 0..1
    message: str = ""  # what the job is doing, as text for people


@dataclass(frozen=True, slots=True)
class Alert:
    """An error or warning to show to the user. An alert about a job is published within a second of the job's end."""

    code: str  # error code, see bridge/errors
    text: str  # text for people
    job_id: str = ""  # job that the alert is about; empty: none


@dataclass(frozen=True, slots=True)
class PresetSelected:
    """A surface selected a preset.

    Published before the command returns, so that a surface can tell which of its controls caused the event.
    """

    name: str  # name of the preset
    params: Mapping[str, str | int | float | bool]  # all values now in effect, by parameter


@dataclass(frozen=True, slots=True)
class ParamSet:
    """A surface set a parameter or the `amount`. Published before the command returns, like `PresetSelected`."""

    name: str  # name of the parameter
    value: str | int | float | bool  # value after validation


@dataclass(frozen=True, slots=True)
class AuditionChanged:
    """Audition switched to a different side, or stopped."""

    heard: str  # the side that plays: "source", "result", or "" for none


@dataclass(frozen=True, slots=True)
class SelectionSent:
    """A DAW sent its selection, and the bridge created a job from that selection."""

    job_id: str
    instance: str  # instance ID of the DAW process


Event = (
    JobChanged | VariationChanged | JobProgress | Alert | PresetSelected | ParamSet | AuditionChanged | SelectionSent
)
Listener = Callable[[Event], None]
A = TypeVar("A", bound=Event)
B = TypeVar("B", bound=Event)
C = TypeVar("C", bound=Event)


class EventBus:
    """A bus that passes each event to its listeners, in order of subscription, before `publish` returns.

    Listeners must not block. An exception in a listener is logged, and the other listeners still get the event.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Callable[..., None], tuple[type, ...]]] = []

    @overload
    def subscribe(self, listener: Callable[[A], None], a: type[A], /) -> Callable[[], None]: ...
    @overload
    def subscribe(self, listener: Callable[[A | B], None], a: type[A], b: type[B], /) -> Callable[[], None]: ...
    @overload
    def subscribe(
        self, listener: Callable[[A | B | C], None], a: type[A], b: type[B], c: type[C], /
    ) -> Callable[[], None]: ...
    @overload
    def subscribe(self, listener: Listener, /, *types: type[Event]) -> Callable[[], None]: ...

    def subscribe(self, listener: Callable[..., None], /, *types: type[Any]) -> Callable[[], None]:
        """Add a listener for events of the given types, or for all events if no type is given.

        Returns:
            A function that removes the listener.
        """
        entry = (listener, types)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    def publish(self, event: Event) -> None:
        """Call every listener that subscribed to this type of event."""
        for listener, types in tuple(self._listeners):
            if types and not isinstance(event, types):
                continue
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
