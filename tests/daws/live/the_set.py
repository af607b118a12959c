"""The mock's Live Set as plain data, so that an undo step is simply a copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

MASTER = -1  # ptr of the master track, which has no clips and is not in `SetData.tracks`
_next = count(1000)


def new_ptr() -> int:
    return next(_next)


@dataclass
class ClipData:
    """An audio or MIDI clip."""

    path: str = ""
    seconds: float = 0.0  # length of the file, s
    rate: float = 48_000.0  # sample rate of the file, Hz
    audio: bool = True
    start_time: float | None = None  # position in the Arrangement, beats; None for a Session clip
    extent: float = 0.0  # length of a looped clip in the Arrangement, beats
    warping: bool = False
    warp_mode: int = 4
    markers: list[tuple[float, float]] = field(default_factory=list)  # visible warp markers, (beat, second)
    last_tempo: float = 120.0  # tempo after the last warp marker, BPM
    looping: bool = False
    brace: tuple[float, float] = (0.0, 4.0)  # start and end of the loop, beats
    start: float = 0.0  # position of the start marker; in beats if warped, otherwise in s
    end: float = 0.0  # position of the end marker; in beats if warped, otherwise in s
    name: str = ""
    color: int = 0xFF0000
    pitch_coarse: int = 0
    pitch_fine: float = 0.0
    gain: float = 0.4
    recording: bool = False
    envelopes: bool = False
    groove: bool = False
    signature: tuple[int, int] = (4, 4)
    ptr: int = field(default_factory=new_ptr)

    def beats(self, tempo: float) -> float:
        """Return the clip's length on the timeline at this tempo, in beats."""
        if self.looping:
            return self.extent
        return (self.end - self.start) * (1.0 if self.warping else tempo / 60.0 / self.speed)

    @property
    def speed(self) -> float:
        """Return the clip's playback speed when unwarped, which depends on its transposition."""
        return 2.0 ** ((self.pitch_coarse + self.pitch_fine / 100.0) / 12.0)

    def all_markers(self) -> list[tuple[float, float]]:
        """Return all warp markers as Live does; a hidden marker, 1/32 beat after the others, sets the last tempo."""
        beat, second = self.markers[-1]
        return [*self.markers, (beat + 1 / 32, second + 60.0 / self.last_tempo / 32)]


@dataclass
class SlotData:
    """A clip slot of a Session track."""

    clip: ClipData | None = None
    ptr: int = field(default_factory=new_ptr)


@dataclass
class ParameterData:
    """A fader or a knob."""

    value: float
    low: float
    high: float
    automated: bool = False
    ptr: int = field(default_factory=new_ptr)


@dataclass
class TrackData:
    """A track."""

    name: str
    audio: bool = True
    frozen: bool = False
    color: int = 0x00FF00
    foldable: bool = False  # True for a group track
    arm: bool = False
    devices: int = 0
    group: int = 0  # ptr of the group track that contains this track; 0 for none
    volume: ParameterData = field(default_factory=lambda: ParameterData(0.85, 0.0, 1.0))
    panning: ParameterData = field(default_factory=lambda: ParameterData(0.0, -1.0, 1.0))
    slots: list[SlotData] = field(default_factory=list)
    clips: list[ClipData] = field(default_factory=list)  # clips in the Arrangement
    data: dict[str, Any] = field(default_factory=dict)
    ptr: int = field(default_factory=new_ptr)

    def everything(self) -> Iterator[tuple[Any, Any]]:
        """Yield (object, parent) for this track and everything in it."""
        yield self, None
        for parameter in (self.volume, self.panning):
            yield parameter, self
        for slot in self.slots:
            yield slot, self
            if slot.clip is not None:
                yield slot.clip, slot
        for clip in self.clips:
            yield clip, self


@dataclass
class SetData:
    """The data of the Set that undo restores."""

    tracks: list[TrackData] = field(default_factory=list)
    scenes: list[int] = field(default_factory=lambda: [new_ptr() for _ in range(4)])
    selected_track: int = 0  # ptr
    detail_clip: int = 0  # ptr of the clip in the detail view; 0 for none
    highlighted_slot: int = 0  # ptr

    def add_track(self, name: str, index: int | None = None, **about: Any) -> TrackData:
        track = TrackData(name, slots=[SlotData() for _ in self.scenes], **about)
        self.tracks.insert(len(self.tracks) if index is None else index, track)
        self.selected_track = track.ptr
        self.highlighted_slot = track.slots[0].ptr
        return track

    def find(self, ptr: int) -> tuple[Any, Any]:
        """Return (object, parent) for a ptr; (None, None) if the object was deleted."""
        if ptr == MASTER:
            return TrackData("Master", foldable=True, ptr=MASTER), None
        every = (one for track in self.tracks for one in track.everything())
        return next(((thing, owner) for thing, owner in every if thing.ptr == ptr), (None, None))
