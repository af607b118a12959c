"""The task "render": reads the span of a file that a clip plays, and writes the stereo FLAC file to submit.

The `render` stage runs this task. The audio passes through these steps in blocks: file → span → stereo → speed and rate
→ pitch → FLAC. Loudness and true peak are measured in the same pass.
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
from bridge.audio.ending import UNNOTICED, End
from bridge.audio.loudness import LoudnessMeter
from bridge.audio.silence import SoundPeak
from bridge.audio.split_stereo import Pair
from bridge.audio.true_peak import TruePeak
from bridge.util.this_copy import this_copy
from bridge.workers.tasks.clip import LONGEST, Clip
from bridge.workers.tasks.frames import Around, Plan, plan, sounding
from bridge.workers.tasks.opening import SOURCE, number, opened, writing

Progress = Callable[[float], None]
Sounding: TypeAlias = span.Played | span.Repeated  # a source as the DAW plays it

LONGEST_HANDLE = 60.0  # s; longest handle or context on one side


@dataclass(slots=True)
class Heard:
    """Measurements of the rendered stream."""

    loudness: LoudnessMeter  # loudness of the clip without handles
    true_peak: TruePeak = field(default_factory=TruePeak)  # true peak including handles and context
    alike: bool = True  # whether both channels of the file are equal throughout
    sound: SoundPeak = field(default_factory=SoundPeak)  # peak of the clip without handles and without DC
    peak: float = 0.0  # highest absolute sample
    broken: int = 0  # number of invalid samples


def stream(
    clip: Clip, played: Sounding, layout: Plan, heard: Heard | None, size: int = block.FRAMES
) -> Iterator[Block]:
    """Yield the span as stereo at the output rate, exactly as long as planned."""
    source = _finite(played.blocks(layout.start, layout.read, size), heard)
    matrix = channels.mix(played.channels, clip.channels, clip.pan, clip.polarity)
    stereo = channels.to_stereo(source, matrix)
    if heard is not None:
        stereo = _listened(stereo, heard, layout, clip.playrate)
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
    """Extend a time map over the context on both sides, at the clip's mean speed."""
    before, after = layout.before / layout.rate_out, layout.after / layout.rate_out
    source, result = line[-1]
    ahead = [(-before * speed, -before)] if before else []
    return [*ahead, *line, *([(source + after * speed, result + after)] if after else [])]


def _finite(blocks: Iterator[Block], heard: Heard | None) -> Iterator[Block]:
    """Yield the stream with zeros in place of invalid samples, and count the invalid samples in `heard`."""
    for part in blocks:
        clean, broken = block.sound_alone(part)
        if heard is not None:
            heard.broken += broken
        yield clean


def _listened(blocks: Iterator[Block], heard: Heard, layout: Plan, speed: float) -> Iterator[Block]:
    """Yield the source unchanged, and measure the clip's part of it.

    The meter comes before the resampler, which rings at the ends of a file that has only an offset.
    """
    per_frame = speed * layout.rate_in / layout.rate_out
    start, stop = round(layout.before * per_frame), round((layout.before + layout.clip) * per_frame)
    position = 0
    for part in blocks:
        heard.sound.add(block.between(part, position, start, stop))
        position += len(part)
        yield part


