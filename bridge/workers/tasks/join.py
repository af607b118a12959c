"""The task "join": joins the results for the segments of a long clip into one file without audible joins.

The `fit` stage runs this task before it fits the whole clip. Each result is aligned with its own segment of the source,
levelled, and cross-faded with the next result at the point where the two are most similar. Everything is processed in
blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio import block, crossfade, files, match, writers
from bridge.audio.block import Block
from bridge.audio.loudness import integrated_loudness
from bridge.workers.tasks import compare, raw
from bridge.workers.tasks.compare import Alignment
from bridge.workers.tasks.opening import RESULT, SOURCE, number, opened, writing

Progress = Callable[[float], None]

FADE = 0.15  # s; length of a cross-fade
RAMP = 10.0  # s; a segment's level changes over this time to match its neighbour at a join
MOST_STEP = 6.0  # dB; largest level difference that is evened out; a larger difference is intended or a defect
AROUND = 6.0  # s; a join is compared with this much music on each side


@dataclass(frozen=True, slots=True)
class Part:
    """One segment: its files, its position and the settings for playing it."""

    path: Path  # the raw result
    source: Path  # the submitted segment
    start: float  # start in the submitted clip, s
    seconds: float  # length, s
    alignment: Alignment  # alignment with the submitted segment
    mean: tuple[float, ...]  # DC offset to remove from each channel
    mode: str  # how the channels of the raw result are used, see raw.mode_for
    gain_db: float  # gain that restores the source's level relative to the other segments, dB

    def take(self, rate: int, start: int, frames: int) -> raw.Take:
        """Return the `Take` that reads `frames` frames, starting at frame `start` of the clip."""
        skip = start / rate - self.start + self.alignment.slip
        return raw.Take(rate, skip, frames, self.alignment.speed, self.mean, self.mode)


@dataclass(frozen=True, slots=True)
class Join:
    """The join of two neighbouring segments."""

    at: int  # frame of the clip at which the cross-fade starts
    step_db: float  # how much louder the second segment is in the overlap, with both gains applied, dB
    alike: float  # correlation of both segments in the cross-fade, -1..1


def join(args: dict[str, Any], progress: Progress, *, size: int = block.FRAMES) -> dict[str, Any]:
    """Join the segments of a clip.

    Args:
        args: legs (for each segment: the paths raw and source, and its start and seconds in the submitted clip),
            seconds (length of the clip), channels (of the clip, 1 or 2), align, into.
        progress: called with the completed fraction, 0..1.
        size: frames per block; does not change the file.

    Returns:
        frames, sample_rate, legs (for each segment: alignment and gain_db), joins (for each join: at (s), alike,
        evened_db, and the fields of crossfade.Measured).

    Raises:
        ResultError: a raw result cannot be used.
        RequestError: an argument is invalid.
        HomeError: the file cannot be written.
    """
    into, seconds = Path(args["into"]), number(args, "seconds", 0.0, 1e7)
    channels = round(number(args, "channels", 1, 2, 2))
    parts = _even(_listened(args["legs"], bool(args.get("align", True)), channels, into.parent, progress))
    with ExitStack() as stack:
        readers = [stack.enter_context(opened(part.path, RESULT, into.parent)) for part in parts]
        rate = readers[0].info.sample_rate
        frames, fade = round(seconds * rate), round(FADE * rate)
        joins = [_found(parts[k : k + 2], readers[k : k + 2], rate, fade, size) for k in range(len(parts) - 1)]
        progress(0.7)
        with writing(into), writers.WavWriter(into, rate, frames, "float32") as writer:
            whole = crossfade.joined(_streams(parts, readers, joins, rate, frames, fade, size), fade)
            for piece in block.exactly(whole, frames, 2):
                writer.write(piece)
    measured = [_measured(into, one, fade, rate) for one in joins]
    progress(1.0)
    return {
        "sample_rate": rate,
        "frames": frames,
        "legs": [{"alignment": part.alignment.to_wire(), "gain_db": round(part.gain_db, 2)} for part in parts],
        "joins": [
            {
                "at": round((one.at + fade / 2) / rate, 3),
                "alike": round(one.alike, 3),
                "evened_db": round(one.step_db, 2),
            }
            | found.to_wire()
            for one, found in zip(joins, measured, strict=True)
        ],
    }


def _listened(
    segments: Sequence[Mapping[str, Any]], align: bool, channels: int, scratch: Path, progress: Progress
) -> list[Part]:
    """Measure the alignment of each segment's result, and how much quieter the result is than its source."""
    found = []
    for count, segment in enumerate(segments, 1):
        path, source = Path(segment["raw"]), Path(segment["source"])
        sent, made = compare.listen_to_both(source, path, scratch)
        alignment = compare.alignment(sent, made) if align else Alignment()
        mean, mode = raw.offset(made.passed.mean), raw.mode_for(made.passed, channels)
        levels = _loudness(source, SOURCE, scratch, "normal"), _loudness(path, RESULT, scratch, mode)
        gain = 0.0 if None in levels else levels[0] - levels[1]  # type: ignore[operator]  # none of them is None
        start, seconds = float(segment["start"]), float(segment["seconds"])
        found.append(Part(path, source, start, seconds, alignment, mean, mode, gain))
        progress(0.6 * count / len(segments))
    return found


