"""The task "offline": remixes the FLAC file of a clip by signal processing, for the offline engine.

The clip is read twice: once for the survey, and once to remix it section by section. The remix is written to a spool,
and read back when its final gain is applied. All reading is done in blocks.
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

SURVEYED, RENDERED = 0.1, 0.9  # completed fractions after the survey and after rendering


def offline(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Remix a clip in the style of the tags.

    Args:
        args: source (path), into (path of the WAV file to write, 32-bit float), tags, seed, and optionally amount
            (0..1), tempo (BPM), beats (s, ascending), downbeats (indices into beats), family, and lyrics, which are
            ignored.
        progress: called with the completed fraction, 0..1.

    Returns:
        seed, family, chosen (False if neither the tags nor the preset chose the family), tempo (BPM), description (one
        line).

    Raises:
        RequestError: an argument is invalid.
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
    """Validate the arguments.

    Raises:
        RequestError: an argument has the wrong type or is out of range.
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
        RequestError: an element is not a finite number.
    """
    values = args.get(name) or []
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise RequestError(f"The clip's {name} must be numbers.")
    return tuple(float(value) for value in values)


def _stereo(reader: files.Reader, start: int, frames: int) -> Iterator[Block]:
    """Yield a span of the file as stereo; invalid samples become zeros."""
    matrix = channels.mix(reader.info.channels, "normal", None, False)
    for part in channels.to_stereo(reader.blocks(start, frames), matrix):
        yield block.sound_alone(part)[0]


def _survey(reader: files.Reader, wish: Wish, progress: Progress) -> Survey:
    """Analyse the clip."""
    surveyor = Surveyor(reader.info.sample_rate, listen=not wish.has_beats)
    frames, done = reader.info.frames, 0
    for part in _stereo(reader, 0, frames):
        done += len(part)
        surveyor.add(part)
        progress(SURVEYED * done / frames)
    return surveyor.survey()


def _render(reader: files.Reader, plan: Plan, spool: writers.Spool, progress: Progress) -> float:
    """Write the remix to the spool without its final gain, and return that gain in dB."""

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
