"""Stage 4, per variation and segment: download the paid result and check it before any further processing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.engines.base import Output
from bridge.errors import ResultError, ResultTruncated
from bridge.jobs.context import VariationContext
from bridge.jobs.stage import Stage
from bridge.protocol.job import State
from bridge.util.atomic import holds, settle
from bridge.workers.pool import Workers

TRIES = 3  # number of download attempts if a result arrives incomplete


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
            ResultError: the result is not usable audio; the file is kept.
        """
        final = context.folder / "raw.audio"
        # After a crash between the rename and the journal entry, the complete file already exists.
        checked = (
            await self._check(context, final)
            if await asyncio.to_thread(holds, final)
            else await self._download(context, final)
        )
        return {**checked, "path": str(final)}

    async def _download(self, context: VariationContext, final: Path) -> dict[str, Any]:
        """Download to a temporary file, check the file and rename it; return the result of the check."""
        made = context.done["remix"]
        output = Output(made["url"], made["seed"], made["billed_units"], made["answer"])
        partial = final.with_suffix(".part")
        for attempt in range(1, TRIES + 1):
            await context.engine.fetch(output, partial, context.report)
            try:
                checked = await self._check(context, partial)
            except ResultTruncated:
                if attempt == TRIES:
                    await asyncio.to_thread(partial.replace, final.with_name("raw.broken"))
                    raise
                await asyncio.to_thread(partial.unlink)
            except ResultError:
                await asyncio.to_thread(settle, partial, final)
                raise
            else:
                await asyncio.to_thread(settle, partial, final)
                return checked
        raise ResultTruncated

    async def _check(self, context: VariationContext, path: Path) -> dict[str, Any]:
        """Check that a file is usable audio of about the right length."""
        return await self.workers.run("probe", {"path": str(path), "seconds": context.sent.seconds}, context.progress())
