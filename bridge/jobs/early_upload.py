"""Uploads clips on a `prepare` message, before a remix is requested, if `upload_early` under `[privacy]` is on.

The render and upload stages run for a draft of the job. The draft has its own registry and database in memory, and a
temporary folder. All that remains of the draft is an entry in the journal's list of uploads. When the remix is
requested later, its render stage produces the same file, the upload is found in that list, and only the submission is
left to do.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bridge.daws.base import Daw
from bridge.engines.base import Engine
from bridge.errors import BridgeError
from bridge.events import EventBus
from bridge.jobs.context import Contexts
from bridge.jobs.pipeline import Pipeline
from bridge.jobs.registry import JobRegistry
from bridge.jobs.stage import Stage
from bridge.protocol.job import Job, Variation
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.store.partial_files import DRAFT

T = TypeVar("T")

log = logging.getLogger(__name__)


class EarlyUpload:
    """Early uploads, with at most one draft per instance; a new draft replaces the previous draft."""

    def __init__(
        self, home: Path, stages: Sequence[Stage], engines: Mapping[str, Engine], daws: Mapping[str, Daw], other: Daw
    ) -> None:
        """Store the services that drafts need, without starting anything.

        Args:
            home: the bridge's folder; drafts use temporary folders in it.
            stages: all stages of a remix; a draft runs only the per-clip stages.
            engines: engines by name.
            daws: DAW adapters by name.
            other: adapter for requests from any other program.
        """
        self._home = home
        self._stages = [stage for stage in stages if stage.per_clip]
        self._engines = engines
        self._daws = daws
        self._other = other
        self._tasks: dict[str, asyncio.Task[None]] = {}  # running tasks by instance
        self._ending: set[asyncio.Task[None]] = set()  # cancelled tasks that have not ended yet

    def start(self, instance: str, job: Job, variations: Sequence[Variation]) -> None:
        """Upload a draft's clips in the background, unless the draft's engine runs on this machine."""
        self.cancel(instance)
        if self._engines[job.engine].capabilities.remote:
            self._tasks[instance] = asyncio.create_task(self._run(job, variations), name=f"early upload {job.id}")

    def cancel(self, instance: str) -> None:
        """Stop uploading an instance's draft."""
        task = self._tasks.pop(instance, None)
        if task is not None and not task.done():
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """Stop all uploads; return when their temporary folders are gone."""
        for instance in tuple(self._tasks):
            self.cancel(instance)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _run(self, job: Job, variations: Sequence[Variation]) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix=DRAFT, dir=self._home) as folder:
                await self._upload(Path(folder), job, variations)
        except BridgeError as error:  # the remix will report the same error, when it matters
            log.info("clips are not uploaded early: %s %s", error.code, error.text)
        except Exception:
            log.exception("early upload")

    async def _upload(self, folder: Path, job: Job, variations: Sequence[Variation]) -> None:
        store = Store(Database(Path(":memory:")))
        try:
            registry = JobRegistry(store, EventBus())
            await registry.add(job, variations)
            contexts = Contexts(
                home=folder, registry=registry, store=store, engines=self._engines, daws=self._daws, other=self._other
            )
            pipeline = Pipeline(self._stages, store)
            for variation in variations:
                await pipeline.run(contexts.of(variation, asyncio.Event(), _unguarded))
        finally:
            store.close()


def _unguarded(variation_id: str, step: Coroutine[Any, Any, T]) -> Awaitable[T]:
    """Return the step as it is: no stage of a draft submits anything, so no step needs a guard."""
    return step
