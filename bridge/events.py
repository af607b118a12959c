"""The event bus and its events: jobs, surface settings and audition publish them, surfaces and the outbox listen.

Imports nothing from the bridge, so any module may import it.
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
    cost: float | None = None  # US dollars: billed once that is known, else estimated; None: unchanged


@dataclass(frozen=True, slots=True)
class VariationChanged:
    """A variation has a new state, result or message."""

    job_id: str
    variation_id: str
    state: str  # a value of bridge.protocol.job.State
    path: str = ""  # the result's final file; empty until it exists


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job has a new progress or message."""

    job_id: str
    fraction: float  # of the whole job, 0..1
    message: str = ""  # what it is doing, for people


@dataclass(frozen=True, slots=True)
class Alert:
    """An error or warning to show to the user. An alert about a job comes within a second of the job's end."""

    code: str  # of the error, see bridge/errors
    text: str  # for people
    job_id: str = ""  # the job it is about; empty: none


@dataclass(frozen=True, slots=True)
class PresetSelected:
    """A surface selected a preset. Published before the command returns, so a surface knows which control did it."""

    name: str  # of the preset
    params: Mapping[str, str | int | float | bool]  # all values now in effect, by parameter


@dataclass(frozen=True, slots=True)
class ParamSet:
    """A surface set a parameter or `amount`. Published before the command returns, like `PresetSelected`."""

    name: str  # of the parameter
    value: str | int | float | bool  # as checked


@dataclass(frozen=True, slots=True)
class AuditionChanged:
    """Audition plays another side, or stopped."""

    heard: str  # the side that plays: "source", "result", or "" for none


@dataclass(frozen=True, slots=True)
class SelectionSent:
    """A DAW sent its selection, and the bridge made a job from it."""

    job_id: str
    instance: str  # the DAW process


Event = (
    JobChanged | VariationChanged | JobProgress | Alert | PresetSelected | ParamSet | AuditionChanged | SelectionSent
)
Listener = Callable[[Event], None]
A = TypeVar("A", bound=Event)
B = TypeVar("B", bound=Event)
C = TypeVar("C", bound=Event)


class EventBus:
    """Calls each event's listeners in order of subscription, synchronously in `publish`.

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
        """Add a listener for events of these types; with no types, for all events.

        Returns:
            A function that removes the listener.
        """
        entry = (listener, types)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    def publish(self, event: Event) -> None:
        """Call every listener of this type of event."""
        for listener, types in tuple(self._listeners):
            if types and not isinstance(event, types):
                continue
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
