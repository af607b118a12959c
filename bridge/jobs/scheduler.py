"""Runs queued variations in order, at most `slots` at a time; variations that were submitted resume without a slot.

The scheduler uses the pipeline and the registry, but no stage and no DAW. A cancel reports what really happened at the
engine. A shutdown cancels nothing at the engine: submitted variations continue there, and the next daemon waits for
their results.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bridge.errors import (
    BridgeError,
    BudgetReached,
    DiskFull,
    NetworkDown,
    SpendingUnconfirmed,
    StoreBusy,
    StoreDamaged,
    SubmitUnknown,
    Unexpected,
    Withdrawn,
)
from bridge.events import Alert, EventBus
from bridge.jobs.context import Contexts
from bridge.jobs.pipeline import Pipeline
from bridge.jobs.registry import JobRegistry
from bridge.protocol.job import ENDED, State, Variation

T = TypeVar("T")

log = logging.getLogger(__name__)

DISK_LOOK = 30.0  # seconds until a variation that failed on a full disk is tried again
NETWORK_LOOK = 15.0  # seconds until a variation is tried again after retries failed to reach its engine
PERSON = "user"  # `reason` of a variation that waits for the user; a restart does not end the wait
BUDGET_LOOK = 60.0  # seconds between checks of whether a waiting variation fits the budget

PAUSES = (
    BudgetReached,
    SpendingUnconfirmed,
    DiskFull,
    StoreBusy,
    StoreDamaged,
    NetworkDown,
)  # errors that make a variation wait

# A variation can simply be stopped before its submission; afterwards the engine must be asked to stop.
STOPPABLE = frozenset({State.NEW, State.WAITING, State.RENDERING, State.UPLOADING})
ORDERED = frozenset({State.SUBMITTING, State.QUEUED, State.RUNNING, State.FETCHING, State.FITTING})


@dataclass(slots=True)
class Run:
    """The task of a running variation."""

    task: asyncio.Task[None]
    cancel: asyncio.Event = field(default_factory=asyncio.Event)  # set when the user cancels


class Scheduler:
    """The queue of variations and the slots in which they run."""

    def __init__(
        self, registry: JobRegistry, bus: EventBus, pipeline: Pipeline, contexts: Contexts, *, slots: int
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._pipeline = pipeline
        self._contexts = contexts
        self._slots = slots
        self._queue: deque[str] = deque()
        self._submitted: deque[str] = deque()  # submitted variations go first and need no slot, because results expire
        self._running: dict[str, Run] = {}
        self._guarded: set[asyncio.Task[Any]] = set()  # steps that must finish; each is named after its variation
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._again: set[str] = set()  # variations that were queued again while they were running
        self._stopping = False

    def resume(self, variations: list[Variation]) -> None:
        """Queue unfinished variations after a restart; submitted variations go first, because results expire."""
        todo = [one for one in variations if one.state not in (State.READY, State.PLACING) and one.reason != PERSON]
        for variation in sorted(todo, key=lambda one: not _is_submitted(one)):
            self.enqueue(variation.id)

    def enqueue(self, variation_id: str) -> None:
        """Queue a variation; if it was submitted before, resume it at once."""
        if timer := self._later.pop(variation_id, None):
            timer.cancel()
        if variation_id in self._queue or variation_id in self._submitted:
            return
        if variation_id in self._running:
            self._again.add(variation_id)
            return
        variation = self._registry.variation(variation_id)
        (self._submitted if variation is not None and _is_submitted(variation) else self._queue).append(variation_id)
        self._fill()
        variation = self._registry.variation(variation_id)
        if variation_id in self._queue and variation and variation.state in (State.NEW, State.WAITING):
            self._registry.move(variation_id, State.WAITING, reason="slot", message="waiting for a free slot")

    async def cancel(self, variation_id: str) -> None:
        """Stop a variation as far as possible; a paid result is kept."""
        variation = self._registry.variation(variation_id)
        if variation is None or variation.state in ENDED:
            return
        run = self._running.get(variation_id)
        if variation.state in STOPPABLE:
            await self._stop_early(variation_id, run)
        elif run is not None:
            await self._registry.change(variation_id, cancel_asked=True, message="asking the engine to stop")
            run.cancel.set()
        else:  # ready or offered: the result is paid and on disk
            result = {**(variation.result or {}), "placed": False}
            text = f"cancelled; the finished result is kept: {result.get('path', '')}"
            await self._registry.change(variation_id, state=State.DONE, result=result, cancel_asked=True, message=text)

    async def stop(self) -> None:
        """Stop all running variations; submissions in progress finish, and nothing is cancelled at the engine."""
        self._stopping = True
        for timer in self._later.values():
            timer.cancel()
        while self._guarded:
            await asyncio.wait(set(self._guarded))
        tasks = [run.task for run in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> int:
        """The number of running variations."""
        return len(self._running)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while not self._stopping:
            if self._submitted:
                variation_id = self._submitted.popleft()
            elif self._queue and len(self._running) < self._slots:
                variation_id = self._queue.popleft()
            else:
                return
            run = Run(asyncio.create_task(self._make(variation_id), name=f"variation {variation_id}"))
            variation = self._registry.variation(variation_id)
            if variation is not None and variation.cancel_asked:
                run.cancel.set()
            self._running[variation_id] = run

    async def _make(self, variation_id: str) -> None:
        try:
            await self._run_pipeline(variation_id)
        except Exception:
            log.exception("variation %s could not be ended", variation_id)
        finally:
            self._running.pop(variation_id, None)
            if variation_id in self._again:
                self._again.discard(variation_id)
                self.enqueue(variation_id)  # this does nothing if the variation has ended meanwhile
            self._fill()

    async def _run_pipeline(self, variation_id: str) -> None:
        """Run the pipeline, and set the variation's state according to the outcome."""
        variation = self._registry.variation(variation_id)
        if variation is None or variation.state in ENDED:
            return
        run = self._running[variation_id]
        try:
            await self._pipeline.run(self._contexts.of(variation, run.cancel, self._guard))
        except asyncio.CancelledError:
            raise
        except SubmitUnknown as error:
            await self._end(variation_id, State.UNKNOWN, error)
        except Withdrawn as error:
            asked = run.cancel.is_set()
            bill = "; it may still be billed" if error.may_be_billed else ""
            text = f"cancelled; {error.kept or 'nothing was placed'}{bill}"
            await self._end(variation_id, State.CANCELLED if asked else State.FAILED, None if asked else error, text)
        except PAUSES as error:
            await self._pause(variation_id, error)
        except BridgeError as error:
            log.info("variation %s: %s %s", variation_id, error.code, error.text, exc_info=error.__cause__)
            await self._end(variation_id, State.FAILED, error)
        except Exception:
            log.exception("variation %s", variation_id)
            await self._end(variation_id, State.FAILED, Unexpected())

    async def _guard(self, variation_id: str, step: Coroutine[Any, Any, T]) -> T:
        """Complete a step even if its variation's task is cancelled; a shutdown waits for the step to finish."""
        task = asyncio.create_task(step, name=variation_id)
        self._guarded.add(task)
        task.add_done_callback(self._guarded.discard)
        return await asyncio.shield(task)

    async def _pause(self, variation_id: str, error: BridgeError) -> None:
        """Put a variation on hold until the cause of an error is gone."""
        reason, seconds = "disk", DISK_LOOK  # also if another program locks the journal
        match error:
            case BudgetReached():
                reason, seconds = "budget", BUDGET_LOOK
            case NetworkDown():
                reason, seconds = "network", NETWORK_LOOK
            case SpendingUnconfirmed():
                reason, seconds = PERSON, math.inf
        with contextlib.suppress(DiskFull, StoreBusy, StoreDamaged):  # the wait is then in memory only
            await self._wait(variation_id, reason, None if seconds == math.inf else seconds, error)

    async def _wait(self, variation_id: str, reason: str, seconds: float | None, error: BridgeError) -> None:
        """Put a variation on hold; `retry` ends the wait at once.

        Args:
            variation_id: ID of the variation.
            reason: value of the outbox's `reason` field.
            seconds: time until the next attempt, s; None: the variation waits for the user.
            error: the cause of the wait.
        """
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._later[variation_id] = loop.call_later(seconds, self.enqueue, variation_id)
        if reason != "budget":
            self._alert(variation_id, error)
        await self._registry.change(variation_id, state=State.WAITING, reason=reason, message=error.text)

    def _alert(self, variation_id: str, error: BridgeError) -> None:
        variation = self._registry.variation(variation_id)
        self._bus.publish(Alert(error.code, error.text, variation.job_id if variation else ""))

    async def _end(self, variation_id: str, state: State, error: BridgeError | None, text: str = "") -> None:
        message = error.text if error else text
        await self._registry.change(
            variation_id, state=state, error=error.to_wire() if error else None, message=message, queue_position=None
        )
        if error is not None:
            self._alert(variation_id, error)

    async def _stop_early(self, variation_id: str, run: Run | None) -> None:
        if variation_id in self._queue:
            self._queue.remove(variation_id)
        if timer := self._later.pop(variation_id, None):
            timer.cancel()
        if run is not None:
            run.cancel.set()  # stops a submission that is about to be sent
            run.task.cancel()
            steps = [task for task in self._guarded if task.get_name() == variation_id]
            await asyncio.gather(run.task, *steps, return_exceptions=True)
        after = self._registry.variation(variation_id)
        if after is None or after.state in ENDED:
            return
        if after.state not in STOPPABLE:  # submitted meanwhile, so the engine must be asked to stop
            await self._registry.change(variation_id, cancel_asked=True)
            self.enqueue(variation_id)
            return
        begun = after.stage in ("remix", "fetch", "fit", "place")  # it was submitted, then waited for disk space
        text = "cancelled; `retry` resumes where it stopped" if begun else "cancelled before it was submitted"
        await self._registry.change(variation_id, state=State.CANCELLED, cancel_asked=True, message=text, reason="")


def _is_submitted(variation: Variation) -> bool:
    """Return whether a variation was submitted; in older journals only its state shows this."""
    return variation.ordered or variation.state in ORDERED
