"""Who is made when: so many variations at a time, the rest wait in order; cancel tells the truth.

Knows the pipeline and the registry, no stage and no DAW. A shutdown stops here and never reaches the model: what was
ordered runs on there and is picked up at the next start.
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

DISK_LOOK = 30.0  # s until a variation that found no room on a disk tries again
NETWORK_LOOK = 15.0  # s until a variation that could not reach its engine tries again, beside the engine's own tries
PERSON = "user"  # the reason of a variation that waits for a person: no restart is an answer
BUDGET_LOOK = 60.0  # s between two looks whether a waiting variation fits into the budget again

PAUSES = (BudgetReached, SpendingUnconfirmed, DiskFull, StoreBusy, NetworkDown)  # what lets a variation wait, not fail

# Stages before the order can simply be stopped; after it the engine has a say.
STOPPABLE = frozenset({State.NEW, State.WAITING, State.RENDERING, State.UPLOADING})
ORDERED = frozenset({State.SUBMITTING, State.QUEUED, State.RUNNING, State.FETCHING, State.FITTING})


@dataclass(slots=True)
class Run:
    """A variation that is being made."""

    task: asyncio.Task[None]
    cancel: asyncio.Event = field(default_factory=asyncio.Event)  # the user wants it stopped


class Scheduler:
    """The queue and its slots."""

    def __init__(
        self, registry: JobRegistry, bus: EventBus, pipeline: Pipeline, contexts: Contexts, *, slots: int
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._pipeline = pipeline
        self._contexts = contexts
        self._slots = slots
        self._queue: deque[str] = deque()
        self._ordered: deque[str] = deque()  # goes before the queue and needs no slot: results do not live long
        self._running: dict[str, Run] = {}
        self._guarded: set[asyncio.Task[Any]] = set()  # steps that are seen to their end, named by their variation
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._again: set[str] = set()  # asked for once more while their run was still ending
        self._stopping = False

    def resume(self, variations: list[Variation]) -> None:
        """Queue what a restart found unfinished; what was ordered goes first, since results do not live long."""
        todo = [one for one in variations if one.state not in (State.READY, State.PLACING) and one.reason != PERSON]
        for variation in sorted(todo, key=lambda one: not _is_ordered(one)):
            self.enqueue(variation.id)

    def enqueue(self, variation_id: str) -> None:
        """Put a variation at the end of the queue; one that was ordered before goes on at once, whatever is in work."""
        if timer := self._later.pop(variation_id, None):
            timer.cancel()
        if variation_id in self._queue or variation_id in self._ordered:
            return
        if variation_id in self._running:
            self._again.add(variation_id)
            return
        variation = self._registry.variation(variation_id)
        (self._ordered if variation is not None and _is_ordered(variation) else self._queue).append(variation_id)
        self._fill()
        variation = self._registry.variation(variation_id)
        if variation_id in self._queue and variation and variation.state in (State.NEW, State.WAITING):
            self._registry.move(variation_id, State.WAITING, reason="slot", message="waiting for a free slot")

    async def cancel(self, variation_id: str) -> None:
        """Stop a variation as far as that can be done; what was paid is kept."""
        variation = self._registry.variation(variation_id)
        if variation is None or variation.state in ENDED:
            return
        run = self._running.get(variation_id)
        if variation.state in STOPPABLE:
            await self._stop_early(variation_id, run)
        elif run is not None:
            await self._registry.change(variation_id, cancel_asked=True, message="asking the engine to stop")
            run.cancel.set()
        else:  # ready or offered: the file is here and paid for
            result = {**(variation.result or {}), "placed": False}
            text = f"cancelled; the finished result is kept: {result.get('path', '')}"
            await self._registry.change(variation_id, state=State.DONE, result=result, cancel_asked=True, message=text)

    async def stop(self) -> None:
        """End all work here; nothing that was ordered is cancelled, and an order on its way is seen to its end."""
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
        """Variations that are being made now."""
        return len(self._running)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while not self._stopping:
            if self._ordered:
                variation_id = self._ordered.popleft()
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
            await self._take_through(variation_id)
        except Exception:
            log.exception("variation %s could not be brought to an end", variation_id)
        finally:
            self._running.pop(variation_id, None)
            if variation_id in self._again:
                self._again.discard(variation_id)
                self.enqueue(variation_id)  # what has ended meanwhile is dropped there
            self._fill()

    async def _take_through(self, variation_id: str) -> None:
        """Run the pipeline and give the variation the state that follows from how it ended."""
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
            text = f"cancelled; {error.kept or 'nothing was placed'}"
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
        """Run a step to its end even when its variation's task is cancelled; a shutdown waits for it."""
        task = asyncio.create_task(step, name=variation_id)
        self._guarded.add(task)
        task.add_done_callback(self._guarded.discard)
        return await asyncio.shield(task)

    async def _pause(self, variation_id: str, error: BridgeError) -> None:
        """Let a variation wait for what an error says is missing."""
        reason, seconds = "disk", DISK_LOOK  # also where another program holds the journal
        match error:
            case BudgetReached():
                reason, seconds = "budget", BUDGET_LOOK
            case NetworkDown():
                reason, seconds = "network", NETWORK_LOOK
            case SpendingUnconfirmed():
                reason, seconds = PERSON, math.inf
        with contextlib.suppress(DiskFull, StoreBusy):  # where the journal takes nothing, it waits in memory
            await self._wait(variation_id, reason, None if seconds == math.inf else seconds, error)

    async def _wait(self, variation_id: str, reason: str, seconds: float | None, error: BridgeError) -> None:
        """Let a variation wait for what is missing; `retry` lets it look at once.

        Args:
            variation_id: which one.
            reason: a word of the outbox.
            seconds: after which it looks again by itself; None: it waits for a person.
            error: what is missing.
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
            run.cancel.set()  # an order that is just about to leave sees this and does not
            run.task.cancel()
            steps = [task for task in self._guarded if task.get_name() == variation_id]
            await asyncio.gather(run.task, *steps, return_exceptions=True)
        after = self._registry.variation(variation_id)
        if after is None or after.state in ENDED:
            return
        if after.state not in STOPPABLE:  # it was ordered in the meantime: the engine has to be asked
            await self._registry.change(variation_id, cancel_asked=True)
            self.enqueue(variation_id)
            return
        begun = after.stage in ("remix", "fetch", "fit", "place")  # it waited for room on its way back
        text = "cancelled; `retry` goes on where it stopped" if begun else "cancelled before it was ordered"
        await self._registry.change(variation_id, state=State.CANCELLED, cancel_asked=True, message=text, reason="")


def _is_ordered(variation: Variation) -> bool:
    """Tell whether an order stands or its result is here; journals of before have only the state to tell it by."""
    return variation.ordered or variation.state in ORDERED
