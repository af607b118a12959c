"""What a stage gets and what it is: one variation's way with the results so far, and the tools to go on.

Stages know this module, the Protocols of engine and DAW, and nothing of each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bridge.config.settings import Config
from bridge.daws.base import Daw
from bridge.engines.base import Engine
from bridge.errors import UnknownJob
from bridge.events import EventBus
from bridge.jobs.budget import Budget
from bridge.jobs.registry import JobRegistry
from bridge.protocol.job import Job, State, Variation, of_segment
from bridge.protocol.request import Clip, RemixArgs
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import explained
from bridge.workers.pool import Workers

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What all variations share."""

    home: Path
    settings: Config
    registry: JobRegistry
    store: Store
    bus: EventBus
    workers: Workers
    budget: Budget
    clock: Callable[[], float]  # unix time, s
    critical: set[asyncio.Task[Any]] = field(default_factory=set)  # steps that a shutdown waits for, by variation id

    def critical_of(self, variation_id: str) -> list[asyncio.Task[Any]]:
        """Return a variation's steps that are seen to their end."""
        return [task for task in self.critical if task.get_name() == variation_id]


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

    services: Services
    job_id: str
    variation_id: str
    request: RemixArgs
    clip: Clip
    engine: Engine
    daw: Daw
    cancel: asyncio.Event  # set when the user wants it stopped and the engine has a say in that
    share: Callable[[float], float]  # fraction of the running stage → fraction of the whole way
    done: Mapping[str, dict[str, Any]]  # results of the finished stages, by name; of those per segment, the one in hand
    each: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)  # the same of every segment, in order
    segment: int = 0  # which part of a long clip is in hand, from 0; a clip that is sent whole has one
    by_segment: bool = False  # whether the running stage is done segment by segment

    @property
    def job(self) -> Job:
        return self.services.registry.job(self.job_id)

    @property
    def variation(self) -> Variation:
        found = self.services.registry.variation(self.variation_id)
        if found is None:
            raise UnknownJob(f"There is no variation {self.variation_id} in hand.")
        return found

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

    @property
    def job_folder(self) -> Path:
        """The folder of the whole job."""
        return self.services.home / "jobs" / self.job_id

    async def enter(self, state: State, message: str = "", **fields: Any) -> None:
        """Go to a state, on disk first; where the variation stands already nothing is written."""
        if self.variation.state is not state or fields:
            message = self._of_segment(message)
            await self.services.registry.change(
                self.variation_id, state=state, reason="", message=message, queue_position=None, **fields
            )

    async def turn_back(self) -> None:
        """Before a further segment is ordered, stand where nothing is at the engine and a cancel stops at once.

        No state that follows an order leads to another order.
        """
        if self.segment and self.variation.state not in (State.NEW, State.WAITING):
            text = self._of_segment("next in turn")
            await self.services.registry.change(
                self.variation_id, state=State.WAITING, ordered=False, reason="slot", message=text
            )

    def report(
        self,
        *,
        fraction: float | None = None,
        message: str | None = None,
        queue_position: int | None = None,
        running: bool | None = None,
    ) -> None:
        """Tell how far the running stage is (see `model.base.Report`)."""
        news: dict[str, Any] = {}
        if fraction is not None:
            news["progress"] = round(self.share(min(1.0, max(0.0, fraction))), 4)
        if message is not None:
            news["message"] = self._of_segment(message)
        if queue_position is not None or running:
            news["queue_position"] = queue_position
        if news:
            self.services.registry.progress(self.variation_id, **news)

    async def in_worker(
        self, task: str, args: Mapping[str, Any], part: tuple[float, float] = (0.0, 1.0)
    ) -> dict[str, Any]:
        """Run a signal task in a worker process, its progress reported as this part of the stage's."""
        start, stop = part
        return await self.services.workers.run(
            task, args, lambda fraction: self.report(fraction=start + (stop - start) * fraction)
        )

    async def warn(self, warnings: list[dict[str, str]]) -> None:
        """Add warnings to the job."""
        await self.services.registry.warn(self.job_id, warnings)

    async def sends(self, seconds: float) -> None:
        """Note how much of the clip is really sent, since that is what costs."""
        known = list(self.job.seconds)
        known[self.variation.clip_index] = round(seconds, 3)
        await self.services.registry.note(self.job_id, seconds=tuple(known))

    async def billed(self, units: float | None) -> None:
        """Note what the engine says it charged; its units are seconds of audio (reference: the model's price)."""
        if units is None:
            return
        await self.services.store(Database.bill, self.unit, round(units * self.job.price, 6))
        # Read after the wait: another variation's bill may have come in between.
        await self.services.registry.note(self.job_id, bills={**self.job.bills, self.unit: units})

    async def forget(self, unit: str, stage: str) -> None:
        """Let a finished stage be done again at the next retry."""
        await self.services.store(Database.forget_stage, unit, stage)

    async def guarded(self, step: Coroutine[Any, Any, T]) -> T:
        """Run a step to its end even when this variation's task is cancelled; a shutdown waits for it."""
        task = asyncio.create_task(step, name=self.variation_id)
        self.services.critical.add(task)
        task.add_done_callback(self.services.critical.discard)
        return await asyncio.shield(task)

    def _of_segment(self, message: str) -> str:
        """Say which part of a long clip a message is about."""
        count = len(self.segments) if "render" in self.done else 1
        return (
            f"part {self.segment + 1} of {count}: {message}" if self.by_segment and count > 1 and message else message
        )

    def _folder(self, inner: str) -> Path:
        folder = self.services.home / "jobs" / self.job_id / inner / (f"leg-{self.segment + 1}" if self.segment else "")
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way."""

    name: str  # as in the journal and in the outbox's `stage`
    state: State | None  # what a variation is called meanwhile; None: the stage says it itself
    says: str  # the message shown when it begins
    per_clip: bool  # done once per clip, for all of its variations
    per_segment: bool  # done for each segment of a clip that is longer than the engine takes
    weight: float  # its part of the whole way, for progress
    run: Callable[
        [VariationContext], Awaitable[dict[str, Any] | None]
    ]  # its result; None: it ends outside, by a DAW's word
    says_here: str = ""  # the message where the engine works on this machine; empty: the same

    def words(self, *, remote: bool) -> str:
        """Return the message that fits where the engine works."""
        return self.says if remote or not self.says_here else self.says_here
