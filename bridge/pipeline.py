"""The way a clip takes. This list is the program: read it first.

Every stage is idempotent given the job's folder and its rows in the journal, so after a crash the list is simply run
again: finished stages answer from the journal, the first unfinished one goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from bridge.disk import write_json
from bridge.stages import fetch, fit, place, remix, render, upload
from bridge.store import Store
from bridge.work import Stage, Work

STAGES: tuple[Stage, ...] = (
    render.STAGE,  # the span that is heard, plus handles: one FLAC                                    (per clip)
    upload.STAGE,  # to where the model can read it, once per content                                  (per clip)
    remix.STAGE,  # the model: ordered exactly once, its id on disk before the first poll              (per variation)
    fetch.STAGE,  # the paid result to this disk, before anything else happens to it
    fit.STAGE,  # the project's rate, the exact length, the clip's loudness, in its final place
    place.STAGE,  # onto a new track; done only when the DAW confirms, or the user knows the path
)


class Pipeline:
    """Runs the list for one variation after the other, or for several at a time."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, work: Work) -> None:
        """Take a variation as far as it can go now.

        Raises:
            BridgeError: the stage that the variation stands in cannot be finished.
        """
        for index, stage in enumerate(STAGES):
            unit = work.clip_unit if stage.per_clip else work.variation_id
            before = sum(one.weight for one in STAGES[:index])
            step = replace(work, share=_share(before, stage.weight))
            lock = self._locks.setdefault(unit, asyncio.Lock())  # two variations of a clip: one renders, one waits
            async with lock:
                result = await self._once(stage, unit, step)
            if result is None:
                return
            work = replace(work, done={**work.done, stage.name: result})

    async def _once(self, stage: Stage, unit: str, work: Work) -> dict[str, Any] | None:
        """Return the stage's result: from the journal, or by doing it; None when it ends outside, by a DAW's word."""
        _, result = await work.tools.journal(Store.stage, unit, stage.name)
        if result is not None:
            return result
        if stage.state is not None:
            says = stage.words(remote=work.engine.capabilities.remote)
            await work.enter(stage.state, says, stage=stage.name, progress=round(work.share(0.0), 4))
        result = await stage.run(work)
        if result is not None:
            folder = work.clip_folder if stage.per_clip else work.folder
            await asyncio.to_thread(write_json, folder / f"{stage.name}.json", result, sync=False)  # also for rescue
            await work.tools.journal(Store.finish_stage, unit, stage.name, result)
        return result


def _share(before: float, weight: float) -> Callable[[float], float]:
    return lambda part: before + weight * part
