"""The mock's REAPER functions that read or change a project, with the names and arguments listed in `api.tsv`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.daws.reaper.model import Handle, Item, Project, Source, Take, Track, guid

if TYPE_CHECKING:
    from tests.daws.reaper.host import Host


class Array(Handle):
    """A mock of the type `reaper.array`."""

    kind = "reaper.array"

    def __init__(self, host: Host, size: int) -> None:
        self._host = host
        self.values = [0.0] * size

    def clear(self) -> None:
        self.values = [0.0] * len(self.values)

    def table(self) -> Any:
        return self._host.running.runtime.table_from(self.values)


class Accessor(Handle):
    kind = "AudioAccessor"

    def __init__(self, take: Take) -> None:
        self.take = take


class Reading:
    """The REAPER functions that do not change a project."""

    host: Host

    def _project(self, project: Project | None) -> Project:
        return project or self.host.active

    def _get(self, values: dict[str, float], key: str) -> float:
        if key not in values:
            self.host.fail(f"unknown key {key}")
        return values[key]

    def EnumProjects(self, index: int) -> tuple[Project | None, str | None]:
        if index == -1:
            return self.host.active, self.host.active.path
        found = self.host.projects[int(index)] if 0 <= index < len(self.host.projects) else None
        return (found, found.path) if found else (None, None)

    def GetProjectName(self, project: Project) -> str:
        return self._project(project).path.replace("\\", "/").rsplit("/", 1)[-1]

    def GetProjectPathEx(self, project: Project) -> str:
        return str(self._project(project).folder)

    def GetPlayState(self) -> int:
        return self.host.active.play_state

    def GetPlayStateEx(self, project: Project) -> int:
        return self._project(project).play_state

    def GetSet_LoopTimeRange2(self, project: Any, is_set: bool, *_: Any) -> tuple[float, float]:
        if is_set:
            self.host.fail("the script changed the user's time selection")
        return self._project(project).time_selection

    def ValidatePtr2(self, project: Project, pointer: Handle, kind: str) -> bool:
        if pointer.kind + "*" != kind:
            return False
        return pointer.alive and pointer in self._project(project).everything()

    def TimeMap_GetTimeSigAtTime(self, project: Project, time: float) -> tuple[int, int, float]:
        _, bpm, beats, _ = self._project(project).quarters(time)
        return beats, 4, bpm

    def TimeMap2_timeToQN(self, project: Project, time: float) -> float:
        return self._project(project).quarters(time)[0]

    def TimeMap2_timeToBeats(self, project: Project, time: float) -> tuple[float, int, int, float, int]:
        project = self._project(project)
        quarters, _, beats, bars = project.quarters(time)
        begin = project.quarters(project.time_of(bars, 0.0))[0]  # position of the last tempo change, in quarter notes
        measure = bars + int((quarters - begin) // beats)
        return (quarters - begin) % beats, measure, beats, quarters, 4

    def TimeMap2_beatsToTime(self, project: Project, beats: float, measure: int | None = None) -> float:
        return self._project(project).time_of(int(measure or 0), beats)

    def CountTracks(self, project: Project) -> int:
        return len(self._project(project).tracks)

    def GetTrack(self, project: Project, index: int) -> Track | None:
        tracks = self._project(project).tracks
        return tracks[int(index)] if 0 <= index < len(tracks) else None

    def GetTrackGUID(self, track: Track) -> str:
        return track.guid

    def GetTrackNumMediaItems(self, track: Track) -> int:
        return len(track.items)

    def GetTrackMediaItem(self, track: Track, index: int) -> Item | None:
        return track.items[int(index)] if 0 <= index < len(track.items) else None

    def GetMediaTrackInfo_Value(self, track: Track, key: str) -> float:
        if key == "IP_TRACKNUMBER":
            return float(track.project.tracks.index(track) + 1)
        return self._get(track.values, key)

    def TrackFX_GetCount(self, _: Track) -> int:
        return 0

    def CountMediaItems(self, project: Project) -> int:
        return len(self._project(project).items)

    def GetMediaItem(self, project: Project, index: int) -> Item | None:
        items = self._project(project).items
        return items[int(index)] if 0 <= index < len(items) else None

    def CountSelectedMediaItems(self, project: Project) -> int:
        return len([item for item in self._project(project).items if item.selected])

    def GetSelectedMediaItem(self, project: Project, index: int) -> Item | None:
        found = [item for item in self._project(project).items if item.selected]
        return found[int(index)] if 0 <= index < len(found) else None

    def GetMediaItem_Track(self, item: Item) -> Track:
        return item.track

    def GetMediaItemInfo_Value(self, item: Item, key: str) -> float:
        return self._get(item.values, key)

    def GetActiveTake(self, item: Item) -> Take | None:
        return item.take

    def CountTakes(self, item: Item) -> int:
        return len(item.takes)

    def GetTake(self, item: Item, index: int) -> Take | None:
        return item.takes[int(index)] if 0 <= index < len(item.takes) else None

    def TakeIsMIDI(self, take: Take) -> bool:
        return take.midi

    def TakeFX_GetCount(self, take: Take) -> int:
        return len(take.fx)

    def TakeFX_GetEnabled(self, take: Take, fx: int) -> bool:
        return take.fx[int(fx)]

    def TakeFX_GetOffline(self, take: Take, fx: int) -> bool:
        return False

    def GetTakeNumStretchMarkers(self, take: Take) -> int:
        return take.stretch_markers

    def CountTakeEnvelopes(self, take: Take) -> int:
        return take.envelopes

    def GetMediaItemTake_Source(self, take: Take) -> Source | None:
        return take.source

    def GetMediaItemTakeInfo_Value(self, take: Take, key: str) -> float:
        return self._get(take.values, key)

    def GetMediaSourceParent(self, source: Source) -> Source | None:
        return source.parent

    def GetMediaSourceFileName(self, source: Source) -> str:
        return source.path

    def GetMediaSourceType(self, source: Source) -> str:
        return source.type

    def GetMediaSourceLength(self, source: Source) -> tuple[float, bool]:
        return source.info()[0], False

    def GetMediaSourceSampleRate(self, source: Source) -> int:
        return source.info()[1]

    def PCM_Source_CreateFromFile(self, path: str) -> Source | None:
        try:
            source = Source(path)
            source.info()
        except (OSError, RuntimeError):
            return None
        self.host.new_sources.append(source)
        return source

    def PCM_Source_BuildPeaks(self, source: Source, mode: int) -> int:
        self.host.peaks.append((source.path, int(mode)))
        steps = len([one for one in self.host.peaks if one == (source.path, 1)])
        return 0 if mode == 2 or steps >= 3 else 100

    def CreateTakeAudioAccessor(self, take: Take) -> Accessor:
        self.host.accessors += 1
        return Accessor(take)

    def DestroyAudioAccessor(self, accessor: Accessor) -> None:
        self.host.accessors -= 1
        accessor.alive = False

    def GetAudioAccessorSamples(
        self, accessor: Accessor, rate: int, channels: int, start: float, frames: int, array: Array
    ) -> int:
        if len(array.values) < frames * channels:
            self.host.fail("the buffer is too small")
        self.host.clock += frames * 2e-6  # simulates the time that reading takes
        found = accessor.take.read(int(rate), start, int(frames))
        found = found * accessor.take.gain(self.host.accessor_has, int(rate), int(frames))
        array.values[: int(frames * channels)] = [float(one) for one in found.reshape(-1)]
        return 1

    def new_array(self, size: int) -> Array:
        return Array(self.host, int(size))


class Changing(Reading):
    """The REAPER functions that change a project; scripts may call them only inside an undo block of that project."""

    def Undo_BeginBlock2(self, project: Project) -> None:
        project = self._project(project)
        if self.host.blocks:
            self.host.fail("nested undo block inside an undo block")
        self.host.blocks.append((project, copy.deepcopy(project.tracks, {id(project): project})))

    def Undo_EndBlock2(self, project: Project, name: str, flags: int) -> None:
        if not self.host.blocks or self.host.blocks[-1][0] is not self._project(project):
            self.host.fail("Undo_EndBlock2 without Undo_BeginBlock2")
        if not name.strip():
            self.host.fail("an undo point without a name")
        self._project(project).history.append((name, self.host.blocks.pop()[1]))
        self._project(project).undone.clear()

    def Undo_CanRedo2(self, project: Project) -> str | None:
        undone = self._project(project).undone
        return undone[-1] if undone else None

    def PreventUIRefresh(self, count: int) -> None:
        self.host.refresh += int(count)

    def UpdateArrange(self) -> None:
        self.host.updates += 1

    def UpdateTimeline(self) -> None:
        self.host.updates += 1

    def UpdateItemInProject(self, item: Item) -> None:
        self.host.updates += 1

    def UpdateItemLanes(self, project: Project) -> bool:
        for track in self._project(project).tracks:
            lanes = [item.values["I_FIXEDLANE"] + 1 for item in track.items]
            track.values["I_NUMFIXEDLANES"] = max([track.values["I_NUMFIXEDLANES"], *lanes])
        return True

    def SelectProjectInstance(self, project: Project) -> None:
        if self.host.blocks:
            self.host.fail("the tab was changed inside an undo block")
        self.host.active = project

    def InsertTrackInProject(self, project: Project, index: int, flags: int) -> None:
        self.host.must_be_in_block(self._project(project))
        self._project(project).tracks.insert(int(index), Track(self._project(project)))

    def InsertTrackAtIndex(self, index: int, defaults: bool) -> None:
        self.host.must_be_in_block(self.host.active)
        self.host.active.tracks.insert(int(index), Track(self.host.active))

    def DeleteTrack(self, track: Track) -> None:
        self.host.must_be_in_block(track.project)
        track.project.tracks.remove(track)
        self.host.bury(track, *track.items)

    def AddMediaItemToTrack(self, track: Track) -> Item:
        self.host.must_be_in_block(track.project)
        track.items.append(Item(track))
        return track.items[-1]

    def DeleteTrackMediaItem(self, track: Track, item: Item) -> bool:
        self.host.must_be_in_block(track.project)
        track.items.remove(item)
        self.host.bury(item, *item.takes)
        return True

    def AddTakeToMediaItem(self, item: Item) -> Take:
        self.host.must_be_in_block(item.track.project)
        item.takes.append(Take(item))
        return item.takes[-1]

    def SetActiveTake(self, take: Take) -> None:
        self.host.must_be_in_block(take.item.track.project)
        take.item.active = take.item.takes.index(take)

    def SetMediaItemTake_Source(self, take: Take, source: Source) -> bool:
        self.host.must_be_in_block(take.item.track.project)
        take.source = source
        return True

    def _set(self, project: Project, values: dict[str, float], key: str, value: float) -> bool:
        self.host.must_be_in_block(project)
        self._get(values, key)
        values[key] = float(value)
        return True

    def SetMediaItemInfo_Value(self, item: Item, key: str, value: float) -> bool:
        return self._set(item.track.project, item.values, key, value)

    def SetMediaItemTakeInfo_Value(self, take: Take, key: str, value: float) -> bool:
        return self._set(take.item.track.project, take.values, key, value)

    def SetMediaTrackInfo_Value(self, track: Track, key: str, value: float) -> bool:
        if key == "I_SELECTED":  # changing the selection needs no undo point
            track.values[key] = float(value)
            return True
        return self._set(track.project, track.values, key, value)

    def SetMediaItemSelected(self, item: Item, selected: bool) -> None:
        item.selected = selected

    def _text(self, thing: Any, project: Project, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if is_set:
            self.host.must_be_in_block(project)
        if key == "P_NAME":
            thing.name = value if is_set else thing.name
            return True, thing.name
        if key == "GUID" and not is_set:
            return True, thing.guid
        if not key.startswith("P_EXT:") and not (key == "P_NOTES" and isinstance(thing, Item)):
            self.host.fail(f"unknown text key {key}")
        if is_set:
            thing.texts[key] = value
        return key in thing.texts, thing.texts.get(key, "")

    def GetSetMediaItemInfo_String(self, item: Item, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        return self._text(item, item.track.project, key, value, is_set)

    def GetSetMediaItemTakeInfo_String(self, take: Take, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        return self._text(take, take.item.track.project, key, value, is_set)

    def GetSetMediaTrackInfo_String(self, track: Track, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if key == "P_RAZOREDITS_EXT" and not is_set:
            return True, track.razor
        return self._text(track, track.project, key, value, is_set)

    def genGuid(self, _: str = "") -> str:
        return guid()
