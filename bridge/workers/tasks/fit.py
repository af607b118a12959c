"""The task "fit": converts a raw result to the project's rate and the clip's timing, length and loudness.

The `fit` stage runs this task. Its steps: compare with the source → remove DC → convert to stereo → remove drift →
resample → cut to the exact length, measure and spool → level → write a Broadcast Wave file.
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

UNNOTICED = 0.1  # s; a result may be too short by this much without a warning (a latent frame of the model is 0.093 s)
QUIETER = 0.5  # dB; a result that is more than this below the target level causes a warning
AROUND = 4.0  # s; a loop's seam is compared with this much music on each side
GUESSED = 120.0  # s; a longer result is not cut until its comparison is done
MOST_FRAMES = 1e11  # largest number of frames in an argument


@dataclass(frozen=True, slots=True)
class Params:
    """The validated arguments of the task."""

    raw: Path  # the engine's result
    into: Path  # file to write
    source: Path | None  # the submitted clip; None: no comparison
    align: bool  # whether to correct a measured offset and drift
    tempo: float | None  # tempo in the DAW, BPM
    channels: int  # channels of the clip, and of the file to write: 1 or 2
    sample_rate: int | None  # rate of the file to write, Hz; None: the rate of the raw result
    lead: int  # handle before the clip, frames of the file to write
    samples: int  # length of the clip, frames
    tail: int  # handle after the clip, frames
    loops: bool  # whether the end must lead seamlessly into the start
    skip: float  # s to skip at the start of the raw result; below 0: silence to insert
    nudge: float  # manual offset in s (above 0: later), in addition to the measured offset
    undo_db: float  # gain that restores the source's level if the loudness is not matched, dB
    target: float | None  # target loudness, LUFS; None: the loudness is not matched
    ceiling: float  # true peak limit, dBTP
    encoding: bwf_header.Encoding  # sample format
    bext: Mapping[str, Any]  # fields of bwf_header.Bext
    info: Mapping[str, str]  # RIFF INFO fields

    @property
    def frames(self) -> int:
        """Return the length of the file to write in frames."""
        return self.lead + self.samples + self.tail


@dataclass(frozen=True, slots=True)
class Cut:
    """The settings for cutting the raw result."""

    rate: int  # rate of the file, Hz
    start: int  # first frame of the clip in the file
    skip: float  # s to skip at the start of the stretched raw result; below 0: silence to insert
    speed: float  # playback speed, at the same pitch
    mean: tuple[float, ...]  # DC offset to remove from each channel
    mode: str  # how the channels of the raw result are used, see raw.mode_for


@dataclass(frozen=True, slots=True)
class Draft:
    """The result cut to the clip, before levelling."""

    spool: writers.Spool  # the audio
    wanted: Wanted  # target level, true peak limit and span of the clip
    lufs: float | None  # loudness of the clip without handles; None for silence
    peak_db: float | None  # true peak including handles, dBTP; None for silence


def parse(args: Mapping[str, Any]) -> Params:
    """Validate the arguments.

    Raises:
        RequestError: a value is invalid.
    """
    if args.get("format", "pcm24") not in bwf_header.WIDTH:
        raise RequestError(f"The result's format is {args['format']!r}; it must be pcm24 or float32.")
    rate = args.get("sample_rate")
    return Params(
        raw=Path(args["raw"]),
        into=Path(args["into"]),
        source=Path(args["source"]) if args.get("source") else None,
        align=bool(args.get("align", True)),
        tempo=None if args.get("tempo") is None else number(args, "tempo", 0.0, 1000.0),
        channels=round(number(args, "channels", 1, 2, 2)),
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
        args: raw, into, source, align, tempo, channels, sample_rate, lead, samples, tail, skip, loops, nudge,
            source_gain_db, target, ceiling, format, bext, info.
        progress: called with the completed fraction, 0..1.
        size: frames per block; does not change the file.

    Returns:
        channels, sample_rate, samples (length of the clip), frames (length of the file), lead (first frame of the clip
        in the file), gain_db, limiter_db (largest gain reduction), lufs (of the file, as played on two speakers) and
        true_peak_db (of the file), alignment (see compare.Alignment), nudge_ms, loop (see crossfade.Measured; None
        without a closed loop), warnings.

    Raises:
        ResultError: the raw result cannot be used.
        RequestError: an argument is invalid.
        HomeError: the file cannot be written.
    """
    params = parse(args)
    with opened(params.raw, RESULT, params.into.parent) as reader, writing(params.into):
        rate = params.sample_rate or reader.info.sample_rate
        found, notes, how, draft = _drafted(params, reader, rate, size, progress)
        try:
            level = leveling.find_level(draft.wanted, draft.lufs, draft.peak_db, rate, draft.spool)
            loop = _write(params, how, level, draft.spool, size)
        finally:
            draft.spool.close()
        seconds = reader.info.frames / reader.info.sample_rate / how.speed - how.skip
    progress(1.0)
    return {
        "channels": params.channels,
        "sample_rate": rate,
        "samples": params.samples,
        "frames": params.frames,
        "lead": how.start,
        "gain_db": level.gain_db,
        "limiter_db": float(level.curve.max()) if len(level.curve) else 0.0,
        "lufs": level.lufs,
        "true_peak_db": level.peak_db,
        "alignment": found.to_wire(),
        "nudge_ms": params.nudge * 1000,
        "loop": loop,
        "warnings": [*notes, *_warnings(params, how, level, (how.start + params.samples) / rate - seconds)],
    }


