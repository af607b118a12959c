"""Defines `VariationContext`, the argument of every stage: the variation, its results so far and the permitted changes.

Stages use this module and the `Engine` and `Daw` protocols, but no other stage. bridge/jobs/pipeline.py gives the
stages their workers, settings and other services.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bridge.daws.base import Daw
from bridge.engines.base import Engine
from bridge.errors import UnknownJob
from bridge.jobs import combine
from bridge.jobs.registry import JobRegistry
from bridge.protocol.job import Job, State, Variation, of_segment
from bridge.protocol.request import Clip, RemixArgs, decode
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import explained, make_folders

T = TypeVar("T")


class Guard(Protocol):
    """A function that completes a step even if its variation is stopped; the scheduler implements it."""

    def __call__(self, variation_id: str, step: Coroutine[Any, Any, T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A file to send to the engine: the clip with its handles, or a segment of the clip."""

    path: Path  # FLAC
    sha256: str  # SHA-256 of the file's content
    start: float  # seconds from the start of the clip with its handles
    seconds: float  # length in seconds
    silent: bool = False  # whether this is a silent segment, which is not sent


@dataclass(frozen=True, slots=True)
class VariationContext:
    """One variation in the pipeline."""

    job_id: str
    variation_id: str
    request: RemixArgs
    clip: Clip
    engine: Engine
    daw: Daw
    cancel: asyncio.Event  # set when the user cancels the variation
    share: Callable[[float], float]  # progress of the running stage (0..1) → progress of the whole pipeline (0..1)
    job_folder: Path  # the job's folder
    _registry: JobRegistry
    _store: Store
    _guard: Guard
    done: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # results of this segment, by stage
    each: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)  # results of all segments, by stage
    segment: int = 0  # index of the current segment; 0 if the clip is not split
    by_segment: bool = False  # whether the running stage runs once per segment

    @property
    def job(self) -> Job:
        return self._registry.job(self.job_id)

    @property
    def variation(self) -> Variation:
        found = self._registry.variation(self.variation_id)
        if found is None:
            raise UnknownJob(f"There is no variation {self.variation_id} in memory.")
        return found

    @property
    def variations(self) -> list[Variation]:
        """All variations of the job, in order, including this variation."""
        return self._registry.variations(self.job_id)

    @property
    def unit(self) -> str:
        """The key in the journal for the variation or, if the variation has segments, for the current segment."""
        return of_segment(self.variation_id, self.segment)

    @property
    def clip_unit(self) -> str:
        """The key in the journal for the clip or, if the clip has segments, for the current segment."""
        return of_segment(f"{self.job_id}/{self.variation.clip_index}", self.segment)

    @property
    def clip_folder(self) -> Path:
        """The folder for the clip or, if the clip has segments, for the current segment."""
        return self._folder(f"clip-{self.variation.clip_index + 1}")

    @property
    def folder(self) -> Path:
        """The folder for the variation or, if the variation has segments, for the current segment."""
        variation = self.variation
        return self._folder(f"clip-{variation.clip_index + 1}/variation-{variation.index + 1}")

    @property
    def segments(self) -> tuple[Sent, ...]:
        """The files to send, in order: a single file if the engine accepts the whole clip with its handles."""
        rendered = self.done["render"]
        parts = rendered.get("legs") or [{**rendered, "start": 0}]
        rate = rendered["sample_rate"]
        return tuple(
            Sent(
                Path(part["path"]),
                part["sha256"],
                part["start"] / rate,
                part["frames"] / rate,
                part.get("silent", False),
            )
            for part in parts
        )

    @property
    def sent(self) -> Sent:
        """The file to send for the current segment."""
        return self.segments[self.segment]

    async def enter(self, state: State, message: str = "", **fields: Any) -> None:
        """Set the state and `fields` on disk; do nothing if the state stays the same and `fields` is empty."""
        if self.variation.state is not state or fields:
            message = self._of_segment(message)
            await self.change(state=state, reason="", message=message, queue_position=None, **fields)

    async def change(self, *, mark: tuple[str, str, Mapping[str, Any]] | None = None, **fields: Any) -> None:
        """Change the variation and a stage's marker in one transaction; both are on disk when this method returns."""
        await self._registry.change(self.variation_id, mark=mark, **fields)

    def move(self, state: State) -> None:
        """Set the state in memory only, because it can be determined again after a restart."""
        self._registry.move(self.variation_id, state)

    async def turn_back(self) -> None:
        """Set the state to `waiting` before the next segment is submitted, so that a cancel takes effect at once.

        The state table requires this step too: no later state may change directly back to `submitting`.
        """
        if self.segment and self.variation.state not in (State.NEW, State.WAITING):
            text = self._of_segment("next")
            await self.change(state=State.WAITING, ordered=False, reason="slot", message=text)

    def report(
        self,
        *,
        fraction: float | None = None,
        message: str | None = None,
        queue_position: int | None = None,
        running: bool | None = None,
    ) -> None:
        """Report the progress of the running stage (see `engines.base.Report`).

        The progress stays where it is while a transfer that has to begin again catches up. Only a stage that begins, or
        a new submission, sets it back (see `enter`).
        """
        news: dict[str, Any] = {}
        if fraction is not None:
            share = round(self.share(min(1.0, max(0.0, fraction))), 4)
            news["progress"] = max(share, self.variation.progress)
        if message is not None:
            news["message"] = self._of_segment(message)
        if queue_position is not None or running:
            news["queue_position"] = queue_position
        if news:
            self._registry.progress(self.variation_id, **news)

    def progress(self, start: float = 0.0, stop: float = 1.0) -> Callable[[float], None]:
        """Return a progress callback for a signal task that takes the running stage from `start` to `stop` (0..1)."""
        return lambda fraction: self.report(fraction=start + (stop - start) * fraction)

    async def warn(self, warnings: list[dict[str, str]]) -> None:
        """Add warnings to the job."""
        await self._registry.warn(self.job_id, warnings)

    async def sends(self, seconds: float) -> None:
        """Record how many seconds of audio are sent for the clip, because this number determines the cost."""
        known = list(self.job.seconds)
        known[self.variation.clip_index] = round(seconds, 3)
        await self._registry.note(self.job_id, seconds=tuple(known))

    async def billed(self, units: float | None) -> None:
        """Record how many units the engine charged; one unit is one second of audio."""
        if units is None:
            return
        await self._store(Database.bill, self.unit, round(units * self.job.price, 6))
        # `bills` is read after the wait, because another variation may have been billed meanwhile
        await self._registry.note(self.job_id, bills={**self.job.bills, self.unit: units})

    async def forget(self, unit: str, stage: str) -> None:
        """Remove the result of a finished stage from the journal, so that the next retry runs the stage again."""
        await self._store(Database.forget_stage, unit, stage)

    async def guarded(self, step: Coroutine[Any, Any, T]) -> T:
        """Complete a step even if this variation's task is cancelled; a shutdown waits for the step to finish."""
        return await self._guard(self.variation_id, step)

    def _of_segment(self, message: str) -> str:
        """Prefix a message with the segment's number if the running stage processes the segments of a long clip."""
        count = len(self.segments) if "render" in self.done else 1
        shown = self.by_segment and count > 1 and message
        return f"segment {self.segment + 1} of {count}: {message}" if shown else message

    def _folder(self, inner: str) -> Path:
        folder = self.job_folder / inner / (f"leg-{self.segment + 1}" if self.segment else "")
        with explained(folder):
            make_folders(folder, self.job_folder.parent.parent)
        return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """Factory for the context of a variation that is about to run."""

    home: Path
    registry: JobRegistry
    store: Store
    engines: Mapping[str, Engine]  # engines by name
    daws: Mapping[str, Daw]  # DAW adapters by name
    other: Daw  # adapter for requests from any other program

    def of(self, variation: Variation, cancel: asyncio.Event, guard: Guard) -> VariationContext:
        """Return the context for a variation's stages.

        Args:
            variation: the variation that is about to run.
            cancel: event that is set when the user cancels the variation.
            guard: runs steps that must not be interrupted.
        """
        job = self.registry.job(variation.job_id)
        request = decode(dict(job.request), RemixArgs)
        return VariationContext(
            job_id=job.id,
            variation_id=variation.id,
            request=request,
            clip=combine.combined(request) if request.is_combined else request.clips[variation.clip_index],
            engine=self.engines[job.engine],
            daw=self.daws.get(job.daw, self.other),
            cancel=cancel,
            share=lambda part: part,
            job_folder=self.home / "jobs" / job.id,
            _registry=self.registry,
            _store=self.store,
            _guard=guard,
        )
