"""Handles messages about existing jobs: cancel, retry and nudge.

The message handler calls this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.errors import ConfirmNeeded, NotPossibleNow, UnknownJob
from bridge.jobs import unknown_keys
from bridge.jobs.budget import Budget
from bridge.jobs.nudge import nudge
from bridge.jobs.registry import JobRegistry
from bridge.jobs.scheduler import Scheduler
from bridge.protocol.job import Job, State, Variation
from bridge.protocol.request import Message, NudgeArgs, TargetArgs, decode
from bridge.store import job_folder
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.workers.pool import Workers


@dataclass(frozen=True, slots=True)
class Actions:
    """The commands `cancel`, `retry` and `nudge` for existing jobs."""

    registry: JobRegistry
    scheduler: Scheduler
    store: Store
    budget: Budget
    workers: Workers

    async def cancel(self, message: Message) -> str:
        """Cancel a job or one of its variations."""
        job, variations = await self._targets(message)
        for variation in variations:
            await self.scheduler.cancel(variation.id)
        return job.id

    async def retry(self, message: Message) -> str:
        """Resume variations at their first unfinished stage; if a submission's answer was lost, `again` must be set."""
        again = decode(message.args, TargetArgs).again
        job, variations = await self._targets(message)
        found = [one for one in variations if one.state in (State.FAILED, State.CANCELLED, State.UNKNOWN)]
        waiting = [one for one in variations if one.state is State.WAITING]
        if not found and not waiting:
            raise NotPossibleNow("There is nothing to retry in this job.")
        if any(one.state is State.UNKNOWN for one in found) and not again:
            raise ConfirmNeeded("The answer was lost. The remix may be running, so submitting it again may cost twice.")
        for variation in found:
            await self.registry.change(
                variation.id,
                mark=await self._void(variation) if variation.state is State.UNKNOWN else None,
                state=State.WAITING,
                error=None,
                cancel_asked=False,
                message="retrying",
                reason="slot",
            )
        if any(one.reason == "user" for one in waiting):
            await self.budget.consent(job.id)
        for variation in (*found, *waiting):
            self.scheduler.enqueue(variation.id)
        return job.id

    async def nudge(self, message: Message) -> str:
        """Move a finished result in time."""
        args = decode(message.args, NudgeArgs)
        unknown = unknown_keys.in_target(message.args, NudgeArgs)
        job, variations = await self.registry.find(args.variation_id)
        if args.variation_id and not job.id.startswith(args.variation_id):
            variations = [one for one in variations if one.id.startswith(args.variation_id)]
        if len(variations) != 1:
            raise UnknownJob("This job has several results; name one of its variations.")
        await nudge(self.registry, self.store, self.workers, variations[0], args.ms)
        await self.registry.warn(job.id, unknown)
        return job.id

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _void(self, variation: Variation) -> tuple[str, str, dict[str, Any]]:
        """Keep the cost of a submission whose answer was lost; return the unit, stage and marker that void it."""
        unit = await self.store(Database.lost_order, variation.id)
        await self.budget.keep(unit)
        mark, _ = await self.store(Database.stage, unit, "remix")
        return unit, "remix", job_folder.void(mark)

    async def _targets(self, message: Message) -> tuple[Job, list[Variation]]:
        """Return the job that a message names, with all its variations or only those that the message names."""
        target = decode(message.args, TargetArgs)
        unknown = unknown_keys.in_target(message.args, TargetArgs)
        job, variations = await self.registry.find(target.variation_id or target.job_id)
        start = target.variation_id or target.job_id or job.id
        if target.variation_id or not job.id.startswith(start):
            variations = [one for one in variations if one.id.startswith(start)]
        if not variations:
            raise UnknownJob(f"There is no variation {start}.")
        await self.registry.warn(job.id, unknown)
        return job, variations
