"""The mock's REAPER functions about projects: tabs, time selection, tempo and pointers."""

from __future__ import annotations

from typing import Any

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Handle, Project, guid


class Projects(Base):
    """Functions about projects."""

    def EnumProjects(self, index: int) -> tuple[Project | None, str | None]:
        if index == -1:
            return self.host.active, self.host.active.path
        found = self.host.projects[int(index)] if 0 <= index < len(self.host.projects) else None
        return (found, found.path) if found else (None, None)

    def GetProjectName(self, project: Project) -> str:
        return self._project(project).path.replace("\\", "/").rsplit("/", 1)[-1]

    def GetProjectPathEx(self, project: Project) -> str:
        return str(self._project(project).folder)

    def GetProjectPath(self) -> str:
        return str(self.host.active.folder)

    def IsProjectDirty(self, project: Project) -> int:
        return int(self._project(project).dirty)

    def MarkProjectDirty(self, project: Project) -> None:
        self._project(project).dirty = True

    def Main_SaveProject(self, project: Project, as_new: bool) -> None:
        if as_new or not self._project(project).path:
            self.host.fail("the mock does not implement the dialog that asks for a project's name")
        self._project(project).dirty = False

    def GetProjectTimeOffset(self, project: Project, from_measures: bool) -> float:
        return self._project(project).offset

    def GetProjectLength(self, project: Project) -> float:
        """Return the end of the last item, marker or region."""
        project = self._project(project)
        ends = [one.values["D_POSITION"] + one.values["D_LENGTH"] for one in project.items]
        return max([0.0, *ends, *(one.end or one.start for one in project.markers)])

    def GetPlayState(self) -> int:
        return self.host.active.play_state

    def GetPlayStateEx(self, project: Project) -> int:
        return self._project(project).play_state

    def GetSet_LoopTimeRange2(
        self, project: Any, is_set: bool, is_loop: bool, start: float, end: float, seek: bool
    ) -> tuple[float, float]:
        if is_set:
            self.host.careless("the script changed the user's time selection")
            self._project(project).time_selection = float(start), float(end)
        return self._project(project).time_selection

    def GetSet_LoopTimeRange(
        self, is_set: bool, is_loop: bool, start: float, end: float, seek: bool
    ) -> tuple[float, float]:
        return self.GetSet_LoopTimeRange2(self.host.active, is_set, is_loop, start, end, seek)

    def GetSetProjectGrid(
        self, project: Project, is_set: bool, division: float | None = None, swing: int | None = None,
        amount: float | None = None,
    ) -> tuple[int, float, int, float]:  # fmt: skip
        """Return (1, division as a fraction of a whole note, swing mode, swing amount)."""
        project = self._project(project)
        if is_set:
            new, old = (division, swing, amount), project.grid
            project.grid = tuple(one if one is not None else was for one, was in zip(new, old, strict=True))  # type: ignore[assignment]
        return (1, *project.grid)

    def SnapToGrid(self, project: Project, time: float) -> float:
        project = self._project(project)
        step = 4 * project.grid[0]
        return project.seconds(round(project.quarters(time)[0] / step) * step)

    def ValidatePtr(self, pointer: Any, kind: str) -> bool:
        return self.ValidatePtr2(self.host.active, pointer, kind)

    def ValidatePtr2(self, project: Project, pointer: Handle, kind: str) -> bool:
        if not isinstance(pointer, Handle) or pointer.kind + "*" != kind:
            return False
        if isinstance(pointer, Project):
            return pointer in self.host.projects
        project = self._project(project)
        return pointer.alive and (pointer is project.master or pointer in project.everything())

    def TimeMap_GetTimeSigAtTime(self, project: Project, time: float) -> tuple[int, int, float]:
        _, bpm, beats, _ = self._project(project).quarters(time)
        return beats, 4, bpm

    def TimeMap2_timeToQN(self, project: Project, time: float) -> float:
        return self._project(project).quarters(time)[0]

    def TimeMap2_QNToTime(self, project: Project, quarters: float) -> float:
        return self._project(project).seconds(quarters)

    def TimeMap_QNToTime(self, quarters: float) -> float:
        return self.host.active.seconds(quarters)

    def TimeMap_timeToQN(self, time: float) -> float:
        return self.host.active.quarters(time)[0]

    def Master_GetTempo(self) -> float:
        return self.host.active.tempo

    def CountTempoTimeSigMarkers(self, project: Project) -> int:
        return len(self._project(project).changes)

    def FindTempoTimeSigMarker(self, project: Project, time: float) -> int:
        """Return the index of the last tempo change at or before a time; -1 if there is none."""
        return len([start for start, *_ in self._project(project).changes if start <= time]) - 1

    def GetTempoTimeSigMarker(
        self, project: Project, index: int
    ) -> tuple[bool, float, int, float, float, int, int, bool]:
        """Return (found, time in s, measure, beat, BPM, beats per bar, beat's note value, linear)."""
        project = self._project(project)
        if not 0 <= index < len(project.changes):
            return False, 0.0, 0, 0.0, 0.0, 0, 0, False
        time, bpm, beats = project.changes[int(index)]
        return True, time, project.quarters(time)[3], 0.0, bpm, beats, 4, False

    def TimeMap2_timeToBeats(self, project: Project, time: float) -> tuple[float, int, int, float, int]:
        project = self._project(project)
        quarters, _, beats, bars = project.quarters(time)
        begin = project.quarters(project.time_of(bars, 0.0))[0]  # position of the last tempo change, in quarter notes
        measure = bars + int((quarters - begin) // beats)
        return (quarters - begin) % beats, measure, beats, quarters, 4

    def TimeMap2_beatsToTime(self, project: Project, beats: float, measure: int | None = None) -> float:
        return self._project(project).time_of(int(measure or 0), beats)

    def SelectProjectInstance(self, project: Project) -> None:
        if self.host.blocks:
            self.host.careless("the tab was changed inside an undo block")
        self.host.active = project

    def genGuid(self, _: str = "") -> str:
        return guid()
