"""The pipeline of a remix. Start by reading the list in the function `stages`.

Every stage is idempotent, given the job's folder and rows in the journal. After a crash the pipeline goes through all
stages again: finished stages only return their recorded results, and the first unfinished stage continues its work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from bridge.config.settings import Config
from bridge.errors import Withdrawn
from bridge.jobs.budget import Budget
from bridge.jobs.context import VariationContext
from bridge.jobs.stage import Stage
from bridge.jobs.stages import fetch, fit, place, remix, render, upload
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import write_json
from bridge.workers.pool import Workers


def stages(
    *,
    workers: Workers,
    store: Store,
    budget: Budget,
    settings: Config,
    home: Path,
    clock: Callable[[], float],
    offer: Callable[[str], None],
) -> tuple[Stage, ...]:
    """Return the stages in order, each with the services that it uses.

    Args:
        workers: worker processes that run signal tasks.
        store: the journal.
        budget: the limits on spending.
        settings: all settings.
        home: the bridge's folder.
        clock: returns the unix time, s.
        offer: called with the ID of a variation whose result a DAW's script should place.
    """
    return (
        # renders the clip with its handles to one FLAC file; a long clip is split into several files (runs per clip)
        render.stage(workers, store, settings.render),
        # uploads the FLAC file for the model to read, unless an earlier upload can be used (per segment of the clip)
        upload.stage(store, budget, clock),
        # submits to the model exactly once, with the ID on disk before the first poll (per segment of the variation)
        remix.stage(store, budget, home, clock),
        # downloads the paid result before any further processing (per segment of the variation)
        fetch.stage(workers),
        # joins segments; writes the file at the project's rate, with the clip's exact length and loudness
        fit.stage(workers, store, settings.fit, home),
        # places the result on a new track; done when the DAW confirms this or the user gets the path
        place.stage(offer),
    )


class Pipeline:
    """The sequence of stages that each variation runs through; several variations may run at the same time."""

    def __init__(self, stages: Sequence[Stage], store: Store) -> None:
        self._stages = stages
        self._store = store
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, context: VariationContext) -> None:
        """Run a variation's stages as far as is possible now; segments run one after another.

        Raises:
            BridgeError: a stage failed.
        """
        for group, before in _groups(self._stages):
            by_segment = group[0].per_segment
            segments = range(len(context.segments)) if by_segment else range(1)
            made: dict[str, tuple[dict[str, Any], ...]] = {stage.name: () for stage in group}
            for segment in segments:
                found = {name: results[segment] for name, results in context.each.items()} if by_segment else {}
                step = replace(context, done={**context.done, **found}, segment=segment, by_segment=by_segment)
                for stage, share in _shares(group, before, segment, len(segments)):
                    result = await self._segment(stage, replace(step, share=share))
                    if result is None:
                        return
                    step = replace(step, done={**step.done, stage.name: result})
                    made[stage.name] += (result,)
            context = replace(context, done={**context.done, **{name: results[0] for name, results in made.items()}})
            context = replace(context, each={**context.each, **made}) if by_segment else context

    async def _segment(self, stage: Stage, context: VariationContext) -> dict[str, Any] | None:
        """Run a stage; if the remix of a long clip is cancelled, add the number of finished segments to the error."""
        try:
            return await self._alone(stage, context)
        except Withdrawn as stopped:
            if context.segment:
                count = f"{context.segment} of {len(context.segments)} segments"
                stopped.kept = f"{count} are finished and kept; `retry` makes the rest"
            raise

    async def _alone(self, stage: Stage, context: VariationContext) -> dict[str, Any] | None:
        """Run a stage under a lock, so that a clip with several variations is rendered and uploaded only once."""
        unit = context.clip_unit if stage.per_clip else context.unit
        lock = self._locks.setdefault(unit, asyncio.Lock())
        async with lock:
            return await self._once(stage, unit, context)

    async def _once(self, stage: Stage, unit: str, context: VariationContext) -> dict[str, Any] | None:
        """Return the stage's recorded result, or run the stage; None means that a DAW must still confirm the result."""
        _, result = await self._store(Database.stage, unit, stage.name)
        if result is not None:
            return result
        if stage.state is not None:
            remote = context.engine.capabilities.remote
            says = stage.says if remote or not stage.says_here else stage.says_here
            await context.enter(stage.state, says, stage=stage.name, progress=round(context.share(0.0), 4))
        result = await stage.run(context)
        if result is not None:
            folder = context.clip_folder if stage.per_clip else context.folder
            await asyncio.to_thread(write_json, folder / f"{stage.name}.json", result, sync=False)  # for recovery
            await self._store(Database.finish_stage, unit, stage.name, result)
        return result


def _groups(stages: Sequence[Stage]) -> Iterator[tuple[list[Stage], float]]:
    """Yield consecutive stages that run for the same kind of unit as a group, with the progress before the group."""
    before = 0.0
    for _, alike in groupby(stages, lambda stage: (stage.per_clip, stage.per_segment)):
        group = list(alike)
        yield group, before
        before += sum(stage.weight for stage in group)


def _shares(
    group: list[Stage], before: float, segment: int, segments: int
) -> Iterator[tuple[Stage, Callable[[float], float]]]:
    """Yield a group's stages for one segment, each with a function that turns its progress into the pipeline's."""
    start = before + segment / segments * sum(stage.weight for stage in group)
    for stage in group:
        yield stage, _share(start, stage.weight / segments)
        start += stage.weight / segments


def _share(before: float, weight: float) -> Callable[[float], float]:
    return lambda part: before + weight * part