def _loudness(path: Path, errors: Mapping[Any, Any], scratch: Path, mode: str) -> float | None:
    """Return the integrated loudness of a file in LUFS, or None for silence."""
    with opened(path, errors, scratch) as reader:
        return integrated_loudness(raw.stereo(reader, 0, reader.info.frames, mode=mode), reader.info.sample_rate)


def _even(parts: list[Part]) -> list[Part]:
    """Return the segments with gains that average 0 dB; the task `fit` sets the level of the clip."""
    total = sum(part.seconds for part in parts)
    mean = sum(part.gain_db * part.seconds for part in parts) / total
    return [replace(one, gain_db=one.gain_db - mean) for one in parts]


def _found(parts: Sequence[Part], readers: Sequence[files.Reader], rate: int, fade: int, size: int) -> Join:
    """Find the best position for a join in the overlap of two segments."""
    start, stop = round(parts[1].start * rate), round((parts[0].start + parts[0].seconds) * rate)
    heard = []
    for part, reader in zip(parts, readers, strict=True):
        pieces = raw.played(reader, part.take(rate, start, stop - start), size)
        heard.append(np.concatenate([*pieces]) * np.float32(10 ** (part.gain_db / 20)))
    place = match.best_point(heard[0], heard[1], rate, fade)
    first, second = (integrated_loudness([sound], rate) for sound in heard)
    step = 0.0 if first is None or second is None else max(-MOST_STEP, min(MOST_STEP, second - first))
    alike = crossfade.likeness(heard[0][place : place + fade], heard[1][place : place + fade])
    return Join(start + place, step, alike)


def _streams(
    parts: Sequence[Part],
    readers: Sequence[files.Reader],
    joins: Sequence[Join],
    rate: int,
    frames: int,
    fade: int,
    size: int,
) -> Iterator[Iterator[Block]]:
    """Yield each segment's levelled audio, from the start of its first cross-fade to the end of its last cross-fade."""
    for k, (part, reader) in enumerate(zip(parts, readers, strict=True)):
        first, last = joins[k - 1] if k else None, joins[k] if k < len(joins) else None
        start = first.at if first else 0
        stop = last.at + fade if last else frames
        ends = (-first.step_db / 2 if first else 0.0), (last.step_db / 2 if last else 0.0)
        yield _levelled(
            raw.played(reader, part.take(rate, start, stop - start), size), part.gain_db, ends, stop - start, rate
        )


def _levelled(
    blocks: Iterator[Block], gain_db: float, ends: tuple[float, float], frames: int, rate: int
) -> Iterator[Block]:
    """Yield a stream with a gain, and with level ramps at both ends that match the neighbouring segments.

    Args:
        blocks: the stream, frames × 2.
        gain_db: gain of the whole stream.
        ends: additional gain at the start and at the end, dB; it fades to 0 over RAMP, or over half of a short stream.
        frames: length of the stream.
        rate: sample rate, Hz.
    """
    ramp = max(1.0, min(RAMP * rate, frames / 2))
    position = 0
    for piece in blocks:
        place = position + np.arange(len(piece))
        more = ends[0] * np.maximum(0.0, 1 - place / ramp) + ends[1] * np.maximum(0.0, 1 - (frames - place) / ramp)
        yield piece * (10 ** ((gain_db + more) / 20)).astype(np.float32)[:, None]
        position += len(piece)


def _measured(path: Path, one: Join, fade: int, rate: int) -> crossfade.Measured:
    """Compare a join in the written file with the music around it."""
    with opened(path, RESULT) as reader:
        middle, around = one.at + fade // 2, round(AROUND * rate)
        start, stop = max(0, middle - around), min(reader.info.frames, middle + around)
        sound = np.concatenate([*reader.blocks(start, stop - start)])
    return crossfade.measure(sound, middle - start, fade, rate)
