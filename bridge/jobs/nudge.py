"""Moves a finished result in time, without a new remix.

If the move stays within the handles, only the clip's start offset in the file changes. A move beyond the handles cuts a
second file from the engine's output, because a result that was handed over is never rewritten.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.errors import NotPossibleNow
from bridge.jobs.registry import JobRegistry
from bridge.jobs.result_file import free_path
from bridge.protocol.job import Variation
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import discard, settle
from bridge.util.long_paths import extended, plain
from bridge.workers.pool import Workers

MOST = 2000.0  # ms: limit on the sum of a result's nudges


async def nudge(registry: JobRegistry, store: Store, workers: Workers, variation: Variation, ms: float) -> None:
    """Move a variation's result earlier or later.

    Args:
        registry: the registry that contains the variation.
        store: the store that contains the result of the `fit` stage.
        workers: worker processes that cut a second file if necessary.
        variation: the variation whose result moves.
        ms: distance in ms, positive for later, negative for earlier; it is added to previous nudges.

    Raises:
        NotPossibleNow: there is no result yet, or the result would move too far.
        BridgeError: the signal task failed.
    """
    _, fitted = await store(Database.stage, variation.id, "fit")
    if fitted is None or variation.result is None or "order" not in fitted:
        raise NotPossibleNow("There is no finished result to nudge.")
    total = fitted["nudge_ms"] + ms
    if abs(total) > MOST:
        raise NotPossibleNow(f"That would move the result by {total:+.0f} ms in total; the limit is {MOST:.0f} ms.")
    lead = fitted["lead"] - round(ms / 1000 * fitted["sample_rate"])
    if 0 <= lead <= fitted["frames"] - fitted["samples"]:
        moved = {**fitted, "lead": lead, "source_offset": lead / fitted["sample_rate"], "nudge_ms": total}
        text = f"nudged {total:+.0f} ms: the clip now begins {moved['source_offset']:.3f} s into its file"
    else:
        moved = await _cut_again(workers, fitted, total)
        text = f"nudged {total:+.0f} ms: {moved['path']}"
    await store(Database.finish_stage, variation.id, "fit", moved)
    result = {**variation.result, **{name: moved[name] for name in ("path", "source_offset")}, "nudge_ms": total}
    await registry.change(variation.id, result=result, message=text)


async def _cut_again(workers: Workers, fitted: Mapping[str, Any], total: float) -> dict[str, Any]:
    """Run the `fit` task again with the total nudge, and write a new file whose name contains this nudge."""
    first = extended(Path(fitted["order"]["final"]))
    final = await asyncio.to_thread(free_path, first.parent, f"{first.stem} {total:+.0f} ms")
    partial = final.with_name(f".{final.stem}.part.wav")
    order = {**fitted["order"], "nudge": total / 1000, "into": str(partial)}
    try:
        answer = await workers.run("fit", order)
        await asyncio.to_thread(settle, partial, final)
        with contextlib.suppress(OSError):  # the first file may be gone
            await asyncio.to_thread(shutil.copymode, extended(Path(fitted["path"])), final)
    finally:
        await asyncio.to_thread(discard, partial)
    return {**fitted, **answer, "path": str(plain(final)), "source_offset": answer["lead"] / answer["sample_rate"]}
