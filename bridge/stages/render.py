"""Stage 1, per clip: read the span that is heard into one FLAC, with handles where the source has them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from bridge.disk import settle
from bridge.errors import ClipTooLong, ClipTooShort, SourceMissing
from bridge.job import State
from bridge.request import Rendered, Source
from bridge.work import Stage, Work

SHORTEST = 0.1  # s


async def render(work: Work) -> dict[str, Any]:
    """Write `source.flac` and return what the signal task says of it.

    Raises:
        ClipError: the clip's audio cannot be used as asked.
    """
    length = await clip_length(work)
    longest = work.engine.capabilities.longest
    if length < SHORTEST:
        raise ClipTooShort(f"The clip is {length:.3f} s long; the shortest that can be remixed is {SHORTEST} s.")
    if longest is not None and length > longest:
        raise ClipTooLong(
            f"The clip is {length:.1f} s long; {work.engine.capabilities.label} takes up to {longest:.0f} s."
        )
    source, handles = heard(work)
    final = work.clip_folder / "source.flac"
    partial = final.with_suffix(".part.flac")
    args = {
        "source": msgspec.to_builtins(source),
        "length": length,
        "handles": handles,
        "into": str(partial),
        "highest_rate": work.tools.settings.render.highest_rate,
    }
    result = await work.in_worker("render", args)
    await asyncio.to_thread(settle, partial, final)
    ignored = [{"code": "not_carried", "text": text} for text in work.clip.ignored]
    await work.warn([*result["warnings"], *ignored])
    await work.sends(result["frames"] / result["sample_rate"])
    return {**result, "path": str(final), "length": length}


async def clip_length(work: Work) -> float:
    """Return the clip's length on the timeline in seconds; a clip without one goes to the end of its source."""
    if work.clip.length is not None:
        return work.clip.length
    source, _ = heard(work)
    found = await work.in_worker("length", {"path": source.path})
    return max(0.0, float(found["seconds"]) - source.offset) / source.playrate


def heard(work: Work) -> tuple[Source, list[float]]:
    """Return the source span to read and the handles wanted, for a clip by file and offset or a rendered one."""
    rendered = work.clip.rendered
    source = work.clip.source or _from_rendered(rendered)
    if not Path(source.path).is_absolute():
        raise SourceMissing(f"The path {source.path} is not absolute, so the bridge cannot tell where the file is.")
    if not work.daw.wants_handles:
        return source, [0.0, 0.0]
    if rendered is not None:
        return source, list(rendered.handles)
    return source, [work.tools.settings.render.handles] * 2


def _from_rendered(rendered: Rendered | None) -> Source:
    if rendered is None:  # request.Clip has one of the two
        raise SourceMissing
    return Source(path=rendered.path, offset=rendered.handles[0])


STAGE = Stage("render", State.RENDERING, "reading the clip", per_clip=True, weight=0.08, run=render)
