"""The way a clip takes. The list in `stages` is the program: read it first.

Every stage is idempotent given the job's folder and its rows in the journal, so after a crash the list is simply run
again: finished stages answer from the journal, the first unfinished one goes on.
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
    """Return the stages in order, each with what it uses.

    Args:
        workers: run signal tasks.
        store: the journal.
        budget: what may be spent.
        settings: of the whole bridge.
        home: the bridge's folder.
        clock: unix time, s.
        offer: told which variation's result is ready for a DAW's script to place.
    """
    return (
        # the span that is heard, plus handles: one FLAC, in segments where it is too long     (per clip)
        render.stage(workers, store, settings.render),
        # to where the model can read it, once per content                                     (per clip's segment)
        upload.stage(store, budget, clock),
        # the model: ordered exactly once, its id on disk before the first poll                (per variation's segment)
        remix.stage(store, budget, home, clock),
        # the paid result to this disk, before anything else happens to it                     (per variation's segment)
        fetch.stage(workers),
        # segments joined; the project's rate, the exact length, the clip's loudness, in its final place
        fit.stage(workers, store, settings.fit, home),
        # onto a new track; done only when the DAW confirms, or the user knows the path
        place.stage(offer),
    )


class Pipeline:
    """Runs the stages for one variation after the other, or for several at a time."""

    def __init__(self, stages: Sequence[Stage], store: Store) -> None:
        self._stages = stages
        self._store = store
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, context: VariationContext) -> None:
        """Take a variation as far as it can go now; what is done per segment is done for one segment after the other.

        Raises:
            BridgeError: the stage that the variation stands in cannot be finished.
        """
        for group, before in _groups(self._stages):
            by_segment = group[0].per_segment
            segments = range(len(context.segments)) if by_segment else range(1)
            made: dict[str, tuple[dict[str, Any], ...]] = {stage.name: () for stage in group}
            for segment in segments:
                found = {name: results[segment] for name, results in context.each.items()} if by_segment else {}
                step = replace(context, done={**context.done, **found}, segment=segment, by_segment=by_segment)
                for stage, share in _shares(group, before, segment, len(segments)):
                    result = await self._kept(stage, replace(step, share=share))
                    if result is None:
                        return
                    step = replace(step, done={**step.done, stage.name: result})
                    made[stage.name] += (result,)
            context = replace(context, done={**context.done, **{name: results[0] for name, results in made.items()}})
            context = replace(context, each={**context.each, **made}) if by_segment else context

    async def _kept(self, stage: Stage, context: VariationContext) -> dict[str, Any] | None:
        """Do a stage; when it is stopped, say what was made of a long clip before."""
        try:
            return await self._alone(stage, context)
        except Withdrawn as stopped:
            if context.segment:
                stopped.kept = (
                    f"{context.segment} of {len(context.segments)} parts were made and are kept; `retry` makes the rest"
                )
            raise

    async def _alone(self, stage: Stage, context: VariationContext) -> dict[str, Any] | None:
        """Do a stage while no other variation does it: two variations of a clip render it once."""
        unit = context.clip_unit if stage.per_clip else context.unit
        lock = self._locks.setdefault(unit, asyncio.Lock())
        async with lock:
            return await self._once(stage, unit, context)

    async def _once(self, stage: Stage, unit: str, context: VariationContext) -> dict[str, Any] | None:
        """Return the stage's result: from the journal, or by doing it; None when it ends outside, by a DAW's word."""
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
            await asyncio.to_thread(write_json, folder / f"{stage.name}.json", result, sync=False)  # also for recovery
            await self._store(Database.finish_stage, unit, stage.name, result)
        return result


def _groups(stages: Sequence[Stage]) -> Iterator[tuple[list[Stage], float]]:
    """Yield the stages that follow each other for the same things, and how much of the way lies before them."""
    before = 0.0
    for _, alike in groupby(stages, lambda stage: (stage.per_clip, stage.per_segment)):
        group = list(alike)
        yield group, before
        before += sum(stage.weight for stage in group)


def _shares(
    group: list[Stage], before: float, segment: int, segments: int
) -> Iterator[tuple[Stage, Callable[[float], float]]]:
    """Yield a group's stages for one segment, each with its part of the whole way."""
    start = before + segment / segments * sum(stage.weight for stage in group)
    for stage in group:
        yield stage, _share(start, stage.weight / segments)
        start += stage.weight / segments


def _share(before: float, weight: float) -> Callable[[float], float]:
    return lambda part: before + weight * part
