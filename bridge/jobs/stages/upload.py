"""Stage 2, per clip and segment: upload the clip for the model to read, unless an earlier upload can be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from bridge.engines.base import Uploaded
from bridge.errors import WorkLost
from bridge.jobs.budget import Budget
from bridge.jobs.context import VariationContext
from bridge.jobs.stage import Stage
from bridge.protocol.job import State
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import holds

STILL_THERE = 6 * 3600.0  # seconds for which a URL must still be valid, to outlast a long queue


def stage(store: Store, budget: Budget, clock: Callable[[], float]) -> Stage:
    """Return the `upload` stage, connected to the services that it uses."""
    return Stage(
        "upload",
        State.UPLOADING,
        "uploading the clip",
        per_clip=True,
        per_segment=True,
        weight=0.12,
        run=Upload(store, budget, clock).run,
        says_here="the clip stays on this machine",
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """The stage that uploads clips, provided that the remix fits the budget."""

    store: Store  # keeps the list of uploads
    budget: Budget
    clock: Callable[[], float]  # returns the unix time, s
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)  # by file hash

    async def run(self, context: VariationContext) -> dict[str, Any]:
        """Return the URL from which the model reads the clip, uploading the clip if necessary.

        Raises:
            WorkLost: the rendered clip is gone.
            EngineError: the upload failed; nothing was charged.
        """
        engine, path, sha256 = context.engine, context.sent.path, context.sent.sha256
        if not await asyncio.to_thread(holds, path):
            await context.forget(f"{context.job_id}/{context.variation.clip_index}", "render")
            raise WorkLost("The rendered clip is missing from the job's folder.")
        if context.sent.silent:
            context.report(fraction=1.0, message="silent, so it is not sent")
            return _result(Uploaded("", "", None), reused=False)
        if context.job.price > 0:
            # the cost of all segments is checked, so that a long clip is not left half-finished
            cost = sum(segment.seconds for segment in context.segments if not segment.silent) * context.job.price
            remixes, cost_of_job = len(context.variations), context.job.estimated
            await self.budget.ask(context.job_id, remixes, cost_of_job, confirmed=context.request.confirmed)
            await self.budget.check(context.variation_id, cost)
        if not engine.capabilities.remote:
            return _result(await engine.upload(path, sha256, context.report), reused=False)
        async with self._locks.setdefault(sha256, asyncio.Lock()):
            return await self._once(context, path, sha256)

    async def _once(self, context: VariationContext, path: Path, sha256: str) -> dict[str, Any]:
        """Upload a file, or return an earlier upload whose URL stays valid long enough; the caller holds the lock."""
        engine, name = context.engine, context.engine.capabilities.name
        known = await self.store(
            Database.upload, name, engine.capabilities.upload_host, sha256, self.clock() + STILL_THERE
        )
        if known is not None:
            context.report(fraction=1.0, message="already uploaded")
            return _result(Uploaded(known[0], engine.capabilities.upload_host, known[1]), reused=True)
        uploaded = await engine.upload(path, sha256, context.report)
        await self.store(
            Database.add_upload, name, engine.capabilities.upload_host, sha256, uploaded.url, uploaded.expires
        )
        return _result(uploaded, reused=False)


def _result(uploaded: Uploaded, *, reused: bool) -> dict[str, Any]:
    return {"url": uploaded.url, "host": uploaded.host, "expires": uploaded.expires, "reused": reused}
