"""Stage 4, per variation and segment: download the paid result and check it before any further processing.

Downloads are free and the result is paid for, so a download that cannot be used is repeated, first by this stage and
then by every `retry`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.engines.base import Output
from bridge.errors import ResultBroken, ResultError, ResultSilent
from bridge.jobs.context import VariationContext
from bridge.jobs.stage import Stage
from bridge.protocol.job import State
from bridge.util import busy_files
from bridge.util.atomic import discard, explained, holds, settle
from bridge.workers.pool import Workers

log = logging.getLogger(__name__)

PAUSES = (2.0, 8.0)  # seconds before the second and the third download of a result that cannot be used
OF_THE_MODEL = (ResultSilent, ResultBroken)  # errors of a complete file, which another download would not change
RAW = "raw.audio"  # name of the downloaded result in the variation's folder
BROKEN = "raw.broken"  # name of the last download that could not be used
LARGEST_BROKEN = 256 * 2**20  # bytes; a larger file is deleted instead of kept as BROKEN


def stage(workers: Workers) -> Stage:
    """Return the `fetch` stage, connected to the services that it uses."""
    return Stage(
        "fetch",
        State.FETCHING,
        "downloading the result",
        per_clip=False,
        per_segment=True,
        weight=0.1,
        run=Fetch(workers).run,
        says_here="checking the result",
    )


@dataclass(frozen=True, slots=True)
class Fetch:
    """The stage that downloads results and has a worker process check them."""

    workers: Workers

    async def run(self, context: VariationContext) -> dict[str, Any]:
        """Download and check the engine's result; return its path and format.

        Raises:
            EngineError: the download failed.
            ResultError: no download is usable audio, and the last one is kept as BROKEN; or the model made no usable
                audio, and the file is kept as RAW.
        """
        if context.sent.silent:  # the segment was not submitted, and stays silent
            return {"path": str(context.sent.path)}
        final = context.folder / RAW
        return {**(await self._existing(context, final) or await self._download(context, final)), "path": str(final)}

    async def _existing(self, context: VariationContext, final: Path) -> dict[str, Any] | None:
        """Check a file from an earlier run, for example before a crash. Set it aside if it cannot be used."""
        if not await asyncio.to_thread(holds, final):
            return None
        try:
            return await self._check(context, final)
        except OF_THE_MODEL:
            raise
        except ResultError:
            await asyncio.to_thread(_set_aside, final)
            return None

    async def _download(self, context: VariationContext, final: Path) -> dict[str, Any]:
        """Download and check the result, again after a pause if it cannot be used; return the result of the check."""
        for pause in PAUSES:
            try:
                return await self._once(context, final)
            except OF_THE_MODEL:
                raise
            except ResultError as unusable:
                log.info("%s: %s", context.variation_id, unusable.text)
                context.report(message="the result arrived unusable; downloading it again")
                await asyncio.sleep(pause)
        try:
            return await self._once(context, final)
        except OF_THE_MODEL:
            raise
        except ResultError as unusable:
            text = f"The result arrived unusable {len(PAUSES) + 1} times. {unusable.text}"
            raise type(unusable)(text) from unusable

    async def _once(self, context: VariationContext, final: Path) -> dict[str, Any]:
        """Download to a temporary file, check the file and rename it; set it aside if it cannot be used."""
        made = context.done["remix"]
        output = Output(made["url"], made["seed"], made["billed_units"], made["answer"])
        partial = final.with_suffix(".part")
        await context.engine.fetch(output, partial, context.report)
        try:
            checked = await self._check(context, partial)
        except OF_THE_MODEL:
            await asyncio.to_thread(settle, partial, final)
            raise
        except ResultError:
            await asyncio.to_thread(_set_aside, partial)
            raise
        await asyncio.to_thread(settle, partial, final)
        return checked

    async def _check(self, context: VariationContext, path: Path) -> dict[str, Any]:
        """Check that a file is usable audio of about the right length."""
        return await self.workers.run("probe", {"path": str(path), "seconds": context.sent.seconds}, context.progress())


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be used to BROKEN, in place of an earlier one, or delete the file if it is large."""
    with explained(path):
        if path.exists() and path.stat().st_size <= LARGEST_BROKEN:
            busy_files.replace(path, path.with_name(BROKEN))
    discard(path)
