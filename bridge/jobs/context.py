"""What a stage is called with: one variation on its way, with the results so far and all that may be done about it.

Stages know this module, the Protocols of engine and DAW, and nothing of each other. What a stage uses beside it, such
as workers or settings, it is given where bridge/jobs/pipeline.py lists it.
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
from bridge.util.atomic import explained

T = TypeVar("T")


class Guard(Protocol):
    """Runs a step of a variation to its end, even when the variation is stopped; the scheduler has it."""

    def __call__(self, variation_id: str, step: Coroutine[Any, Any, T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """One file that is sent: the clip with its handles, or a segment of it."""

    path: Path  # a FLAC file
    sha256: str  # of its content
    start: float  # s from the beginning of everything that is sent of the clip
    seconds: float  # its length


@dataclass(frozen=True, slots=True)
class VariationContext:
    """One variation on its way."""

    job_id: str
    variation_id: str
    request: RemixArgs
    clip: Clip
    engine: Engine
    daw: Daw
    cancel: asyncio.Event  # set when the user wants it stopped and the engine has a say in that
    share: Callable[[float], float]  # fraction of the running stage → fraction of the whole way
    job_folder: Path  # the folder of the whole job
    _registry: JobRegistry
    _store: Store
    _guard: Guard
    done: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # the finished stages' results, of this segment
    each: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)  # the same of every segment, in order
    segment: int = 0  # which part of a long clip is in hand, from 0; a clip that is sent whole has one
    by_segment: bool = False  # whether the running stage is done segment by segment

    @property
    def job(self) -> Job:
        return self._registry.job(self.job_id)

    @property
    def variation(self) -> Variation:
        found = self._registry.variation(self.variation_id)
        if found is None:
            raise UnknownJob(f"There is no variation {self.variation_id} in hand.")
        return found

    @property
    def variations(self) -> list[Variation]:
        """All variations of the job in order, this one among them."""
        return self._registry.variations(self.job_id)

    @property
    def unit(self) -> str:
        """The journal's name for what is done once per variation, and of a long clip per segment."""
        return of_segment(self.variation_id, self.segment)

    @property
    def clip_unit(self) -> str:
        """The journal's name for what is done once per clip, and of a long one per segment."""
        return of_segment(f"{self.job_id}/{self.variation.clip_index}", self.segment)

    @property
    def clip_folder(self) -> Path:
        """The folder for what is made once per clip, and of a long one per segment."""
        return self._folder(f"clip-{self.variation.clip_index + 1}")

    @property
    def folder(self) -> Path:
        """The folder for what is made once per variation, and of a long clip per segment."""
        variation = self.variation
        return self._folder(f"clip-{variation.clip_index + 1}/variation-{variation.index + 1}")

    @property
    def segments(self) -> tuple[Sent, ...]:
        """What is sent, in order; the clip with its handles is one segment where the engine takes it whole."""
        rendered = self.done["render"]
        parts = rendered.get("legs") or [{**rendered, "start": 0}]
        rate = rendered["sample_rate"]
        return tuple(
            Sent(Path(part["path"]), part["sha256"], part["start"] / rate, part["frames"] / rate) for part in parts
        )

    @property
    def sent(self) -> Sent:
        """What is sent of the segment in hand."""
        return self.segments[self.segment]

    async def enter(self, state: State, message: str = "", **fields: Any) -> None:
        """Go to a state, on disk first; where the variation stands already nothing is written."""
        if self.variation.state is not state or fields:
            message = self._of_segment(message)
            await self.change(state=state, reason="", message=message, queue_position=None, **fields)

    async def change(self, *, mark: tuple[str, str, Mapping[str, Any]] | None = None, **fields: Any) -> None:
        """Change the variation, and a stage's mark with it; on disk when this returns."""
        await self._registry.change(self.variation_id, mark=mark, **fields)

    def move(self, state: State) -> None:
        """Go to a state that a restart finds out again by itself; in memory only."""
        self._registry.move(self.variation_id, state)

    async def turn_back(self) -> None:
        """Before a further segment is ordered, stand where nothing is at the engine and a cancel stops at once.

        No state that follows an order leads to another order.
        """
        if self.segment and self.variation.state not in (State.NEW, State.WAITING):
            text = self._of_segment("next in turn")
            await self.change(state=State.WAITING, ordered=False, reason="slot", message=text)

    def report(
        self,
        *,
        fraction: float | None = None,
        message: str | None = None,
        queue_position: int | None = None,
        running: bool | None = None,
    ) -> None:
        """Tell how far the running stage is (see `engines.base.Report`)."""
        news: dict[str, Any] = {}
        if fraction is not None:
            news["progress"] = round(self.share(min(1.0, max(0.0, fraction))), 4)
        if message is not None:
            news["message"] = self._of_segment(message)
        if queue_position is not None or running:
            news["queue_position"] = queue_position
        if news:
            self._registry.progress(self.variation_id, **news)

    def progress(self, start: float = 0.0, stop: float = 1.0) -> Callable[[float], None]:
        """Return what a signal task tells its progress to, which is this part of the running stage's."""
        return lambda fraction: self.report(fraction=start + (stop - start) * fraction)

    async def warn(self, warnings: list[dict[str, str]]) -> None:
        """Add warnings to the job."""
        await self._registry.warn(self.job_id, warnings)

    async def sends(self, seconds: float) -> None:
        """Note how much of the clip is really sent, since that is what costs."""
        known = list(self.job.seconds)
        known[self.variation.clip_index] = round(seconds, 3)
        await self._registry.note(self.job_id, seconds=tuple(known))

    async def billed(self, units: float | None) -> None:
        """Note what the engine says it charged; its units are seconds of audio (reference: the model's price)."""
        if units is None:
            return
        await self._store(Database.bill, self.unit, round(units * self.job.price, 6))
        # Read after the wait: another variation's bill may have come in between.
        await self._registry.note(self.job_id, bills={**self.job.bills, self.unit: units})

    async def forget(self, unit: str, stage: str) -> None:
        """Let a finished stage be done again at the next retry."""
        await self._store(Database.forget_stage, unit, stage)

    async def guarded(self, step: Coroutine[Any, Any, T]) -> T:
        """Run a step to its end even when this variation's task is cancelled; a shutdown waits for it."""
        return await self._guard(self.variation_id, step)

    def _of_segment(self, message: str) -> str:
        """Say which part of a long clip a message is about."""
        count = len(self.segments) if "render" in self.done else 1
        return (
            f"part {self.segment + 1} of {count}: {message}" if self.by_segment and count > 1 and message else message
        )

    def _folder(self, inner: str) -> Path:
        folder = self.job_folder / inner / (f"leg-{self.segment + 1}" if self.segment else "")
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """Makes the context of a variation that is about to go on."""

    home: Path
    registry: JobRegistry
    store: Store
    engines: Mapping[str, Engine]  # by name
    daws: Mapping[str, Daw]  # by name
    other: Daw  # for requests of a program that is none of them

    def of(self, variation: Variation, cancel: asyncio.Event, guard: Guard) -> VariationContext:
        """Return what a variation's stages are called with.

        Args:
            variation: whose.
            cancel: set when the user wants it stopped.
            guard: runs steps that must not be broken off.
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
