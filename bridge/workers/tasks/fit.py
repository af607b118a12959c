"""The task "fit": the raw result at the project's rate, in time, as long as the clip and as loud as it, as a WAV.

Stage fit asks for it. Compare with the source → raw without DC → stereo → drift out → rate → exact length, measured
into a spool → level → broadcast WAV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.audio import block, bwf_header, crossfade, files, writers
from bridge.audio.block import Block
from bridge.errors import RequestError
from bridge.workers.tasks import compare, leveling, raw
from bridge.workers.tasks.compare import Alignment, Heard
from bridge.workers.tasks.leveling import Level, Wanted
from bridge.workers.tasks.opening import RESULT, number, opened, writing

Progress = Callable[[float], None]

UNNOTICED = 0.1  # s that a result may be short without a warning; a latent frame of the model is 0.093 s
QUIETER = 0.5  # dB under the wanted level that are worth a warning
AROUND = 4.0  # s on both sides of a loop's seam that it is measured against
GUESSED = 120.0  # s: longer results are compared before they are cut
MOST_FRAMES = 1e11


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, checked."""

    raw: Path  # the result as it came
    into: Path  # the file to write
    source: Path | None  # the clip as it was sent; None: nothing is compared
    align: bool  # whether a measured offset is corrected
    tempo: float | None  # BPM that the DAW says
    sample_rate: int | None  # Hz; None keeps the raw's
    lead: int  # frames of handle before the clip, at the rate of the file to write
    samples: int  # frames of the clip
    tail: int  # frames of handle after the clip
    loops: bool  # its end has to meet its beginning
    skip: float  # s of the raw's start to leave out, below 0 to put silence before it
    nudge: float  # s by which a hand moves the result, above 0 later; counts beside what is measured
    undo_db: float  # dB that bring the raw to the source's level when loudness is left alone
    target: float | None  # LUFS
    ceiling: float  # dBTP
    encoding: bwf_header.Encoding
    bext: Mapping[str, Any]
    info: Mapping[str, str]

    @property
    def frames(self) -> int:
        """Return the frames of the file to write."""
        return self.lead + self.samples + self.tail


@dataclass(frozen=True, slots=True)
class Cut:
    """How the raw becomes the file."""

    rate: int  # Hz of the file
    start: int  # first frame of the clip in the file
    skip: float  # s of the (stretched) raw's start to leave out; below 0: silence to put before it
    speed: float  # how much faster the raw is played, at the same pitch
    mean: tuple[float, ...]  # of each of the raw's channels, taken out


@dataclass(frozen=True, slots=True)
class Draft:
    """The result cut to the clip, before it has its level."""

    spool: writers.Spool  # what will be written
    wanted: Wanted
    lufs: float | None  # of the clip's part; None for silence
    peak_db: float | None  # true peak of everything, dBTP; None for silence


