"""The task "offline": a clip's FLAC file in, its remix by signal processing out; what the offline engine runs.

The clip is read twice (survey, then section by section) and the remix once more for its final level, always in blocks:
an hour needs no more memory than two minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio import block, channels, files, writers
from bridge.audio.block import Block
from bridge.audio.loudness import LoudnessMeter
from bridge.audio.offline.plan import Plan, Wish, make_plan
from bridge.audio.offline.remix import final_gain, finish, render_clip
from bridge.audio.offline.survey import Survey, Surveyor
from bridge.errors import RequestError
from bridge.workers.tasks.opening import SOURCE, number, opened, writing

Progress = Callable[[float], None]

SURVEYED, RENDERED = 0.1, 0.9  # shares of the work that are done after the first and the second look


def offline(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Remix a clip in the style of the tags.

    Args:
        args: source (path), into (path of the WAV file to write, 32-bit float), tags, seed, and optionally amount
            (0..1), tempo (BPM), beats (s, ascending), downbeats (indices), family, lyrics (which are not sung).
        progress: told the share done, 0..1.

    Returns:
        seed, family, chosen (whether somebody named it), tempo (BPM), description (one line that says how it was made).

    Raises:
        RequestError: an argument is of the wrong kind.
        ClipError: the clip's file cannot be used.
        HomeError: the remix cannot be written.
    """
    wish = _wish(args)
    into = Path(args["into"])
    with opened(Path(args["source"]), SOURCE, into.parent) as reader, writing(into):
        plan = make_plan(_survey(reader, wish, progress), wish)
        spool = writers.Spool(into.parent)
        try:
            gain_db = _render(reader, plan, spool, progress)
            _write(spool, plan, gain_db, into, progress)
        finally:
            spool.close()
    return {
        "seed": plan.seed,
        "family": plan.family.name,
        "chosen": plan.chosen,
        "tempo": plan.tempo,
        "description": plan.description,
    }


def _wish(args: dict[str, Any]) -> Wish:
    """Check the arguments.

    Raises:
        RequestError: one is of the wrong kind or out of its range.
    """
    return Wish(
        tags=str(args.get("tags", "")),
        seed=round(number(args, "seed", 0, 2**64, default=0)),
        amount=None if args.get("amount") is None else number(args, "amount", 0.0, 1.0),
        tempo=None if args.get("tempo") is None else number(args, "tempo", 10.0, 1000.0),
        beats=_numbers(args, "beats"),
        downbeats=tuple(round(value) for value in _numbers(args, "downbeats")),
        family=str(args.get("family") or ""),
    )


def _numbers(args: dict[str, Any], name: str) -> tuple[float, ...]:
    """Return a list of finite numbers from the arguments.

    Raises:
        RequestError: it holds something else.
    """
    values = args.get(name) or []
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise RequestError(f"The clip's {name} have to be numbers.")
    return tuple(float(value) for value in values)


def _stereo(reader: files.Reader, start: int, frames: int) -> Iterator[Block]:
    """Yield a span as two channels, with zeros for what is no sound."""
    matrix = channels.mix(reader.info.channels, "normal", None, False)
    for part in channels.to_stereo(reader.blocks(start, frames), matrix):
        yield block.sound_alone(part)[0]


def _survey(reader: files.Reader, wish: Wish, progress: Progress) -> Survey:
    """Measure the clip."""
    surveyor = Surveyor(reader.info.sample_rate, listen=not wish.has_beats)
    frames, done = reader.info.frames, 0
    for part in _stereo(reader, 0, frames):
        done += len(part)
        surveyor.add(part)
        progress(SURVEYED * done / frames)
    return surveyor.survey()


def _render(reader: files.Reader, plan: Plan, spool: writers.Spool, progress: Progress) -> float:
    """Remix into the spool, before the final level, and return the gain in dB that is missing."""

    def read(start: int, stop: int) -> Block:
        audio = np.empty((stop - start, 2), dtype=np.float32)
        done = 0
        for part in _stereo(reader, start, stop - start):
            audio[done : done + len(part)] = part
            done += len(part)
        return audio

    def on_way(share: float) -> None:
        progress(SURVEYED + (RENDERED - SURVEYED) * share)

    meter = LoudnessMeter(plan.survey.rate)
    for part in render_clip(read, plan, on_way):
        meter.add(part)
        spool.append(part)
    return final_gain(plan, meter.value())


def _write(spool: writers.Spool, plan: Plan, gain_db: float, into: Path, progress: Progress) -> None:
    """Write the remix at its final level."""
    frames, rate = plan.survey.frames, plan.survey.rate
    done = 0
    with writers.WavWriter(into, rate, frames, "float32") as writer:
        for part in finish(spool.blocks, rate, gain_db):
            writer.write(part)
            done += len(part)
            progress(RENDERED + (1.0 - RENDERED) * done / frames)
