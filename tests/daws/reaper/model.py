"""A REAPER project as plain data: the tracks, items, takes, sources and selections that the scripts need."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

# Names and defaults: ReaScript API help, GetMediaItemInfo_Value, GetMediaItemTakeInfo_Value, GetMediaTrackInfo_Value.
ITEM_ZEROS = """
D_POSITION D_LENGTH D_SNAPOFFSET D_FADEINLEN D_FADEOUTLEN D_FADEINDIR D_FADEOUTDIR C_FADEINSHAPE C_FADEOUTSHAPE
I_CUSTOMCOLOR B_MUTE B_ALLTAKESPLAY I_FIXEDLANE B_FIXEDLANE_HIDDEN I_GROUPID C_LOCK C_MUTE_SOLO I_FADELPF
F_FREEMODE_Y
"""
ITEM_KEYS = {
    **dict.fromkeys(ITEM_ZEROS.split(), 0.0),
    "D_VOL": 1.0,
    "B_LOOPSRC": 1.0,
    "D_FADEINLEN_AUTO": -1.0,
    "D_FADEOUTLEN_AUTO": -1.0,
    "C_BEATATTACHMODE": -1.0,
    "F_FREEMODE_H": 1.0,
}
TAKE_KEYS = {
    "D_STARTOFFS": 0.0,
    "D_PLAYRATE": 1.0,
    "D_PITCH": 0.0,
    "B_PPITCH": 1.0,
    "D_VOL": 1.0,
    "D_PAN": 0.0,
    "D_PANLAW": -1.0,
    "I_CHANMODE": 0.0,
    "I_PITCHMODE": -1.0,
    "I_STRETCHFLAGS": 0.0,
    "F_STRETCHFADESIZE": 0.0,
    "I_CUSTOMCOLOR": 0.0,
}
TRACK_ZEROS = """
I_FOLDERDEPTH I_CUSTOMCOLOR I_SELECTED I_FREEMODE I_SOLO I_RECARM I_RECMODE I_RECMON I_RECINPUT I_AUTOMODE I_VUMODE
I_HEIGHTOVERRIDE I_FOLDERCOMPACT I_MIDIHWOUT I_PLAY_OFFSET_FLAG D_PLAY_OFFSET B_MUTE B_PHASE B_HEIGHTLOCK B_SOLO_DEFEAT
C_MAINSEND_OFFS C_MAINSEND_NCH I_SPACER
"""
TRACK_KEYS = {
    **dict.fromkeys(TRACK_ZEROS.split(), 0.0),
    "I_NUMFIXEDLANES": 1.0,
    "I_NCHAN": 2.0,
    "I_FXEN": 1.0,
    "I_PERFFLAGS": 0.0,
    "B_MAINSEND": 1.0,
    "B_SHOWINMIXER": 1.0,
    "B_SHOWINTCP": 1.0,
    "C_BEATATTACHMODE": -1.0,
    "D_VOL": 1.0,
    "D_PAN": 0.0,
    "D_WIDTH": 1.0,
    "D_DUALPANL": -1.0,
    "D_DUALPANR": 1.0,
    "D_PANLAW": -1.0,
    "I_PANMODE": -1.0,
    "I_TCPH": 60.0,
}
SEND_ZEROS = "B_MUTE B_PHASE B_MONO D_PAN I_SENDMODE I_AUTOMODE I_SRCCHAN I_DSTCHAN I_MIDIFLAGS"
SEND_KEYS = {**dict.fromkeys(SEND_ZEROS.split(), 0.0), "D_VOL": 1.0, "D_PANLAW": -1.0}


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


@dataclass
class Point:
    """A point of an envelope or an automation item."""

    time: float  # s, from the start of the project (of the item, in a take's envelope)
    value: float
    shape: int = 0
    tension: float = 0.0
    selected: bool = False


@dataclass(eq=False, repr=False)
class Envelope(Handle):
    kind = "TrackEnvelope"
    owner: Track | Take
    name: str = "Volume"
    active: bool = True
    visible: bool = True
    points: list[Point] = field(default_factory=list)
    automation_items: list[dict[str, float]] = field(default_factory=list)

    @property
    def chunk_name(self) -> str:
        """Return the envelope's name in an .RPP file."""
        after_effects = {"Volume": "VOLENV", "Pan": "PANENV", "Width": "WIDTHENV"}
        name = after_effects.get(self.name) or {"Mute": "MUTEENV", "Pitch": "PITCHENV"}.get(self.name, "PARMENV")
        return name + "2" if isinstance(self.owner, Track) and self.name in after_effects else name


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
    envelopes: list[Envelope] = field(default_factory=list)
    markers: list[tuple[float, str, int]] = field(default_factory=list)  # take markers: (s in the source, name, color)
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

    def in_mode(self, sound: np.ndarray) -> np.ndarray:
        """Return samples with the take's channel mode applied: 1 swap, 2 downmix, 3 left only, 4 right only."""
        left, right = sound[:, :1], sound[:, min(1, sound.shape[1] - 1) :][:, :1]
        modes = {1: np.hstack([right, left]), 2: (left + right) / 2, 3: left, 4: right}
        return modes.get(int(self.values["I_CHANMODE"]), sound)

    def read(
        self,
        rate: int,
        start: float,
        frames: int,
        channels: int = 2,
        *,
        copies_mono: bool = True,
        has_mode: bool = True,
    ) -> np.ndarray:
        """Return `frames` × `channels` samples from `start` seconds into the item, before gain, pan and fades.

        Channels that the source does not have are silent, except that a mono source can fill the first two channels.
        """
        assert self.source is not None
        sound, own = self.source.samples()
        sound = self.in_mode(sound) if has_mode else sound
        times = self.values["D_STARTOFFS"] + (start + np.arange(frames) / rate) * self.values["D_PLAYRATE"]
        at = np.floor(times * own + 1e-6).astype(int)
        inside = (at >= 0) & (at < len(sound))
        if self.item.values["B_LOOPSRC"]:
            at, inside = at % len(sound), np.ones(frames, bool)
        if sound.shape[1] == 1 and copies_mono:
            sound = np.broadcast_to(sound, (len(sound), 2))
        wanted = np.zeros((len(sound), channels), sound.dtype)
        shared = min(channels, sound.shape[1])
        wanted[:, :shared] = sound[:, :shared]
        return np.where(inside[:, None], wanted[np.clip(at, 0, len(sound) - 1)], 0.0)


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
    chunk_lines: list[str] = field(default_factory=list)  # lines of the item's state chunk that the mock does not read

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
    lane_plays: dict[int, int] = field(default_factory=dict)  # fixed lane → value of C_LANEPLAYS, if a script set it
    fx: list[bool] = field(default_factory=list)  # for each effect, whether the effect is enabled
    input_fx: list[bool] = field(default_factory=list)  # the same for record input (or monitoring) effects
    envelopes: list[Envelope] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    groups: dict[str, list[int]] = field(default_factory=dict)  # group name → bits for groups 1–32 and 33–64

    @property
    def parent(self) -> Track | None:
        """Return the track's folder; None for a track in no folder and for the master."""
        parents: list[Track] = []
        for one in self.project.tracks:
            if one is self:
                return parents[-1] if parents else None
            depth = int(one.values["I_FOLDERDEPTH"])
            parents = [*parents, one] if depth > 0 else parents[: max(0, len(parents) + depth)]
        return None

    def plays(self, lane: int) -> int:
        """Return how a lane plays: 0 not at all, 1 exclusively, 2 together with other lanes."""
        if 1 in self.lane_plays.values():
            return self.lane_plays.get(lane, 0)
        return self.lane_plays.get(lane, 2 if self.values["I_NUMFIXEDLANES"] > 1 else 1)

    @property
    def in_order(self) -> list[Item]:
        """Return the items as REAPER lists them: by position."""
        return sorted(self.items, key=lambda one: one.values["D_POSITION"])