def parse(args: Mapping[str, Any]) -> Order:
    """Check the arguments.

    Raises:
        RequestError: a value that cannot be.
    """
    if args.get("format", "pcm24") not in bwf_header.WIDTH:
        raise RequestError(f"The result's format is {args['format']!r}, and it can be pcm24 or float32.")
    rate = args.get("sample_rate")
    return Order(
        raw=Path(args["raw"]),
        into=Path(args["into"]),
        source=Path(args["source"]) if args.get("source") else None,
        align=bool(args.get("align", True)),
        tempo=None if args.get("tempo") is None else number(args, "tempo", 0.0, 1000.0),
        sample_rate=None if rate is None else round(number(args, "sample_rate", 8000, 768000)),
        lead=round(number(args, "lead", 0, MOST_FRAMES, 0)),
        samples=round(number(args, "samples", 1, MOST_FRAMES)),
        tail=round(number(args, "tail", 0, MOST_FRAMES, 0)),
        loops=bool(args.get("loops")),
        skip=number(args, "skip", -60.0, 60.0, 0.0),
        nudge=number(args, "nudge", -10.0, 10.0, 0.0),
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
        args: raw, into, source, align, tempo, sample_rate, lead, samples, tail, skip, loops, nudge, source_gain_db,
            target, ceiling, format, bext, info.
        progress: told the share done, 0..1.
        size: frames per block; the file is the same with any.

    Returns:
        sample_rate, samples (of the clip), frames (of the file), lead (first frame of the clip in the file), gain_db,
        limiter_db (the most that the limiter takes), lufs and true_peak_db (of the file as it is), alignment (see
        compare.Alignment), nudge_ms, loop (see crossfade.Measured; None where it is none), warnings.

    Raises:
        ResultError: the raw cannot be used.
        RequestError: an argument cannot be.
        HomeError: the file cannot be written.
    """
    order = parse(args)
    with opened(order.raw, RESULT, order.into.parent) as reader, writing(order.into):
        rate = order.sample_rate or reader.info.sample_rate
        found, notes, how, draft = _drafted(order, reader, rate, size, progress)
        try:
            level = leveling.find_level(draft.wanted, draft.lufs, draft.peak_db, rate, draft.spool)
            loop = _write(order, how, level, draft.spool, size)
        finally:
            draft.spool.close()
        seconds = reader.info.frames / reader.info.sample_rate / how.speed - how.skip
    progress(1.0)
    return {
        "sample_rate": rate,
        "samples": order.samples,
        "frames": order.frames,
        "lead": how.start,
        "gain_db": level.gain_db,
        "limiter_db": float(level.curve.max()) if len(level.curve) else 0.0,
        "lufs": level.lufs,
        "true_peak_db": level.peak_db,
        "alignment": found.to_wire(),
        "nudge_ms": order.nudge * 1000,
        "loop": loop,
        "warnings": [*notes, *_warnings(order, level, (how.start + order.samples) / rate - seconds)],
    }


def _drafted(
    order: Order, reader: files.Reader, rate: int, size: int, progress: Progress
) -> tuple[Alignment, list[dict[str, str]], Cut, Draft]:
    """Compare the result with its source, and cut it as that says.

    Most results are in place: so a short one is cut as if it were while it is compared, and anew if it is not.
    """
    guess = Cut(rate, order.lead, order.skip, 1.0, (0.0,) * reader.info.channels)
    if (
        order.frames > GUESSED * rate
    ):  # what waits on the disk and what is compared need their memory one after the other
        found, notes, how = _compared(order, rate)
        return found, notes, how, _draft(order, how, reader, size, progress)
    with ThreadPoolExecutor(1) as beside:
        early = beside.submit(_draft, order, guess, reader, size, progress)
        found, notes, how = _compared(order, rate)
        draft = early.result()
    if how != guess:
        draft.spool.close()
        draft = _draft(order, how, reader, size, progress)
    return found, notes, how, draft


def _compared(order: Order, rate: int) -> tuple[Alignment, list[dict[str, str]], Cut]:
    """Return how the result lies on its source, what is wrong with it, and how it is to be cut."""
    if order.source is None:
        return Alignment(), [], cut(order, Alignment(), rate, compare.result_of(order.raw, order.into.parent))
    source, result = compare.listen_to_both(order.source, order.raw, order.into.parent)
    found = compare.alignment(source, result)
    notes = compare.warnings(source, result, found, order.tempo)
    if not order.align and found.slip:
        found = replace(found, slip=0.0, speed=1.0, text=f"{found.offset * 1000:+.0f} ms measured, left as it came")
    return found, notes, cut(order, found, rate, result)


def cut(order: Order, found: Alignment, rate: int, result: Heard) -> Cut:
    """Decide where the clip lies in the file.

    The correction is a slip where the handles have room for it: the file stays as it came and the clip begins
    elsewhere in it, so that it can be slipped back. Where they have not, the raw's start is cut or moved.
    """
    slip = found.slip - order.nudge
    shift = round(slip * rate)
    fits = -order.lead <= shift <= order.tail
    mean = raw.offset(result.passed.mean)
    skip = order.skip / found.speed
    if fits:
        return Cut(rate, order.lead + shift, skip, found.speed, mean)
    return Cut(rate, order.lead, skip + slip, found.speed, mean)


def _stream(order: Order, how: Cut, reader: files.Reader, size: int) -> Iterator[Block]:
    """Yield the file as it will be, before its level is found; a loop's end goes on into its beginning."""
    fade = _lead_over(order, how)
    frames = order.frames + fade
    sound = raw.played(reader, raw.Take(how.rate, how.skip - fade / how.rate, frames, how.speed, how.mean), size)
    return crossfade.closed(sound, fade, order.frames) if fade else sound


def _lead_over(order: Order, how: Cut) -> int:
    """Return over how many frames the end is led over to the beginning; 0 where it is no loop, or nothing is there."""
    fade = min(round(crossfade.LOOP_FADE * how.rate), order.samples // 4)
    has_handles = order.lead or order.tail  # then it is the DAW that goes round, within the handles
    return fade if order.loops and not has_handles and how.skip >= fade / how.rate else 0


def _draft(order: Order, how: Cut, reader: files.Reader, size: int, progress: Progress) -> Draft:
    """Cut the result into a spool and measure it."""
    wanted = Wanted(order.target, order.undo_db, order.ceiling, how.start, how.start + order.samples)
    spool = writers.Spool(order.into.parent)
    try:
        kept = _kept(_stream(order, how, reader, size), spool, order.frames, progress)
        lufs, peak_db = leveling.measured(kept, how.rate, wanted)
    except BaseException:
        spool.close()
        raise
    return Draft(spool, wanted, lufs, peak_db)


def _kept(blocks: Iterator[Block], spool: writers.Spool, frames: int, progress: Progress) -> Iterator[Block]:
    for part in blocks:
        spool.append(part)
        progress(0.8 * spool.frames / frames)
        yield part


def _write(order: Order, how: Cut, level: Level, spool: writers.Spool, size: int) -> dict[str, float] | None:
    """Write the file; return how a loop's end meets its beginning, as it is written."""
    bext = dict(order.bext)
    if "time_reference" in bext:  # of the file's first frame; a slip moves the clip in the file and not on the timeline
        bext["time_reference"] = max(0, bext["time_reference"] + order.lead - how.start)
    chunk = bwf_header.Bext(**bext, lufs=level.lufs, true_peak_db=level.peak_db)
    ends = crossfade.Ends(order.frames, round(AROUND * how.rate))
    with writers.WavWriter(order.into, how.rate, order.frames, order.encoding, chunk, order.info) as writer:
        for part in ends.watched(level.applied(spool.blocks(size))):
            writer.write(part)
    return ends.met(how.rate).to_wire() if _lead_over(order, how) else None


def _warnings(order: Order, level: Level, short: float) -> list[dict[str, str]]:
    found = []
    if level.short_db > QUIETER:
        text = f"The result is {level.short_db:.1f} dB below the wanted level, to keep its true peak under "
        found.append({"code": "loudness_limited", "text": f"{text}{order.ceiling:g} dBTP."})
    if short > UNNOTICED:
        found.append({"code": "result_short", "text": f"The result is {short:.2f} s too short; its end is silent."})
    return found
