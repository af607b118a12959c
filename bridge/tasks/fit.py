"""The task "fit": the raw result at the project's rate, exactly as long as the clip, as loud as it, as a broadcast WAV.

Stage fit asks for it. Raw → stereo → rate → exact length → measured into a spool → gain → WAV.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio import block, channels, files, resample, wav
from bridge.audio.block import Block
from bridge.audio.loudness import Loudness
from bridge.audio.true_peak import TruePeak
from bridge.errors import RequestError
from bridge.tasks.opening import RESULT, number, opened, writing

Progress = Callable[[float], None]

FADE = 0.005  # s at the end of a result that is too short
UNNOTICED = 0.1  # s that a result may be short without a warning; a latent frame of the model is 0.093 s
MOST_FRAMES = 1e11


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, checked."""

    raw: Path  # the result as it came
    into: Path  # the file to write
    sample_rate: int | None  # Hz; None keeps the raw's
    lead: int  # frames of handle before the clip, at the rate of the file to write
    samples: int  # frames of the clip
    tail: int  # frames of handle after the clip
    skip: float  # s of the raw's start to leave out, below 0 to put silence before it: the place of alignment
    undo_db: float  # dB that bring the raw to the source's level when loudness is left alone
    target: float | None  # LUFS
    ceiling: float  # dBTP
    encoding: wav.Encoding
    bext: Mapping[str, Any]
    info: Mapping[str, str]

    @property
    def frames(self) -> int:
        """Return the frames of the file to write."""
        return self.lead + self.samples + self.tail


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the result is, and what is done about it."""

    lufs: float | None  # of the clip's part, before the gain; None is silence
    peak_db: float | None  # true peak of everything, before the gain, dBTP; None is silence
    gain_db: float  # what is applied
    limited_db: float  # by how much the ceiling kept it lower, dB


def parse(args: Mapping[str, Any]) -> Order:
    """Check the arguments.

    Raises:
        RequestError: a value that cannot be.
    """
    if args.get("format", "pcm24") not in wav.WIDTH:
        raise RequestError(f"The result's format is {args['format']!r}, and it can be pcm24 or float32.")
    rate = args.get("sample_rate")
    return Order(
        raw=Path(args["raw"]),
        into=Path(args["into"]),
        sample_rate=None if rate is None else round(number(args, "sample_rate", 8000, 768000)),
        lead=round(number(args, "lead", 0, MOST_FRAMES, 0)),
        samples=round(number(args, "samples", 1, MOST_FRAMES)),
        tail=round(number(args, "tail", 0, MOST_FRAMES, 0)),
        skip=number(args, "skip", -10.0, 10.0, 0.0),
        undo_db=-number(args, "source_gain_db", -120.0, 120.0, 0.0),
        target=None if args.get("target") is None else number(args, "target", -70.0, 0.0),
        ceiling=number(args, "ceiling", -60.0, 20.0, -1.0),
        encoding="float32" if args.get("format") == "float32" else "pcm24",
        bext=args.get("bext") or {},
        info=args.get("info") or {},
    )


def fit(args: dict[str, Any], progress: Progress, *, size: int = block.FRAMES) -> dict[str, Any]:
    """Fit a result to its clip.

    Args:
        args: raw, into, sample_rate, lead, samples, tail, source_gain_db, target, ceiling, format, bext, info, skip.
        progress: told the share done, 0..1.
        size: frames per block; the file is the same with any.

    Returns:
        sample_rate, samples (of the clip), frames (of the file), lead, gain_db, lufs and true_peak_db (of the file as
        it is), warnings.

    Raises:
        ResultError: the raw cannot be used.
        RequestError: an argument cannot be.
        HomeError: the file cannot be written.
    """
    order = parse(args)
    with opened(order.raw, RESULT, order.into.parent) as reader, writing(order.into):
        rate = order.sample_rate or reader.info.sample_rate
        spool = files.Spool(order.into.parent)
        try:
            level = _measure(order, rate, _stream(order, reader, rate, size), spool, progress)
            _write(order, rate, level, spool, size)
        finally:
            spool.close()
        seconds = reader.info.frames / reader.info.sample_rate - order.skip
    progress(1.0)
    return {
        "sample_rate": rate,
        "samples": order.samples,
        "frames": order.frames,
        "lead": order.lead,
        "gain_db": level.gain_db,
        "lufs": _sum(level.lufs, level.gain_db),
        "true_peak_db": _sum(level.peak_db, level.gain_db),
        "warnings": _warnings(order, level, order.frames / rate - seconds),
    }


def _stream(order: Order, reader: files.Reader, rate: int, size: int) -> Iterator[Block]:
    """Yield the raw as stereo at the file's rate, exactly as long as the file; a short one is faded out first."""
    info = reader.info
    skip = round(order.skip * info.sample_rate)
    wanted = math.ceil((order.frames / rate + resample.MARGIN) * info.sample_rate)
    there = min(info.frames, max(0, wanted + skip))
    raw = reader.blocks(max(0, skip), max(0, there - max(0, skip)), size)
    stereo = channels.to_stereo(raw, channels.mix(info.channels, "normal", None, False))
    short = (info.frames - skip) / info.sample_rate < order.frames / rate
    if short:
        stereo = _faded(stereo, max(0, there - max(0, skip)), round(FADE * info.sample_rate))
    before = block.silence(max(0, -skip), 2, size)
    sound = resample.resampled(_joined(before, stereo), info.sample_rate, rate)
    return block.exactly(sound, order.frames, 2)