@dataclass(eq=False, repr=False)
class Send:
    """A send from one track to another."""

    target: Track
    values: dict[str, float]


@dataclass(eq=False, repr=False)
class Marker(Handle):
    """A marker or region of a project."""

    kind = "ProjectMarker"
    number: int
    name: str
    start: float  # s
    end: float | None = None  # end of a region in s; None for a marker
    color: int = 0
    guid: str = field(default_factory=guid)


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
    later: list[list[Track]] = field(default_factory=list)  # tracks that redo restores, one for each of `undone`
    history: list[tuple[str, list[Track]]] = field(default_factory=list)  # undo points: (name, tracks before)
    edits: int = 0  # result of GetProjectStateChangeCount
    markers: list[Marker] = field(default_factory=list)
    grid: tuple[float, int, float] = (0.25, 0, 0.0)  # (division, a fraction of a whole note; swing mode; swing amount)
    offset: float = 0.0  # project time at the ruler's start, s
    play_position: float = 0.0  # s
    dirty: bool = False
    kept: dict[tuple[str, str], str] = field(default_factory=dict)  # (section, key) → value saved with the project

    def __post_init__(self) -> None:
        self.master = Track(self, "MASTER")

    def copied(self) -> list[Track]:
        """Return a copy of the tracks, as an undo point stores them."""
        return copy.deepcopy(self.tracks, {id(self): self})

    def add_point(self, name: str, before: list[Track]) -> None:
        """Add an undo point, which clears the redo history."""
        self.history.append((name, before))
        self.undone.clear()
        self.later.clear()
        self.edits += 1

    @property
    def items(self) -> list[Item]:
        return [item for track in self.tracks for item in track.in_order]

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

    def seconds(self, quarters: float) -> float:
        """Return the time of a position in quarter notes, in s."""
        spans = [(0.0, self.tempo, self.beats_per_bar), *self.changes]
        count = 0.0
        for (start, bpm, _), (end, *_) in zip(spans, [*spans[1:], (np.inf,)], strict=True):
            length = (end - start) * bpm / 60
            if quarters < count + length:
                return start + (quarters - count) * 60 / bpm
            count += length
        raise AssertionError

    def add_track(self, name: str = "", depth: int = 0) -> Track:
        track = Track(self, name)
        track.values["I_FOLDERDEPTH"] = float(depth)
        self.tracks.append(track)
        return track

    def everything(self) -> list[Handle]:
        takes = [take for item in self.items for take in item.takes]
        envelopes = [one for owner in (*self.tracks, *takes) for one in owner.envelopes]
        sources = [take.source for take in takes if take.source]
        return [*self.tracks, *self.items, *takes, *sources, *envelopes]


def add_item(track: Track, path: Path | str, position: float, length: float, offset: float = 0.0) -> Item:
    """Add an audio item and select it, as when the user drags a file into the project."""
    item = Item(track, selected=True)
    item.values |= {"D_POSITION": position, "D_LENGTH": length}
    take = Take(item, Source(str(path)), Path(path).stem)
    take.values["D_STARTOFFS"] = offset
    item.takes.append(take)
    track.items.append(item)
    return item
