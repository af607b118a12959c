"""Chooses the DAW process that places a finished result.

The choice is the process that requested the remix, or a later process with the same project. Only the daemon chooses.
A result is never offered again once a DAW has confirmed it. A result that no DAW can place stays in the state `ready`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import HomeError, PlaceError, UnknownJob
from bridge.jobs.registry import JobRegistry
from bridge.protocol.job import ENDED, Job, State, Variation
from bridge.protocol.request import HelloArgs
from bridge.store import job_folder
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import write_json

log = logging.getLogger(__name__)

PLACE = "place"  # name of the stage whose result is a DAW's confirmation


@dataclass(frozen=True, slots=True)
class Instance:
    """One running DAW process."""

    id: str
    daw: str
    version: str
    project: str
    hello: float  # unix time at which the process connected, s


class Delivery:
    """Delivery of each finished result to a single instance."""

    def __init__(self, jobs: Path, registry: JobRegistry, store: Store, clock: Callable[[], float]) -> None:
        self._jobs = jobs  # the home's `jobs` folder
        self._registry = registry
        self._store = store
        self._clock = clock
        self._offering: set[asyncio.Task[None]] = set()

    async def instances(self) -> list[Instance]:
        """Return the connected DAW processes, oldest first."""
        return [Instance(*row) for row in await self._store(Database.instances)]

    async def resume(self) -> None:
        """When the daemon starts, offer the results that were finished just before the previous daemon ended."""
        for variation in self._undelivered():
            await self._offer(variation.id)

    def offer(self, variation_id: str) -> None:
        """Offer a finished result in the background."""
        task = asyncio.create_task(self._offer(variation_id), name=f"offer {variation_id}")
        self._offering.add(task)
        task.add_done_callback(self._offering.discard)

    async def hello(self, instance: str, args: HelloArgs) -> None:
        """Register a DAW process, and offer it the results that it requested or that belong to its project."""
        project = args.project.path or args.project.name
        await self._store(Database.hello, instance, args.daw.name, args.daw.version, project, self._clock())
        for variation in self._undelivered():
            job = self._registry.job(variation.job_id)
            if job.daw == args.daw.name and (job.instance == instance or (project and job.project == project)):
                await self._registry.change(
                    variation.id, state=State.PLACING, placed_by=instance, message="offered to the DAW"
                )

    async def bye(self, instance: str) -> None:
        """Remove a DAW process; its unplaced results are offered to another process if possible, and otherwise wait."""
        await self._store(Database.bye, instance)
        for variation in self._undelivered():
            if variation.state is State.PLACING and variation.placed_by == instance:
                try:
                    await self._registry.change(
                        variation.id, state=State.READY, placed_by="", message="ready, waiting for the DAW"
                    )
                finally:  # the result is `ready` in memory even if the journal could not be written
                    self.offer(variation.id)

    async def placed(
        self, variation_id: str, instance: str, item: str, text: str = "", *, by_hand: bool = False
    ) -> None:
        """Record that the DAW placed the result; `text` is a note for the user.

        `by_hand` means that the DAW cannot place files, so the user was shown the file's path instead.
        """
        variation = self._known(variation_id)
        if variation.state is State.DONE and (variation.result or {}).get("placed"):
            return
        result = {**(variation.result or {}), "placed": not by_hand}
        told = f"ready at {result.get('path', '')}" if by_hand else "placed"
        made = {"placed": not by_hand, "item": item}
        await asyncio.to_thread(self._keep, variation, made)
        await self._store(Database.finish_stage, variation_id, PLACE, made)
        await self._registry.change(
            variation_id,
            state=State.DONE,
            result=result,
            error=None,
            placed_by=instance,
            handed_over=True,
            progress=1.0,
            message=f"{told}; {text}" if text else told,
        )

    async def failed(self, variation_id: str, text: str) -> None:
        """Record that the DAW could not place the result; `retry` offers the result again."""
        variation = self._known(variation_id)
        if variation.state in ENDED:
            return
        path = (variation.result or {}).get("path", "")
        error = PlaceError(f"The DAW could not place the result{f' ({text})' if text else ''}; the file is {path}.")
        await self._registry.change(
            variation_id, state=State.FAILED, error=error.to_wire(), handed_over=True, message=error.text
        )

    async def removed(self, variation_id: str) -> None:
        """Record that the user removed the result from the project; the result is not offered again."""
        variation = self._known(variation_id)
        result = {**(variation.result or {}), "placed": False}
        await self._registry.change(variation_id, result=result, message="removed from the project; the file is kept")

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _offer(self, variation_id: str) -> None:
        """Offer a finished result to an instance that can place it, if such an instance is connected."""
        here = await self.instances()
        variation = self._registry.variation(variation_id)
        if variation is None or variation.state is not State.READY:
            return
        chosen = choose_instance(self._registry.job(variation.job_id), here)
        if chosen is not None:
            await self._registry.change(
                variation_id, state=State.PLACING, placed_by=chosen.id, message="offered to the DAW"
            )

    def _keep(self, variation: Variation, made: Mapping[str, Any]) -> None:
        """Write a confirmation to the variation's folder too; if the journal is lost, nothing is offered again."""
        folder = job_folder.of_variation(self._jobs / variation.job_id, variation)
        if folder.is_dir():
            try:
                write_json(folder / f"{PLACE}.json", made, sync=False)
            except HomeError as problem:  # the journal has the confirmation too
                log.warning("the confirmation of %s is in the journal only: %s", variation.id, problem.text)

    def _undelivered(self) -> list[Variation]:
        found = (one for job in self._registry.jobs() for one in self._registry.variations(job.id))
        return [one for one in found if one.state in (State.READY, State.PLACING)]

    def _known(self, variation_id: str) -> Variation:
        variation = self._registry.variation(variation_id)
        if variation is None:
            raise UnknownJob(f"There is no variation {variation_id}.")
        return variation


def choose_instance(job: Job, here: Sequence[Instance]) -> Instance | None:
    """Return the instance that places a job's results: the requesting instance, or a later one with the same project.

    A DAW that crashes does not disconnect. Therefore, if the project is opened again after the request, the newer
    process gets the results.

    Args:
        job: the job whose results are placed.
        here: the connected instances, oldest first.
    """
    asked = next((one for one in here if one.id == job.instance), None)
    heirs = [one for one in here if one.daw == job.daw and job.project and one.project == job.project]
    newest = heirs[-1] if heirs else None
    if asked is None or (newest is not None and newest.hello > max(asked.hello, job.created)):
        return newest
    return asked
