"""The task "render": the span of a file that is heard in a clip, as the stereo FLAC file that is sent.

Stage render asks for it. File → span → stereo → speed and rate → pitch → FLAC, in blocks all the way, while loudness
and true peak are measured on what passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from bridge.audio import block, channels, files, resample, span, stretch, writers
from bridge.audio.block import Block
from bridge.audio.loudness import LoudnessMeter
from bridge.audio.split_stereo import Pair
from bridge.audio.true_peak import TruePeak
from bridge.errors import SourceUnreadable
from bridge.workers.tasks.clip import LONGEST, Clip
from bridge.workers.tasks.frames import Around, Plan, plan, sounding
from bridge.workers.tasks.opening import SOURCE, number, opened, writing

Progress = Callable[[float], None]
Sounding: TypeAlias = span.Played | span.Repeated  # a source as it is played

LONGEST_HANDLE = 60.0  # s, of handle or of context
UNNOTICED = 0.01  # s of silence at a clip's end that come from rounding and are not worth a warning


@dataclass(slots=True)
class Heard:
    """What is measured of the rendered stream."""

    loudness: LoudnessMeter  # over the clip, without handles
    true_peak: TruePeak = field(default_factory=TruePeak)  # over everything that is sent
    peak: float = 0.0  # highest sample
    broken: int = 0  # samples that were no sound


def stream(
    clip: Clip, played: Sounding, layout: Plan, heard: Heard | None, size: int = block.FRAMES
) -> Iterator[Block]:
    """Yield the span as stereo at the output's rate, exactly as long as planned."""
    source = _finite(played.blocks(layout.start, layout.read, size), heard)
    matrix = channels.mix(played.channels, clip.channels, clip.pan, clip.polarity)
    stereo = channels.to_stereo(source, matrix)
    if clip.line is not None:
        sound = resample.resampled(stereo, layout.rate_in, layout.rate_out)
        line = _with_context(clip.line, clip.playrate, layout)
        bent = stretch.straightened(sound, layout.rate_out, line, clip.pitch, keep_pitch=clip.preserve_pitch)
        return block.exactly(bent, layout.frames, 2)
    stretches = clip.stretches and stretch.available()
    tape = 1.0 if clip.preserve_pitch and stretches else clip.playrate
    sound = resample.resampled(stereo, layout.rate_in * tape, layout.rate_out)
    if stretches:
        sound = stretch.stretched(sound, layout.rate_out, clip.playrate / tape, clip.pitch)
    return block.exactly(sound, layout.frames, 2)


def _with_context(line: Sequence[tuple[float, float]], speed: float, layout: Plan) -> list[tuple[float, float]]:
    """Return a line that goes on over the context on both sides, at the clip's mean speed: that is cut away again."""
    before, after = layout.before / layout.rate_out, layout.after / layout.rate_out
    source, result = line[-1]
    ahead = [(-before * speed, -before)] if before else []
    return [*ahead, *line, *([(source + after * speed, result + after)] if after else [])]


def _finite(blocks: Iterator[Block], heard: Heard | None) -> Iterator[Block]:
    """Yield the stream with zeros for what is no sound, and count it."""
    for part in blocks:
        clean, broken = block.sound_alone(part)
        if heard is not None:
            heard.broken += broken
        yield clean


def render(args: dict[str, Any], progress: Progress, *, size: int = block.FRAMES) -> dict[str, Any]:
    """Render a clip.

    Args:
        args: source, length, handles (s on each side), context (s on each side, handles included), period (s after
            which the clip may be repeated where its source has no context; None: not), loops, into, highest_rate.
        progress: told the share done, 0..1.
        size: frames per block; the file is the same with any.

    Returns:
        sample_rate, frames, handles (s on each side, context included), keep (those of them that the DAW gets), loops
        (whether its end has to meet its beginning), sha256, gain_db, lufs, true_peak_db, source_rate, source_channels,
        warnings.

    Raises:
        ClipError: the source or the span cannot be used.
        RequestError: an argument cannot be.
        HomeError: the file cannot be written.
    """
    into = Path(args["into"])
    with laid_out(args) as (clip, reader, played, layout):
        bits = _bits(clip, reader.info, layout)
        with writing(into):
            heard, gain_db = _write(clip, played, layout, bits, into, progress, size)
            reader.check_unchanged()
    peak = heard.true_peak.value()
    return {
        "sample_rate": layout.rate_out,
        "frames": layout.frames,
        "handles": [layout.before / layout.rate_out, layout.after / layout.rate_out],
        "keep": list(layout.keep),
        "loops": layout.loops,
        "sha256": files.sha256(into),
        "gain_db": gain_db,
        "lufs": heard.loudness.value(),
        "true_peak_db": 20 * math.log10(peak) if peak > 0 else None,
        "source_rate": reader.info.sample_rate,
        "source_channels": reader.info.channels,
        "warnings": warnings(clip, played, layout, heard),
    }


