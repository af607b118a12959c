"""The clip for a render task: which part of which file is played, and how.

`Clip.parse` validates the arguments of the task; render.py renders the clip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from bridge.audio import files, span
from bridge.audio.channels import MODES
from bridge.audio.ending import UNNOTICED, End
from bridge.audio.split_stereo import Pair
from bridge.errors import ClipError, ClipTooShort, RequestError, SourceTruncated, SourceUnreadable, SpanOutside
from bridge.workers.tasks.opening import number

SHORTEST = 0.1  # s; shortest clip on the timeline
LONGEST = 86400.0  # s (one day); prevents a looped clip with a mistyped length from filling the disk
SLOWEST, FASTEST = 0.01, 100.0  # source seconds per timeline second
FARTHEST = 1e7  # s; largest position in a source, beyond the end of any recording


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as a DAW describes it."""

    path: Path  # source file
    path_right: Path | None  # file of the right channel if the channels are in separate files
    length: float  # length on the timeline, s
    offset: float  # start of the clip, in source seconds from the start of the section, in playing direction
    playrate: float  # source seconds per timeline second
    preserve_pitch: bool  # whether the pitch stays the same when the playrate changes
    pitch: float  # additional pitch shift, semitones
    reverse: bool  # whether the section is played backwards
    section: tuple[float, float] | None  # start and length in the file, s; None: the whole file
    loop: bool  # whether the section repeats
    channels: str  # one of channels.MODES
    polarity: bool  # whether the polarity is inverted
    pan: float | None  # -1 … 1
    line: tuple[tuple[float, float], ...] | None  # time map: (source seconds after `offset`, result seconds) points

    @classmethod
    def parse(cls, source: Mapping[str, Any], length: Mapping[str, Any]) -> Self:
        """Build a clip from the `source` of a request and from a mapping that contains the clip's `length`.

        Raises:
            RequestError: a value is invalid.
            ClipTooShort: the clip is shorter than 0.1 s.
        """
        seconds = number(length, "length", 0.0, LONGEST)
        if seconds < SHORTEST:
            raise ClipTooShort(f"The clip is {seconds:.3f} s long; the minimum is {SHORTEST} s.")
        channels = source.get("channels") or "normal"
        if channels not in MODES:
            raise RequestError(f"The clip's channels are {channels!r}; they must be one of {', '.join(MODES)}.")
        return cls(
            path=_path(source, "path"),
            path_right=_path(source, "path_right") if source.get("path_right") else None,
            length=seconds,
            offset=number(source, "offset", -FARTHEST, FARTHEST, 0.0),
            playrate=number(source, "playrate", SLOWEST, FASTEST, 1.0),
            preserve_pitch=bool(source.get("preserve_pitch")),
            pitch=number(source, "pitch", -48.0, 48.0, 0.0),
            reverse=bool(source.get("reverse")),
            section=_section(source),
            loop=bool(source.get("loop")),
            channels=channels,
            polarity=bool(source.get("polarity")),
            pan=None if source.get("pan") is None else number(source, "pan", -1.0, 1.0),
            line=_line(source.get("warp"), seconds) if source.get("straighten") else None,
        )

    @property
    def stretches(self) -> bool:
        """Return whether the clip needs time-stretching or pitch-shifting."""
        return self.line is not None or self.pitch != 0 or (self.preserve_pitch and self.playrate != 1)

    @property
    def plain(self) -> bool:
        """Return whether the file simply continues before and after the clip, so that the clip can have handles."""
        return not (self.reverse or self.loop or self.section or self.stretches)

    def played(self, reader: files.Reader | Pair) -> span.Played:
        """Return the section of the open file that is played.

        Raises:
            SpanOutside: the section or the whole clip is outside the file.
            SourceTruncated: the file was cut off, and the clip needs audio that is missing.
            SourceUnreadable: the clip needs audio that the decoder cannot read.
        """
        info = reader.info
        first, frames = 0, info.promised
        if self.section is not None:
            first = round(self.section[0] * info.sample_rate)
            frames = min(round(self.section[1] * info.sample_rate), info.promised - first)
        played = span.Played(reader.blocks, info.channels, first, frames, self.reverse, self.loop)
        start, wanted = round(self.offset * info.sample_rate), round(self.length * self.playrate * info.sample_rate)
        needs = f"The clip needs {self.length * self.playrate:.3f} s from {self.offset:.3f} s on"
        name = files.shown(self.path)
        if (error := self._lost(info, played, start, wanted)) is not None and info.ending is not None:
            raise error(f"{needs}. {info.ending.text(name, info.frames, info.sample_rate)}")
        if frames < 1 or played.missing(start, wanted) >= max(1, wanted):
            raise SpanOutside(f"{needs}, but {name} has {max(0, frames) / info.sample_rate:.3f} s.")
        if self.reverse or self.loop:
            return played
        return replace(played, frames=min(frames, info.frames - first))

    def _lost(self, info: files.Info, played: span.Played, start: int, wanted: int) -> type[ClipError] | None:
        """Return the error for a clip that needs sound that its file should have, but that cannot be read.

        Args:
            info: the properties of the file.
            played: the section of the file.
            start: first frame of the clip in the section.
            wanted: number of frames in the clip.
        """
        ending, continues = info.ending, not (self.reverse or self.loop)
        if ending is None:
            return None
        if ending.needs_ffmpeg:
            outside = played.frames < 1 or played.missing(start, wanted) >= wanted
            return SourceUnreadable if outside or not (continues or self.section) else None
        stop = 0 if played.frames < 1 else played.last(start, wanted)
        if ending.kind is End.UNKNOWN and continues:  # whether the file had more sound is unknown
            longest = math.inf if self.section is None else self.section[1] * info.sample_rate
            stop = round(played.first + min(start + wanted, longest))
        is_short = ending.kind in (End.CUT, End.UNKNOWN) and stop - info.frames > UNNOTICED * info.sample_rate
        return SourceTruncated if is_short else None


def _path(source: Mapping[str, Any], key: str) -> Path:
    path = source.get(key)
    if not isinstance(path, str) or not path or "\0" in path:
        raise RequestError("The clip's source has no valid path.")
    return Path(path)


def _line(warp: Any, seconds: float) -> tuple[tuple[float, float], ...]:
    """Return the points that map source time to result time so that the beats are evenly spaced over the clip.

    Args:
        warp: pairs (beat, source seconds after the offset), as in a request.
        seconds: length of the clip, s.
    """
    pairs = [(float(beat), float(second)) for beat, second in warp or ()]
    rising = all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(pairs))
    if len(pairs) < 2 or not rising or abs(pairs[0][1]) > 1e-3:
        raise RequestError("To straighten a clip, its warp must be two or more pairs [beat, second], rising from 0 s.")
    first, last = pairs[0][0], pairs[-1][0]
    line = tuple((second, (beat - first) / (last - first) * seconds) for beat, second in pairs)
    speeds = [(after[0] - here[0]) / (after[1] - here[1]) for here, after in pairwise(line)]
    if not SLOWEST <= min(speeds) <= max(speeds) <= FASTEST:
        raise RequestError(f"The clip's warp has speeds outside {SLOWEST:g} to {FASTEST:g}.")
    return line


def _section(source: Mapping[str, Any]) -> tuple[float, float] | None:
    section = source.get("section")
    if section is None:
        return None
    if not isinstance(section, list | tuple) or len(section) != 2:
        raise RequestError("The clip's section must be [start, length] in seconds.")
    parts = {"section start": section[0], "section length": section[1]}
    return number(parts, "section start", 0.0, FARTHEST), number(parts, "section length", 0.0, FARTHEST)
