"""Stage 5, per variation: match the result to the clip (rate, exact length, loudness) and write the final file.

The signal task compares the result with the source, corrects drift, resamples, cuts, sets the level and writes the
file, in this order. The file is written once, to the path from which the DAW reads it, with its recipe beside it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.config.settings import Fit as Settings
from bridge.errors import ResultError, WorkLost
from bridge.jobs import combine
from bridge.jobs.context import VariationContext
from bridge.jobs.result_file import free_path, labels, make_folder, recipe_document, result_name, results_folder
from bridge.jobs.stage import Stage
from bridge.protocol.job import State, of_segment
from bridge.store import job_folder
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.store.rows import Mark
from bridge.util.atomic import discard, holds, settle, sweep, write_json
from bridge.util.long_paths import extended, plain
from bridge.util.umask import share
from bridge.workers.pool import Workers

NAME = "fit"
PATH_RECORD = "result_path.json"  # file in the variation's folder that contains the path of the final file
MODEL_RATE = 48_000  # Hz: ACE-Step's rate; also used for a result if the request contains no project rate


def stage(workers: Workers, store: Store, settings: Settings, home: Path) -> Stage:
    """Return the `fit` stage, connected to the services that it uses."""
    return Stage(
        NAME,
        State.FITTING,
        "fitting rate, length and level",
        per_clip=False,
        per_segment=False,
        weight=0.06,
        run=Fit(workers, store, settings, home).run,
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """The stage that makes final results from the engine's output."""

    workers: Workers
    store: Store
    settings: Settings
    home: Path  # the bridge's folder, used for results if the request names no project

    async def run(self, context: VariationContext) -> dict[str, Any]:
        """Write the final file; return its path and a record of the processing.

        Raises:
            WorkLost: the downloaded result is gone.
            ResultError: the downloaded result can no longer be read; the next retry checks it and downloads it again.
            HomeError: the results folder cannot be written; the result stays in the job's folder.
        """
        await _all_there(context)
        try:
            return await self._fitted(context)
        except ResultError:
            for segment in range(len(context.each["fetch"])):
                await context.forget(of_segment(context.variation_id, segment), "fetch")
            raise

    async def _fitted(self, context: VariationContext) -> dict[str, Any]:
        folder = extended(results_folder(context.request.project, self.home))
        await asyncio.to_thread(make_folder, folder, self.home)
        final = await self._own_name(context, folder)
        partial = final.with_name(f".{context.variation_id}.part.wav")
        made = await self._joined(context)
        span = {**span_of(context), "raw": made["path"]}
        try:
            order = {
                **span,
                "channels": channels_of(context),
                **self._comparison_of(context),
                **self._level_of(context),
                **labels(context, span["time_reference"]),
                "into": str(partial),
            }
            fitted = await self.workers.run("fit", order, context.progress(0.5 if made["joins"] else 0.0))
            await asyncio.to_thread(settle, partial, final)
            await asyncio.to_thread(share, final, self.home)
        finally:
            await asyncio.to_thread(discard, partial)
        await context.warn(fitted["warnings"])
        recipe = final.with_suffix(".recipe.json")
        fitted = {**fitted, "joins": made["joins"], "legs": made["legs"]}
        await asyncio.to_thread(sweep, folder, recipe.name)  # removes temporary files left by a crash
        await asyncio.to_thread(write_json, recipe, recipe_document(context, fitted, final))
        await asyncio.to_thread(share, recipe, self.home)
        rate = fitted["sample_rate"]
        return {
            **fitted,
            "path": str(plain(final)),
            "recipe": str(plain(recipe)),
            "source_offset": fitted["lead"] / rate,
            "offset_ms": fitted["alignment"]["corrected_ms"],
            **({"pieces": combine.pieces(context.request, rate)} if context.request.is_combined else {}),
            "fitted": made["says"] + fitted["alignment"]["text"],
            "order": {**order, "final": str(plain(final))},  # so that a nudge can cut the file again
        }

    async def _joined(self, context: VariationContext) -> dict[str, Any]:
        """Return a description of the result as a single file; the segments of a long clip are joined first."""
        fetched = context.each["fetch"]
        if len(fetched) == 1:
            return {"path": fetched[0]["path"], "joins": [], "legs": [], "says": ""}
        final = context.folder / "joined.wav"
        partial = final.with_suffix(".part.wav")
        segments = [
            {"raw": result["path"], "source": str(segment.path), "start": segment.start, "seconds": segment.seconds}
            for result, segment in zip(fetched, context.segments, strict=True)
        ]
        rendered = context.done["render"]
        args = {
            "legs": segments,
            "channels": channels_of(context),
            "seconds": rendered["frames"] / rendered["sample_rate"],
            "into": str(partial),
        }
        answer = await self.workers.run("join", {**args, "align": self.settings.align}, context.progress(0.0, 0.5))
        await asyncio.to_thread(settle, partial, final)
        return {**answer, "path": str(final), "says": f"{len(fetched)} segments joined; "}

    def _comparison_of(self, context: VariationContext) -> dict[str, Any]:
        """Return the task's arguments for the comparison with the source and the correction of the offset."""
        return {
            "source": context.done["render"]["path"],
            "align": self.settings.align,
            "tempo": context.request.project.tempo,
        }

    def _level_of(self, context: VariationContext) -> dict[str, Any]:
        """Return the task's arguments for target loudness, source gain, true-peak limit and file format."""
        rendered, settings = context.done["render"], self.settings
        target: float | None
        match settings.loudness:
            case "source":
                target = rendered["lufs"]
            case "off":
                target = None
            case number:
                target = float(number)
        return {
            "target": target,
            "source_gain_db": rendered["gain_db"],
            "ceiling": settings.true_peak,
            "format": settings.format,
        }

    async def _own_name(self, context: VariationContext, folder: Path) -> Path:
        """Return the recorded path, or record an unused path, so that a retry overwrites only the bridge's own file.

        The path is recorded in the variation's folder too, because the journal may lose its latest entries.
        """
        record = context.folder / PATH_RECORD
        mark, _ = await self.store(Database.stage, context.variation_id, NAME)
        known = mark if "path" in mark else await asyncio.to_thread(job_folder.read, record, Mark)
        if known and Path(known.get("path", "")).parent == plain(folder):
            return folder / Path(known["path"]).name
        name = result_name(
            context.clip.name, context.job.recipe["preset"], context.variation.index, context.variation_id
        )
        final = await asyncio.to_thread(free_path, folder, name)
        await asyncio.to_thread(write_json, record, {"path": str(plain(final))})
        await context.change(mark=(context.variation_id, NAME, {"path": str(plain(final))}))
        return final


