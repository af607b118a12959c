"""Stage 6, per variation: place the result on a new track.

With the folder adapter, the stage is finished when the file exists. With a DAW, a script finds the offered result in
the outbox, places the result, and then confirms this with a message.
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
    """Return the `place` stage, connected to the services that it uses."""
    return Stage("place", None, "placing", per_clip=False, per_segment=False, weight=0.04, run=Place(offer).run)


@dataclass(frozen=True, slots=True)
class Place:
    """The stage that places results or offers them to a DAW's script."""

    offer: Callable[[str], None]  # called with the variation's ID

    async def run(self, context: VariationContext) -> dict[str, Any] | None:
        """Place the result, or offer it to the DAW's script and return None.

        Raises:
            WorkLost: the finished file is gone.
            PlaceError: the file is not at its path.
        """
        fitted = context.done["fit"]
        if not await asyncio.to_thread(holds, Path(fitted["path"])):
            await context.forget(context.variation_id, "fit")
            raise WorkLost(f"The finished file {fitted['path']} is gone or empty.")
        result = {name: fitted[name] for name in SHOWN if name in fitted} | {"placed": False}
        if context.variation.cancel_asked:
            text = f"finished before the cancel arrived, so the result is kept: {fitted['path']}"
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