def _around(args: Mapping[str, Any]) -> Around:
    wanted = dict(zip(("before", "after"), args.get("handles") or (0.0, 0.0), strict=True))
    period = number(args, "period", 0.0, LONGEST, 0.0)
    return Around(
        (number(wanted, "before", 0.0, LONGEST_HANDLE), number(wanted, "after", 0.0, LONGEST_HANDLE)),
        number(args, "context", 0.0, LONGEST_HANDLE, 0.0),
        period or None,
        bool(args.get("loops")),
    )


@contextmanager
def laid_out(args: Mapping[str, Any]) -> Iterator[tuple[Clip, files.Reader | Pair, Sounding, Plan]]:
    """Open what a clip plays and lay it out in frames (args: see `render`).

    Raises:
        ClipError: the source or the span cannot be used.
        RequestError: an argument cannot be.
    """
    clip = Clip.parse(args["source"], args)
    highest = round(number(args, "highest_rate", 8000, 655350, 48000))
    around = _around(args)
    with _sources(clip, Path(args["into"]).parent) as reader:
        played = clip.played(reader)
        layout = plan(clip, played, reader.info.sample_rate, highest, around)
        if not layout.frames:  # its header says so few samples a second that the span holds none
            raise SourceUnreadable(f"{files.shown(clip.path)} has {reader.info.sample_rate} samples a second.")
        yield clip, reader, sounding(played, layout), layout


@contextmanager
def _sources(clip: Clip, scratch: Path) -> Iterator[files.Reader | Pair]:
    """Open the clip's file, or its two."""
    with opened(clip.path, SOURCE, scratch) as reader:
        if clip.path_right is None:
            yield reader
            return
        with opened(clip.path_right, SOURCE, scratch) as right:
            yield Pair(reader, right)


def _bits(clip: Clip, info: files.Info, layout: Plan) -> int:
    """Return 16 where the source's own samples are sent, since that is exact and half the bytes; else 24."""
    untouched = layout.rate_in == layout.rate_out and clip.playrate == 1 and not clip.stretches
    straight = channels.is_identity(channels.mix(info.channels, clip.channels, clip.pan, clip.polarity))
    return 16 if info.subtype == "PCM_16" and untouched and straight else 24


def _write(
    clip: Clip, played: Sounding, layout: Plan, bits: int, into: Path, progress: Progress, size: int
) -> tuple[Heard, float]:
    """Write the FLAC file and measure on the way; a span over full scale is written anew, lower by what it is over.

    Returns:
        What was measured before any gain, and the gain in dB.
    """
    heard = Heard(LoudnessMeter(layout.rate_out))
    done, over = 0, False
    with writers.FlacWriter(into, layout.rate_out, bits) as writer:
        for part in stream(clip, played, layout, heard, size):
            _measure(heard, part, done, layout)
            over = over or heard.peak > 1.0
            if not over:
                writer.write(part)
            done += len(part)
            progress(done / layout.frames)
        if over:
            writer.abandon()
    if not over:
        return heard, 0.0
    gain_db = -math.ceil(2000 * math.log10(heard.peak)) / 100  # whole hundredths, so that it can be undone exactly
    gain = np.float32(10 ** (gain_db / 20))
    with writers.FlacWriter(into, layout.rate_out, bits) as writer:
        for part in stream(clip, played, layout, None, size):
            writer.write(part * gain)
    return heard, gain_db


def _measure(heard: Heard, part: Block, position: int, layout: Plan) -> None:
    heard.loudness.add(block.between(part, position, layout.before, layout.before + layout.clip))
    heard.true_peak.add(part)
    heard.peak = max(heard.peak, float(part.max()), -float(part.min()))


def warnings(clip: Clip, played: Sounding, layout: Plan, heard: Heard) -> list[dict[str, str]]:
    """Return what could not be honoured, or was done without being asked for, in words."""
    name = files.shown(clip.path)
    found: list[tuple[str, str]] = []
    if played.channels > 2 and clip.channels not in ("left", "right"):
        found.append(("channels_downmixed", f"{name} has {played.channels} channels; they were mixed down to stereo."))
    if clip.stretches and not stretch.available():
        found.append(("stretch_missing", _without_stretch(clip)))
    if padded := _padded(clip, played, layout):
        found.append(("span_padded", padded))
    if heard.broken:
        what = f"{heard.broken} samples of {name} are no sound (not a number, or beyond any level)"
        text = f"{what}; they are silent in what was sent."
        found.append(("not_numbers", text))
    return [{"code": code, "text": text} for code, text in found]


def _without_stretch(clip: Clip) -> str:
    lost = "the pitch follows the speed" if clip.preserve_pitch else "the pitch was not shifted"
    return f"The library for stretching is not installed, so {lost}; `pip install 'ace-bridge[stretch]'` adds it."


def _padded(clip: Clip, played: Sounding, layout: Plan) -> str | None:
    start = round(clip.offset * layout.rate_in)
    seconds = played.missing(start, round(clip.length * clip.playrate * layout.rate_in)) / layout.rate_in
    if seconds <= UNNOTICED:
        return None
    return f"The clip goes {seconds:.3f} s beyond {files.shown(clip.path)}; that part is silent, as it is in the DAW."
