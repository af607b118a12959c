"""Keeps the jobs in memory. A change that must survive a restart is written to the store before it is published.

The stages, the scheduler and the message handler change jobs only through the registry. The surfaces and the outbox
read the registry and subscribe to the event bus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bridge.errors import UnknownJob
from bridge.events import EventBus, JobChanged, JobProgress, VariationChanged
from bridge.protocol.job import ENDED, Job, State, Variation, check_transition, job_state
from bridge.store.async_store import Store
from bridge.store.database import Database

KEPT = 200  # number of ended jobs that stay in memory; older jobs are read from the store
REPEATS = 20  # number of messages that repeated a job's request, of which the job keeps the IDs


class JobRegistry:
    """The jobs in memory and their variations, by ID."""

    def __init__(self, store: Store, bus: EventBus) -> None:
        self._store = store
        self._bus = bus
        self.newest = ""  # ID of the job that was added last
        self._jobs: dict[str, Job] = {}  # job ID → job, oldest first
        self._variations: dict[str, dict[str, Variation]] = {}  # job ID → variations by ID, in order
        self._job_of: dict[str, str] = {}  # variation ID → job ID

    async def load(self) -> list[Variation]:
        """Load the newest jobs and all open jobs; return the open variations, oldest first."""
        newest = await self._store(Database.jobs, KEPT)
        open_jobs = await self._store(Database.open_jobs)
        ids = {job.id for job, _ in newest}
        older = [found for found in open_jobs if found[0].id not in ids]
        for job, variations in (*older, *reversed(newest)):
            self._keep(job, variations)
        self.newest = next(reversed(self._jobs), "")
        return [variation for _, found in open_jobs for variation in found if variation.state not in ENDED]

    # --- reading -----------------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job:
        """Return a job that is in memory."""
        return self._jobs[job_id]

    def has(self, job_id: str) -> bool:
        """Return whether a job is in memory."""
        return job_id in self._jobs

    def jobs(self) -> list[Job]:
        """Return the jobs in memory, oldest first."""
        return list(self._jobs.values())

    def variations(self, job_id: str) -> list[Variation]:
        """Return a job's variations in order."""
        return list(self._variations[job_id].values())

    def variation(self, variation_id: str) -> Variation | None:
        """Return a variation that is in memory."""
        job_id = self._job_of.get(variation_id)
        return None if job_id is None else self._variations[job_id][variation_id]

    def state(self, job_id: str) -> State:
        """Return a job's state."""
        return job_state(variation.state for variation in self._variations[job_id].values())

    async def of_message(self, message_id: str) -> str | None:
        """Return the ID of the job that a message created or repeated, or None."""
        repeated = next((job.id for job in self._jobs.values() if message_id in job.repeats), None)
        return repeated or await self._store(Database.job_of_message, message_id)

    async def find(self, start: str | None) -> tuple[Job, list[Variation]]:
        """Return the job whose ID or variation ID begins with `start`; if `start` is empty, return the newest job.

        Raises:
            UnknownJob: no job matches, or more than one job matches.
        """
        found = await self._store(Database.find, start) if start else await self._store(Database.jobs, 1)
        if len(found) != 1:
            raise UnknownJob(
                f"{'More than one job has' if found else 'No job has'} an id that begins with {start}."
                if start
                else "There is no job yet."
            )
        job, variations = found[0]
        if job.id not in self._jobs:  # the newest jobs are always in memory, so this job is older and goes first
            later, self._jobs = self._jobs, {}
            self._keep(job, variations)
            self._jobs |= later
        return self._jobs[job.id], self.variations(job.id)

    # --- changing ----------------------------------------------------------------------------------------------------

    async def add(self, job: Job, variations: Iterable[Variation]) -> None:
        """Write a job to the store, then add it to the jobs in memory."""
        variations = list(variations)
        await self._store(Database.add_job, job, variations)
        self._keep(job, variations)
        self.newest = job.id
        self._forget_old()
        self._publish_job(job.id)

    async def change(
        self, variation_id: str, *, mark: tuple[str, str, Mapping[str, Any]] | None = None, **fields: Any
    ) -> Variation:
        """Change a variation and a stage's marker in one transaction; both are on disk when this method returns.

        Raises:
            IllegalTransition: the state table does not allow the change.
        """
        before = self.variation(variation_id)
        if before is None:
            raise UnknownJob(f"There is no variation {variation_id} in memory.")
        after = replace(before, **fields)
        check_transition(before.state, after.state)
        self._variations[after.job_id][after.id] = after
        try:
            await self._store(Database.save_variation, after, is_open=after.state not in ENDED, mark=mark)
        finally:  # the user sees the new state even if the disk is full
            self._publish_change(before, after)
        return after

    def progress(self, variation_id: str, **fields: Any) -> None:
        """Update `progress`, `message` or `queue_position` in memory only."""
        before = self.variation(variation_id)
        if before is None or all(getattr(before, name) == value for name, value in fields.items()):
            return
        after = replace(before, **fields)
        self._variations[after.job_id][after.id] = after
        self._publish_progress(after)

    def move(self, variation_id: str, state: State, **fields: Any) -> None:
        """Change a variation's state in memory only, because it can be determined again after a restart."""
        before = self.variation(variation_id)
        if before is None or before.state is state:
            return
        check_transition(before.state, state)
        after = self._variations[before.job_id][before.id] = replace(before, state=state, **fields)
        self._bus.publish(VariationChanged(after.job_id, after.id, str(state)))
        self._publish_job(after.job_id)

    async def note(self, job_id: str, **fields: Any) -> Job:
        """Change fields of a job, for example its bills or warnings."""
        job = self._jobs[job_id] = replace(self._jobs[job_id], **fields)
        await self._store(Database.save_job, job)
        self._publish_job(job_id)
        return job

    async def warn(self, job_id: str, warnings: Iterable[Mapping[str, str]]) -> None:
        """Add warnings to a job, except those that it already has."""
        have = self._jobs[job_id].warnings
        new = [dict(warning) for warning in warnings if dict(warning) not in have]
        if new:
            await self.note(job_id, warnings=(*have, *new))

    async def repeat(self, job_id: str, message_id: str, note: Mapping[str, str]) -> Job:
        """Record that a message repeated a job's request, with a note for the user."""
        job = self._jobs[job_id]
        warnings = job.warnings if note in job.warnings else (*job.warnings, dict(note))
        return await self.note(job_id, repeats=(*job.repeats, message_id)[-REPEATS:], warnings=warnings)

    def fraction(self, job_id: str) -> float:
        """Return the progress of a job, 0..1."""
        found = self._variations[job_id].values()
        return sum(1.0 if one.state in ENDED else one.progress for one in found) / max(1, len(found))

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _keep(self, job: Job, variations: Iterable[Variation]) -> None:
        self._jobs[job.id] = job
        self._variations[job.id] = {variation.id: variation for variation in variations}
        self._job_of.update(dict.fromkeys(self._variations[job.id], job.id))

    def _forget_old(self) -> None:
        ended = [job_id for job_id in self._jobs if self.state(job_id) in (*ENDED, State.PARTIAL)]
        for job_id in ended[: max(0, len(ended) - KEPT)]:
            del self._jobs[job_id]
            for variation_id in self._variations.pop(job_id):
                del self._job_of[variation_id]

    def _publish_change(self, before: Variation, after: Variation) -> None:
        path = str(after.result["path"]) if after.result and after.handed_over else ""
        self._bus.publish(VariationChanged(after.job_id, after.id, str(after.state), path))
        self._publish_job(after.job_id)
        if (after.progress, after.message) != (before.progress, before.message):
            self._publish_progress(after)

    def _publish_job(self, job_id: str) -> None:
        job = self._jobs[job_id]
        self._bus.publish(JobChanged(job_id, str(self.state(job_id)), job.cost))

    def _publish_progress(self, variation: Variation) -> None:
        job_id = variation.job_id
        self._bus.publish(JobProgress(job_id, self.fraction(job_id), variation.message))
