"""Stage 1, per clip: render the audible span to one FLAC file, with handles if the source has them.

A clip that is longer than the engine's limit is split on bar lines into overlapping segments, one file each.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.config.settings import Render as Settings
from bridge.errors import ClipSilent, ClipTooLong, ClipTooShort, SourceMissing
from bridge.jobs import bar_lines, combine
from bridge.jobs.context import VariationContext
from bridge.jobs.segments import MOST, Segment, split
from bridge.jobs.stage import Stage
from bridge.presets.tags import FACT
from bridge.protocol.job import State
from bridge.protocol.request import Source
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import settle
from bridge.util.long_paths import extended
from bridge.workers.pool import Workers

SHORTEST = 0.1  # minimum length of a clip in seconds
LOOP_AROUND = 1.0  # minimum context on each side of a loop, in seconds


def stage(workers: Workers, store: Store, settings: Settings) -> Stage:
    """Return the `render` stage, connected to the services that it uses."""
    return Stage(
        "render",
        State.RENDERING,
        "reading the clip",
        per_clip=True,
        per_segment=False,
        weight=0.08,
        run=Render(workers, store, settings).run,
    )


@dataclass(frozen=True, slots=True)
class Render:
    """The stage that reads clips in worker processes."""

    workers: Workers
    store: Store  # keeps the user's tags for each clip
    settings: Settings

    async def run(self, context: VariationContext) -> dict[str, Any]:
        """Write `source.flac`; return the signal task's answer with further details of the clip.

        Raises:
            ClipError: the clip's audio cannot be used.
        """
        length = await self._clip_length(context)
        if length < SHORTEST:
            raise ClipTooShort(f"The clip is {length:.3f} s long; the minimum is {SHORTEST} s.")
        if not _is_whole(context, length):
            planned(context, length, (0.0, 0.0))  # a clip that is too long is refused here, before it is read
        source, handles = await self._mixed(context) if context.request.is_combined else self._heard(context)
        handles = [min(handle, spare(context, length)) for handle in handles]
        final = context.clip_folder / "source.flac"
        partial = final.with_suffix(".part.flac")
        args = {
            "source": msgspec.to_builtins(source),
            "rendered": context.clip.rendered is not None,
            "length": length,
            "handles": handles,
            "context": min(self._around(context, source, length), spare(context, length)),
            "period": bar_lines.period(context.clip, context.request.project, length),
            "loops": context.clip.loops,
            "into": str(partial),
            "highest_rate": self.settings.highest_rate,
            "in_daw": context.daw.confirms and context.clip.rendered is None,
        }
        result, listened = await self._both(context, args)
        await asyncio.to_thread(settle, partial, final)
        ignored = [{"code": "not_carried", "text": text} for text in context.clip.ignored]
        await context.warn([*result["warnings"], *ignored])
        if result["silent"] and not self._sends_silence(context):
            reasons = [one["text"] for one in result["warnings"] if one["code"] == "not_numbers"]
            raise ClipSilent(" ".join([ClipSilent().text, *reasons]))
        segments = await self._in_segments(context, result, length, final)
        sent = sum(segment["frames"] for segment in segments if not segment["silent"])
        await context.sends(sent / result["sample_rate"])
        return {
            **result,
            "path": str(final),
            "length": length,
            "legs": segments,
            "heard": {**listened, "said": await self._said(context, result)},
        }

    async def _mixed(self, context: VariationContext) -> tuple[Source, list[float]]:
        """Mix combined clips; return the mix as a source, with handles of length 0.

        Raises:
            ClipError: a clip's audio cannot be used.
        """
        clips, settings = context.request.clips, self.settings
        start, stop = combine.span(clips)
        silent = combine.silence(clips)
        if silent > combine.GAP:
            text = f"There are {silent:.1f} s of silence between the clips; they are sent and paid as well."
            await context.warn([{"code": "gap_sent", "text": text}])
        parts = [
            {
                "source": msgspec.to_builtins(_absolute(clip.played)),
                "rendered": clip.rendered is not None,
                "length": clip.length,
                "at": clip.position - start,
            }
            for clip in clips
            if clip.position is not None
        ]
        path = context.clip_folder / "mix.wav"
        rate = min(context.request.project.sample_rate or settings.highest_rate, settings.highest_rate)
        args = {"clips": parts, "seconds": stop - start, "rate": rate, "into": str(path)}
        mixed = await self.workers.run("mix", args)
        await context.warn(mixed["warnings"])
        return Source(path=str(path), channels="left" if mixed["channels"] == 1 else "normal"), [0.0, 0.0]

    async def _in_segments(
        self, context: VariationContext, result: Mapping[str, Any], length: float, path: Path
    ) -> list[dict[str, Any]]:
        """Return the files to send for a rendered clip: one file per segment, or the clip's own file."""
        rate, frames = result["sample_rate"], result["frames"]
        if _is_whole(context, length + sum(result["handles"])):
            return [{"start": 0, "frames": frames, "path": str(path), "sha256": result["sha256"], "silent": False}]
        segments = planned(context, length, result["handles"])
        files = [path.with_name(f"source-{number}.flac") for number in range(1, len(segments) + 1)]
        parts = []
        for segment, file in zip(segments, files, strict=True):
            start, stop = round(segment.start * rate), min(frames, round(segment.stop * rate))
            parts.append({"start": start, "frames": stop - start, "path": str(file.with_suffix(".part.flac"))})
        answer = await self.workers.run("split", {"path": str(path), "legs": parts})
        for part, file in zip(parts, files, strict=True):
            await asyncio.to_thread(settle, Path(part["path"]), file)
        skips = not self._sends_silence(context)
        return [
            {**part, "path": str(file), "sha256": sha256, "silent": silent and skips}
            for part, file, sha256, silent in zip(parts, files, answer["sha256"], answer["silent"], strict=True)
        ]

    def _sends_silence(self, context: VariationContext) -> bool:
        """Return whether silent audio is sent: the request decides or, if it does not, the setting."""
        wanted = context.request.wanted.send_silent
        return self.settings.send_silent if wanted is None else wanted

    async def _both(self, context: VariationContext, args: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Render and analyse the clip in parallel; return both answers.

        If one task fails, the other task is not cancelled, because that would cost a worker process. If both fail, the
        `render` task's error is raised.
        """
        listening = {**args, "tempo": context.request.project.tempo}
        answers = await asyncio.gather(
            self.workers.run("render", args, context.progress()),
            self.workers.run("listen", listening),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers  # type: ignore[return-value]  # none of them is an exception

    def _around(self, context: VariationContext, source: Source, length: float) -> float:
        """Return how many seconds of context to add on each side of a short clip; the `fit` stage cuts the context off.

        A loop of any length gets context: the end of the resulting loop is cross-faded into the audio that was
        generated before the loop's start, so that the result repeats without a click.
        """
        short = max(0.0, (self.settings.context - length) / 2)
        return max(short, LOOP_AROUND) if context.clip.loops or source.loop else short

    async def _said(self, context: VariationContext, result: Mapping[str, Any]) -> Any:
        """Store the user's tags for the clip if the request contains any; return the stored tags, or None."""
        recipe, name = context.job.recipe, f"{FACT}{result['sha256']}"
        if recipe.get("described_by") == "user":
            await self.store(Database.remember, name, recipe["params"]["original_tags"])
        return await self.store(Database.fact, name)

    async def _clip_length(self, context: VariationContext) -> float:
        """Return the clip's length in seconds; a clip without a length extends to the end of its source."""
        if context.clip.length is not None:
            return context.clip.length
        source, _ = self._heard(context)
        found = await self.workers.run("length", {"path": source.path}, context.progress())
        return max(0.0, float(found["seconds"]) - source.offset) / source.playrate

    def _heard(self, context: VariationContext) -> tuple[Source, list[float]]:
        """Return the source span to read and the lengths of the wanted handles in seconds."""
        source = _absolute(context.clip.played)
        if not context.daw.wants_handles:
            return source, [0.0, 0.0]
        if context.clip.rendered is not None:
            return source, list(context.clip.rendered.handles)
        return source, [self.settings.handles] * 2


def _is_whole(context: VariationContext, seconds: float) -> bool:
    """Return whether the engine accepts this length in one piece."""
    longest = context.engine.capabilities.longest
    return longest is None or seconds <= longest


def planned(context: VariationContext, length: float, handles: Sequence[float]) -> list[Segment]:
    """Return the segments into which a clip with its handles is split.

    Raises:
        ClipTooLong: the clip would need too many segments.
    """
    can, before = context.engine.capabilities, handles[0]
    lines = bar_lines.bar_lines(context.clip, context.request.project, -before, length + handles[1])
    found = split(length + sum(handles), can.longest, [line + before for line in lines])
    if found is None:
        raise ClipTooLong(
            f"The clip is {length:.1f} s long; {can.label} takes up to {can.longest:.0f} s at a time, "
            f"and a clip may have at most {MOST} segments."
        )
    return found


def spare(context: VariationContext, length: float) -> float:
    """Return by how many seconds a clip may be extended on each side within the engine's limit."""
    longest = context.engine.capabilities.longest
    return math.inf if longest is None or length > longest else (longest - length) / 2


def _absolute(source: Source) -> Source:
    if not Path(source.path).is_absolute():
        raise SourceMissing(f"The path {source.path} is not absolute, so the bridge cannot find the file.")
    right = str(extended(Path(source.path_right))) if source.path_right else source.path_right
    return msgspec.structs.replace(source, path=str(extended(Path(source.path))), path_right=right)