def _drafted(
    params: Params, reader: files.Reader, rate: int, size: int, progress: Progress
) -> tuple[Alignment, list[dict[str, str]], Cut, Draft]:
    """Compare the result with its source, and cut the result with any correction that is needed.

    Most results need no correction. A short result is therefore cut without correction while the comparison runs, and
    cut again only if the comparison finds that a correction is needed.
    """
    mode = "downmix" if params.channels == 1 else "normal"
    guess = Cut(rate, params.lead, params.skip, 1.0, (0.0,) * reader.info.channels, mode)
    if params.frames > GUESSED * rate:  # cuts only after the comparison, to save memory
        found, notes, how = _compared(params, rate)
        return found, notes, how, _draft(params, how, reader, size, progress)
    with ThreadPoolExecutor(1) as beside:
        early = beside.submit(_draft, params, guess, reader, size, progress)
        found, notes, how = _compared(params, rate)
        draft = early.result()
    if how != guess:
        draft.spool.close()
        draft = _draft(params, how, reader, size, progress)
    return found, notes, how, draft


def _compared(params: Params, rate: int) -> tuple[Alignment, list[dict[str, str]], Cut]:
    """Compare the result with its source; return the alignment, the warnings and the settings for the cut."""
    if params.source is None:
        return Alignment(), [], cut(params, Alignment(), rate, compare.result_of(params.raw, params.into.parent))
    source, result = compare.listen_to_both(params.source, params.raw, params.into.parent)
    found = compare.alignment(source, result)
    notes = compare.warnings(source, result, found, params.tempo)
    if not params.align and found.slip:
        found = replace(found, slip=0.0, speed=1.0, text=f"{found.offset * 1000:+.0f} ms, not corrected")
    return found, notes, cut(params, found, rate, result)


def cut(params: Params, found: Alignment, rate: int, result: Heard) -> Cut:
    """Return the settings for cutting the raw result so that its timing is corrected.

    If the handles have room for the correction, only the start frame of the clip in the file changes, so that the user
    can slip the clip back. Otherwise the start of the raw result is cut or padded.
    """
    slip = found.slip - params.nudge
    shift = round(slip * rate)
    fits = -params.lead <= shift <= params.tail
    mean, mode = raw.offset(result.passed.mean), raw.mode_for(result.passed, params.channels)
    skip = params.skip / found.speed
    if fits:
        return Cut(rate, params.lead + shift, skip, found.speed, mean, mode)
    return Cut(rate, params.lead, skip + slip, found.speed, mean, mode)


def _stream(params: Params, how: Cut, reader: files.Reader, size: int) -> Iterator[Block]:
    """Yield the audio of the file before levelling; the end of a loop is cross-faded into the start."""
    fade = _lead_over(params, how)
    frames = params.frames + fade
    take = raw.Take(how.rate, how.skip - fade / how.rate, frames, how.speed, how.mean, how.mode)
    sound = raw.played(reader, take, size)
    return crossfade.closed(sound, fade, params.frames) if fade else sound


def _lead_over(params: Params, how: Cut) -> int:
    """Return the length in frames of the cross-fade at a loop's end.

    The length is 0 if the clip is not a loop, if it has handles, or if the raw result has no audio before the clip.
    """
    fade = min(round(crossfade.LOOP_FADE * how.rate), params.samples // 4)
    has_handles = params.lead or params.tail  # with handles, the DAW loops the audio between them
    return fade if params.loops and not has_handles and how.skip >= fade / how.rate else 0


def _draft(params: Params, how: Cut, reader: files.Reader, size: int, progress: Progress) -> Draft:
    """Write the cut result to a spool, and measure the loudness and true peak."""
    wanted = Wanted(params.target, params.undo_db, params.ceiling, how.start, how.start + params.samples)
    spool = writers.Spool(params.into.parent)
    try:
        kept = _kept(_stream(params, how, reader, size), spool, params.frames, progress)
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


def _write(params: Params, how: Cut, level: Level, spool: writers.Spool, size: int) -> dict[str, float] | None:
    """Write the file; return how noticeable the loop's seam is, or None if no loop was closed."""
    bext = dict(params.bext)
    if "time_reference" in bext:  # time of the file's first frame; adjusted so that the clip keeps its time
        bext["time_reference"] = max(0, bext["time_reference"] + params.lead - how.start)
    chunk = bwf_header.Bext(**bext, lufs=level.lufs, true_peak_db=level.peak_db)
    ends = crossfade.Ends(params.frames, round(AROUND * how.rate))
    about = (how.rate, params.frames, params.encoding, chunk, params.info, params.channels)
    with writers.WavWriter(params.into, *about) as writer:
        for part in ends.watched(level.applied(spool.blocks(size))):
            writer.write(part)
    return ends.met(how.rate).to_wire() if _lead_over(params, how) else None


def _warnings(params: Params, how: Cut, level: Level, short: float) -> list[dict[str, str]]:
    found = []
    if how.mode in ("left", "right"):
        text = f"The result's channels cancel each other in mono, so only its {how.mode} channel is used."
        found.append({"code": "mono_cancels", "text": text})
    if level.short_db > QUIETER:
        text = f"The result is {level.short_db:.1f} dB below the target level, to keep its true peak under "
        found.append({"code": "loudness_limited", "text": f"{text}{params.ceiling:g} dBTP."})
    if short > UNNOTICED:
        found.append({"code": "result_short", "text": f"The result is {short:.2f} s too short; its end is silent."})
    return found