def _joined(*streams: Iterator[Block]) -> Iterator[Block]:
    for stream in streams:
        yield from stream


def _faded(blocks: Iterator[Block], frames: int, fade: int) -> Iterator[Block]:
    """Yield a stream of `frames` frames with its last `fade` frames faded out linearly."""
    position = 0
    for part in blocks:
        left = frames - position - np.arange(len(part), dtype=np.float32)
        position += len(part)
        yield (
            part if position <= frames - fade else part * np.minimum(1.0, (left - 1) / fade)[:, None].astype(np.float32)
        )


def _measure(order: Order, rate: int, blocks: Iterator[Block], spool: files.Spool, progress: Progress) -> Level:
    """Keep the stream in the spool and find the gain for it."""
    loudness, true_peak = Loudness(rate), TruePeak()
    for part in blocks:
        loudness.add(block.between(part, spool.frames, order.lead, order.lead + order.samples))
        true_peak.add(part)
        spool.append(part)
        progress(0.7 * spool.frames / order.frames)
    lufs, peak = loudness.value(), true_peak.value()
    peak_db = 20 * math.log10(peak) if peak > 0 else None
    return level(order, lufs, peak_db)


def level(order: Order, lufs: float | None, peak_db: float | None) -> Level:
    """Return the gain that brings the clip to its target, or back to the source's level, under the ceiling."""
    wanted = order.undo_db if order.target is None else order.target - lufs if lufs is not None else 0.0
    gain = wanted if peak_db is None else min(wanted, order.ceiling - peak_db)
    return Level(lufs, peak_db, gain, wanted - gain)


def _write(order: Order, rate: int, result: Level, spool: files.Spool, size: int) -> None:
    bext = wav.Bext(
        **order.bext, lufs=_sum(result.lufs, result.gain_db), true_peak_db=_sum(result.peak_db, result.gain_db)
    )
    writer = files.WavWriter(order.into, rate, order.frames, order.encoding, bext, order.info)
    gain = np.float32(10 ** (result.gain_db / 20))
    for part in spool.blocks(size):
        writer.write(part * gain)
    writer.close()


def _sum(value: float | None, gain_db: float) -> float | None:
    return None if value is None else value + gain_db


def _warnings(order: Order, result: Level, short: float) -> list[dict[str, str]]:
    found = []
    if result.limited_db > 0.05:
        text = f"The result is {result.limited_db:.1f} dB below the wanted level, to keep its true peak under "
        found.append({"code": "loudness_limited", "text": f"{text}{order.ceiling:g} dBTP."})
    if short > UNNOTICED:
        found.append({"code": "result_short", "text": f"The result is {short:.2f} s too short; its end is silent."})
    return found
