"""Stage 6, per variation: onto a new track.

The folder adapter's result is placed when its file is there. A DAW's script is offered the result in the outbox and the
variation is done when the script confirms, which arrives as a message and not here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.daws.base import Placing
from bridge.errors import WorkLost
from bridge.jobs.context import VariationContext
from bridge.jobs.stage import Stage
from bridge.protocol.job import SHOWN, State
from bridge.util.atomic import holds


def stage(offer: Callable[[str], None]) -> Stage:
    """Return the stage."""
    return Stage("place", None, "placing", per_clip=False, per_segment=False, weight=0.04, run=Place(offer).run)


@dataclass(frozen=True, slots=True)
class Place:
    """Places results, or has them offered to a DAW's script."""

    offer: Callable[[str], None]  # told which variation's result is ready

    async def run(self, context: VariationContext) -> dict[str, Any] | None:
        """Place the result, or hand it to the DAW's script and return None.

        Raises:
            WorkLost: the finished file is not there any more.
            PlaceError: the file is not where it should be.
        """
        fitted = context.done["fit"]
        if not await asyncio.to_thread(holds, Path(fitted["path"])):
            await context.forget(context.variation_id, "fit")
            raise WorkLost(f"The finished file {fitted['path']} is gone or empty.")
        result = {name: fitted[name] for name in SHOWN if name in fitted} | {"placed": False}
        if context.variation.cancel_asked:
            text = f"it was complete before the cancel arrived, so it is kept: {fitted['path']}"
            await context.enter(State.DONE, text, result=result, handed_over=True, progress=1.0)
            return {"placed": False}
        if context.daw.confirms:
            await context.enter(
                State.READY, "ready, waiting for the DAW", result=result, progress=round(context.share(0.0), 4)
            )
            self.offer(context.variation_id)
            return None
        await asyncio.to_thread(
            context.daw.place, Placing(context.variation_id, Path(fitted["path"]), fitted["samples"])
        )
        result["placed"] = True
        await context.enter(State.DONE, f"done: {fitted['path']}", result=result, handed_over=True, progress=1.0)
        return {"placed": True}
