"""The task "mix": mixes clips from one or more tracks as the DAW plays them.

The `render` stage runs this task for clips that are remixed together, then renders the mix like any other source. Gains
and fades are applied, because the balance between the clips is part of the sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio import block, resample, writers
from bridge.audio.block import Block
from bridge.workers.tasks.opening import number, writing
from bridge.workers.tasks.render import laid_out, missing, plays_mono, stream


@dataclass(slots=True)
class Lane:
    """One clip of the mix."""

    start: int  # first frame in the mix
    frames: int
    blocks: Iterator[Block] = field(default_factory=lambda: iter(()))
    mono: bool = True  # whether the clip, as far as it was read, plays the same signal on both sides
    notes: list[tuple[str, str]] = field(default_factory=list)  # (code, text) about parts that could not be read
    rest: Block = field(default_factory=lambda: np.zeros((0, 2), np.float32))  # frames read but not yet mixed

    def next(self, frames: int) -> Block:
        """Return the next `frames` frames, or fewer at the end of the clip."""
        parts, count = [self.rest], len(self.rest)
        while count < frames and (part := next(self.blocks, None)) is not None:
            parts.append(part)
            count += len(part)
        whole = np.concatenate(parts)
        self.rest = whole[frames:]
        return whole[:frames]


def mix(args: dict[str, Any], progress: Callable[[float], None], *, size: int = block.FRAMES) -> dict[str, Any]:
    """Mix clips.

    Args:
        args: clips (each with source, rendered, length, and at: its start in the mix, s), seconds, rate (Hz), into.
        progress: called with the completed fraction, 0..1.
        size: frames per block; does not change the file.

    Returns:
        frames, sample_rate, channels (1 if all clips are mono, else 2), warnings.

    Raises:
        ClipError: a source or a span cannot be used.
        RequestError: an argument is invalid.
        HomeError: the file cannot be written.
    """
    into, rate = Path(args["into"]), round(number(args, "rate", 8000, 768_000))
    frames = round(number(args, "seconds", 0.0, 1e6) * rate)
    lanes = [_lane(clip, rate, into) for clip in args["clips"]]
    with writing(into), writers.WavWriter(into, rate, frames, "float32") as writer:
        for start in range(0, frames, size):
            count = min(size, frames - start)
            writer.write(_mixed(lanes, start, count))
            progress((start + count) / frames)
    notes = {text: code for lane in lanes for code, text in lane.notes}  # the same text only once
    return {
        "frames": frames,
        "sample_rate": rate,
        "channels": 1 if all(lane.mono for lane in lanes) else 2,
        "warnings": [{"code": code, "text": text} for text, code in notes.items()],
    }


def _mixed(lanes: list[Lane], start: int, count: int) -> Block:
    """Return `count` frames of the mix from frame `start` on."""
    out = np.zeros((count, 2), np.float32)
    for lane in lanes:
        first, last = max(start, lane.start), min(start + count, lane.start + lane.frames)
        if first < last:
            part = lane.next(last - first)
            out[first - start : first - start + len(part)] += part
    return out


def _lane(clip: Mapping[str, Any], rate: int, into: Path) -> Lane:
    start, frames = round(clip["at"] * rate), round(clip["length"] * rate)
    lane = Lane(start, frames)
    lane.blocks = _heard(clip, lane, rate, into)
    return lane


def _heard(clip: Mapping[str, Any], lane: Lane, rate: int, into: Path) -> Iterator[Block]:
    """Yield a clip at the rate of the mix, with its gain and fades; the clip's file is open only while it is read."""
    source, frames = clip["source"], lane.frames
    args = {"source": source, "length": clip["length"], "handles": [0.0, 0.0], "highest_rate": 655_350}
    gain = 10 ** (number(source, "gain_db", -150.0, 150.0, 0.0) / 20)
    fades = [number(source, name, 0.0, 1e7, 0.0) * rate for name in ("fade_in", "fade_out")]
    position = 0
    with laid_out({**args, "into": str(into)}) as (parsed, reader, played, layout):
        lane.notes += missing(parsed, reader.info, played, layout, in_daw=True)
        sound = resample.resampled(stream(parsed, played, layout, None), layout.rate_out, rate)
        mono = plays_mono(parsed, played)
        for part in block.exactly(sound, frames, 2):
            lane.mono = lane.mono and (mono or bool(clip.get("rendered") and block.is_alike(part)))
            place = position + np.arange(len(part))
            level = np.full(len(part), gain)
            if fades[0]:
                level *= np.minimum(1.0, place / fades[0])
            if fades[1]:
                level *= np.minimum(1.0, (frames - 1 - place) / fades[1])
            yield part * level.astype(np.float32)[:, None]
            position += len(part)
        reader.check_unchanged()