async def _all_there(context: VariationContext) -> None:
    """Check that the downloads still exist; the next retry downloads a missing file again."""
    for segment, result in enumerate(context.each["fetch"]):
        if not await asyncio.to_thread(holds, Path(result["path"])):
            await context.forget(of_segment(context.variation_id, segment), "fetch")
            raise WorkLost("The downloaded result is missing from the job's folder.")


def channels_of(context: VariationContext) -> int:
    """Return the number of channels of the clip, and so of its result: 1 or 2."""
    return int(context.done["render"].get("channels", 2))


def span_of(context: VariationContext) -> dict[str, Any]:
    """Return the part of the result to keep, in samples at the result's rate (`skip` in seconds).

    The length is the difference between two rounded positions, so adjacent clips have no gap.
    """
    rendered = context.done["render"]
    rate = context.request.project.sample_rate or MODEL_RATE
    position = context.clip.position or 0.0
    there = rendered["handles"]
    before, after = rendered.get("keep", there)  # all other audio was only context for the model
    samples = round((position + rendered["length"]) * rate) - round(position * rate)
    return {
        "sample_rate": rate,
        "lead": round(before * rate),
        "samples": samples,
        "tail": round(after * rate),
        "skip": there[0] - before,
        "loops": rendered.get("loops", False),
        "time_reference": round(position * rate) - round(before * rate),
    }