def render(args: dict[str, Any], progress: Progress, *, size: int = block.FRAMES) -> dict[str, Any]:
    """Render a clip.

    Args:
        args: source, rendered (whether the DAW rendered the source), length, handles (s on each side), context (s on
            each side, including handles), period (s after which the clip may repeat if its source has no audio for the
            context, or None), loops, into, highest_rate.
        progress: called with the completed fraction, 0..1.
        size: frames per block; does not change the file.

    Returns:
        sample_rate, frames, handles (s on each side, including context), keep (the part of handles that the DAW keeps,
        s on each side), loops (whether the end must lead seamlessly into the start), sha256, gain_db, lufs,
        true_peak_db, silent (whether the clip without its handles is silent), channels (1 if the clip is mono, else 2),
        source_rate, source_channels, warnings.

    Raises:
        ClipError: the source or the span cannot be used.
        RequestError: an argument is invalid.
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
        "silent": heard.sound.is_silent(),
        "channels": 1 if plays_mono(clip, played) or (args.get("rendered") and heard.alike) else 2,
        "source_rate": reader.info.sample_rate,
        "source_channels": reader.info.channels,
        "warnings": warnings(clip, reader.info, played, layout, heard, in_daw=bool(args.get("in_daw"))),
    }


def plays_mono(clip: Clip, played: Sounding) -> bool:
    """Return whether a clip plays the same signal on both sides, because of its source and its channel mode and pan."""
    return channels.is_mono(channels.mix(played.channels, clip.channels, clip.pan, clip.polarity))


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
    """Open the source of a clip, and lay out the clip in frames; for `args`, see `render`.

    Raises:
        ClipError: the source or the span cannot be used.
        RequestError: an argument is invalid.
    """
    clip = Clip.parse(args["source"], args)
    highest = round(number(args, "highest_rate", 8000, 655350, 48000))
    around = _around(args)
    with _sources(clip, Path(args["into"]).parent) as reader:
        played = clip.played(reader)
        layout = plan(clip, played, reader.info.sample_rate, highest, around)
        yield clip, reader, sounding(played, layout), layout


@contextmanager
def _sources(clip: Clip, scratch: Path) -> Iterator[files.Reader | Pair]:
    """Open the file of a clip, or both files if its channels are in separate files."""
    with opened(clip.path, SOURCE, scratch) as reader:
        if clip.path_right is None:
            yield reader
            return
        with opened(clip.path_right, SOURCE, scratch) as right:
            yield Pair(reader, right)


def _bits(clip: Clip, info: files.Info, layout: Plan) -> int:
    """Return the bit depth of the FLAC file: 16 if the samples of a 16-bit source remain unchanged, else 24."""
    untouched = layout.rate_in == layout.rate_out and clip.playrate == 1 and not clip.stretches
    straight = channels.is_identity(channels.mix(info.channels, clip.channels, clip.pan, clip.polarity))
    return 16 if info.subtype == "PCM_16" and untouched and straight else 24


def _write(
    clip: Clip, played: Sounding, layout: Plan, bits: int, into: Path, progress: Progress, size: int
) -> tuple[Heard, float]:
    """Write and measure the FLAC file; if the span exceeds full scale, write it again with a lower gain.

    Returns:
        The measurements before the gain, and the gain in dB.
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
    gain_db = -math.ceil(2000 * math.log10(heard.peak)) / 100  # rounded to 0.01 dB, so that it can be reversed exactly
    gain = np.float32(10 ** (gain_db / 20))
    with writers.FlacWriter(into, layout.rate_out, bits) as writer:
        for part in stream(clip, played, layout, None, size):
            writer.write(part * gain)
    return heard, gain_db


def _measure(heard: Heard, part: Block, position: int, layout: Plan) -> None:
    heard.loudness.add(block.between(part, position, layout.before, layout.before + layout.clip))
    heard.true_peak.add(part)
    heard.alike = heard.alike and block.is_alike(part)
    heard.peak = max(heard.peak, float(part.max()), -float(part.min()))


def warnings(
    clip: Clip, info: files.Info, played: Sounding, layout: Plan, heard: Heard, *, in_daw: bool
) -> list[dict[str, str]]:
    """Return a warning for each way in which the rendered clip differs from the request."""
    name = files.shown(clip.path)
    found: list[tuple[str, str]] = []
    if played.channels > 2 and clip.channels not in ("left", "right"):
        what = "mono" if plays_mono(clip, played) else "stereo"
        text = f"{name} has {played.channels} channels; they are mixed down, so the result is {what}."
        found.append(("channels_downmixed", text))
    if clip.stretches and not stretch.available():
        found.append(("stretch_missing", _without_stretch(clip)))
    found += missing(clip, info, played, layout, in_daw=in_daw)
    if heard.broken:
        what = f"{heard.broken} samples of {name} are invalid (not a number, or out of range)"
        text = f"{what}; they count as silence."
        found.append(("not_numbers", text))
    return [{"code": code, "text": text} for code, text in found]


def missing(clip: Clip, info: files.Info, played: Sounding, layout: Plan, *, in_daw: bool) -> list[tuple[str, str]]:
    """Return the code and text of a warning for each part of the clip that could not be read from its file."""
    found = []
    if info.ending is not None and (info.ending.kind is End.DAMAGED or _reaches_end(clip, info, played, layout)):
        text = info.ending.text(files.shown(clip.path), info.frames, info.sample_rate)
        found.append((info.ending.kind.value, text))
    if padded := _padded(clip, info, played, layout):
        found.append(("span_padded", f"{padded}, as in the DAW." if in_daw and not info.ending else f"{padded}."))
    return found


def _without_stretch(clip: Clip) -> str:
    lost = "the pitch follows the speed" if clip.preserve_pitch else "the pitch was not shifted"
    return f"The time-stretching library is not installed, so {lost}. `{this_copy().to_add('stretch')}` adds it."


def _reaches_end(clip: Clip, info: files.Info, played: Sounding, layout: Plan) -> bool:
    """Return whether the clip, without its handles, contains the last frame that can be read."""
    section = played.played if isinstance(played, span.Repeated) else played
    return section.last(*_span(clip, layout)) >= info.frames


def _span(clip: Clip, layout: Plan) -> tuple[int, int]:
    """Return the first frame of the clip in its section, and its number of frames."""
    return round(clip.offset * layout.rate_in), round(clip.length * clip.playrate * layout.rate_in)


def _padded(clip: Clip, info: files.Info, played: Sounding, layout: Plan) -> str | None:
    seconds = played.missing(*_span(clip, layout)) / layout.rate_in
    if seconds <= UNNOTICED:
        return None
    what = files.shown(clip.path) if info.ending is None else f"what was read of {files.shown(clip.path)}"
    return f"The clip extends {seconds:.3f} s beyond {what}; that part is silent"
