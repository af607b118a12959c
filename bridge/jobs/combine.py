"""Combines several clips into one clip that extends from the start of the first to the end of the last.

The render stage mixes the clips, and each seed gives one variation of the mix. This module is not used for clips that
are remixed separately.
"""

from __future__ import annotations

import msgspec

from bridge.errors import RequestError
from bridge.protocol.request import Clip, Grid, RemixArgs

SAME = 0.01  # seconds: a beat of one clip and a beat of another that are at most this far apart count as one
GAP = 1.0  # seconds: more silence than this between the clips causes a warning


def check(request: RemixArgs) -> None:
    """Raise an error if the clips cannot be combined.

    Raises:
        RequestError: a clip has no position or no length.
    """
    for number, clip in enumerate(request.clips):
        if clip.position is None or clip.length is None:
            raise RequestError(f"clips[{number}]: combined clips need a position and a length.")


def first_clip(request: RemixArgs) -> int:
    """Return the index of the clip that begins first; the combined clip takes over this index."""
    return min(range(len(request.clips)), key=lambda number: (request.clips[number].position or 0.0, number))


def span(clips: tuple[Clip, ...]) -> tuple[float, float]:
    """Return the start of the first clip and the end of the last clip, in seconds on the timeline."""
    starts = [clip.position or 0.0 for clip in clips]
    return min(starts), max(start + (clip.length or 0.0) for start, clip in zip(starts, clips, strict=True))


def combined(request: RemixArgs) -> Clip:
    """Return a single clip that combines all clips in a request."""
    clip = request.clips[first_clip(request)]
    start, stop = span(request.clips)
    tracks = " ".join(dict.fromkeys(one.track.name for one in request.clips if one.track.name))
    return msgspec.structs.replace(
        clip,
        name=f"{clip.name} +{len(request.clips) - 1}",
        track=msgspec.structs.replace(clip.track, name=tracks),
        position=start,
        length=stop - start,
        grid=_grid(request.clips, start),
        loops=False,
        ignored=tuple(dict.fromkeys(text for one in request.clips for text in one.ignored)),
    )


def silence(clips: tuple[Clip, ...]) -> float:
    """Return the total time, in seconds, during which no clip plays between the first start and the last end."""
    reached, silent = span(clips)[0], 0.0
    for clip in sorted(clips, key=lambda one: one.position or 0.0):
        start = clip.position or 0.0
        silent += max(0.0, start - reached)
        reached = max(reached, start + (clip.length or 0.0))
    return silent


def _grid(clips: tuple[Clip, ...], start: float) -> Grid | None:
    """Return the beats of all clips, in seconds from the start of the combined clip."""
    found: list[tuple[float, bool]] = []
    for clip in clips:
        if clip.grid is not None:
            lines = set(clip.grid.downbeats)
            shift = (clip.position or 0.0) - start
            found += [(beat + shift, number in lines) for number, beat in enumerate(clip.grid.beats)]
    beats: list[float] = []
    downbeats: list[int] = []
    for beat, is_down in sorted(found):
        if not beats or beat - beats[-1] > SAME:
            beats.append(beat)
        if is_down and (not downbeats or downbeats[-1] != len(beats) - 1):
            downbeats.append(len(beats) - 1)
    return Grid(beats=tuple(beats), downbeats=tuple(downbeats)) if beats else None


def pieces(request: RemixArgs, rate: int) -> list[dict[str, object]]:
    """Return each clip's start in the result (`at`, in seconds) and length (`samples`), for DAWs that cut it up."""
    start, _ = span(request.clips)
    found: list[dict[str, object]] = []
    for clip in request.clips:
        first, last = clip.position or 0.0, (clip.position or 0.0) + (clip.length or 0.0)
        at = (round(first * rate) - round(start * rate)) / rate
        found.append({"clip_id": clip.id, "at": at, "samples": round(last * rate) - round(first * rate)})
    return found
