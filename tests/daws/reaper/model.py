"""A REAPER project as plain data: the tracks, items, takes, sources and selections that the scripts need."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

ITEM_ZEROS = """
D_POSITION D_LENGTH D_SNAPOFFSET D_FADEINLEN D_FADEOUTLEN D_FADEINDIR D_FADEOUTDIR C_FADEINSHAPE C_FADEOUTSHAPE
I_CUSTOMCOLOR B_MUTE I_FIXEDLANE I_GROUPID C_LOCK
"""
ITEM_KEYS = {
    **dict.fromkeys(ITEM_ZEROS.split(), 0.0),
    "D_VOL": 1.0,
    "B_LOOPSRC": 1.0,
    "D_FADEINLEN_AUTO": -1.0,
    "D_FADEOUTLEN_AUTO": -1.0,
}
TAKE_KEYS = {
    "D_STARTOFFS": 0.0,
    "D_PLAYRATE": 1.0,
    "D_PITCH": 0.0,
    "B_PPITCH": 1.0,
    "D_VOL": 1.0,
    "D_PAN": 0.0,
    "I_CHANMODE": 0.0,
}
TRACK_KEYS = {
    "I_FOLDERDEPTH": 0.0,
    "I_CUSTOMCOLOR": 0.0,
    "I_SELECTED": 0.0,
    "I_FREEMODE": 0.0,
    "I_NUMFIXEDLANES": 1.0,
    "D_VOL": 1.0,
    "D_PAN": 0.0,
    "D_WIDTH": 1.0,
    "D_DUALPANL": -1.0,
    "D_DUALPANR": 1.0,
    "I_PANMODE": -1.0,
}


def guid() -> str:
    return "{" + str(uuid.uuid4()).upper() + "}"


class Handle:
    """The base class of objects that are passed to Lua as opaque pointers."""

    kind = ""
    alive = True


@dataclass(eq=False, repr=False)
class Source(Handle):
    kind = "PCM_source"
    path: str = ""
    type: str = "WAVE"
    parent: Source | None = None
    section: tuple[float, float] | None = None  # (start, length) in the parent source, s
    reverse: bool = False

    def samples(self) -> tuple[np.ndarray, int]:
        """Return the samples, frames × channels, and the sample rate in Hz."""
        if self.parent is None:
            return soundfile.read(self.path, dtype="float32", always_2d=True)  # type: ignore[no-any-return]
        sound, rate = self.parent.samples()
        start, length = self.section or (0.0, len(sound) / rate)
        part = sound[round(start * rate) : round((start + length) * rate)]
        return part[::-1] if self.reverse else part, rate

    def info(self) -> tuple[float, int, int]:
        """Return the length in seconds, the sample rate in Hz and the number of channels."""
        about = soundfile.info(self.path if self.parent is None else self.parent.path)
        seconds = self.section[1] if self.section else about.frames / about.samplerate
        return seconds, about.samplerate, about.channels


@dataclass(eq=False, repr=False)
class Take(Handle):
    kind = "MediaItem_Take"
    item: Item
    source: Source | None = None
    name: str = ""
    guid: str = field(default_factory=guid)
    values: dict[str, float] = field(default_factory=lambda: dict(TAKE_KEYS))
    texts: dict[str, str] = field(default_factory=dict)
    fx: list[bool] = field(default_factory=list)  # for each take effect, whether the effect is enabled
    stretch_markers: int = 0
    envelopes: int = 0
    midi: bool = False

    def gain(self, includes: set[str], rate: int, frames: int) -> np.ndarray:
        """Return the gain per channel from these settings; with a fade-in, the gain per frame and channel."""
        item = self.item
        factors = {
            "take_volume": abs(self.values["D_VOL"]),
            "item_volume": item.values["D_VOL"],
            "track_volume": item.track.values["D_VOL"],
        }
        flat = float(np.prod([factor for name, factor in factors.items() if name in includes]))
        if "take_volume" in includes and self.values["D_VOL"] < 0:
            flat = -flat
        pan = self.values["D_PAN"] if "take_pan" in includes else 0.0
        sides = flat * np.array([min(1.0, 1 - pan), min(1.0, 1 + pan)])
        fade = item.values["D_FADEINLEN"] if "fades" in includes else 0.0
        return sides * np.clip(np.arange(frames) / rate / fade, 0, 1)[:, None] if fade else sides

    def read(self, rate: int, start: float, frames: int) -> np.ndarray:
        """Return `frames` × 2 samples from `start` seconds into the item, before gain, pan and fades."""
        assert self.source is not None
        sound, own = self.source.samples()
        times = self.values["D_STARTOFFS"] + (start + np.arange(frames) / rate) * self.values["D_PLAYRATE"]
        at = np.floor(times * own + 1e-6).astype(int)
        inside = (at >= 0) & (at < len(sound))
        if self.item.values["B_LOOPSRC"]:
            at, inside = at % len(sound), np.ones(frames, bool)
        stereo = np.broadcast_to(sound[:, :1], (len(sound), 2)) if sound.shape[1] == 1 else sound[:, :2]
        return np.where(inside[:, None], stereo[np.clip(at, 0, len(sound) - 1)], 0.0)


@dataclass(eq=False, repr=False)
class Item(Handle):
    kind = "MediaItem"
    track: Track
    guid: str = field(default_factory=guid)
    values: dict[str, float] = field(default_factory=lambda: dict(ITEM_KEYS))
    texts: dict[str, str] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)
    active: int = 0
    selected: bool = False

    @property
    def take(self) -> Take | None:
        return self.takes[self.active] if self.takes else None


@dataclass(eq=False, repr=False)
class Track(Handle):
    kind = "MediaTrack"
    project: Project
    name: str = ""
    guid: str = field(default_factory=guid)
    values: dict[str, float] = field(default_factory=lambda: dict(TRACK_KEYS))
    texts: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    razor: str = ""


@dataclass(eq=False, repr=False)
class Project(Handle):
    kind = "ReaProject"
    folder: Path
    path: str = ""  # path of the .RPP file; "" until the project is saved
    tracks: list[Track] = field(default_factory=list)
    time_selection: tuple[float, float] = (0.0, 0.0)
    tempo: float = 120.0
    beats_per_bar: int = 4
    changes: list[tuple[float, float, int]] = field(
        default_factory=list
    )  # tempo changes, each at the start of a bar: (s, BPM, beats per bar)
    rate: int | None = 48_000
    play_state: int = 0
    cursor: float = 0.0  # edit cursor, s
    view: tuple[float, float] = (0.0, 60.0)  # visible range of the arrange view, s
    render: dict[str, float | str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)  # names of the undo points that the user has undone
    history: list[tuple[str, list[Track]]] = field(default_factory=list)  # undo points: (name, tracks before)

    @property
    def items(self) -> list[Item]:
        return [item for track in self.tracks for item in sorted(track.items, key=lambda one: one.values["D_POSITION"])]

    def quarters(self, time: float) -> tuple[float, float, int, int]:
        """Return (quarter notes since 0, BPM, beats per bar, bars before the last tempo change) at a time in s."""
        spans = [(0.0, self.tempo, self.beats_per_bar), *self.changes]
        count, bars = 0.0, 0
        for (start, bpm, beats), (end, *_) in zip(spans, [*spans[1:], (np.inf,)], strict=True):
            if time < end:
                return count + (time - start) * bpm / 60, bpm, beats, bars
            count += (end - start) * bpm / 60
            bars += round((end - start) * bpm / 60 / beats)
        raise AssertionError

    def time_of(self, bar: int, beat: float) -> float:
        """Return the time of a beat in a bar, in s; bars and beats count from 0."""
        spans = [(0.0, self.tempo, self.beats_per_bar), *self.changes]
        first = 0
        for (start, bpm, beats), (end, *_) in zip(spans, [*spans[1:], (np.inf,)], strict=True):
            last = first + (end - start) * bpm / 60 / beats
            if bar < round(last) if np.isfinite(last) else True:
                return start + ((bar - first) * beats + beat) * 60 / bpm
            first = round(last)
        raise AssertionError

    def add_track(self, name: str = "", depth: int = 0) -> Track:
        track = Track(self, name)
        track.values["I_FOLDERDEPTH"] = float(depth)
        self.tracks.append(track)
        return track

    def everything(self) -> list[Handle]:
        takes = [take for item in self.items for take in item.takes]
        return [*self.tracks, *self.items, *takes, *(take.source for take in takes if take.source)]


def add_item(track: Track, path: Path | str, position: float, length: float, offset: float = 0.0) -> Item:
    """Add an audio item and select it, as when the user drags a file into the project."""
    item = Item(track, selected=True)
    item.values |= {"D_POSITION": position, "D_LENGTH": length}
    take = Take(item, Source(str(path)), Path(path).stem)
    take.values["D_STARTOFFS"] = offset
    item.takes.append(take)
    track.items.append(item)
    return item
