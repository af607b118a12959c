"""The mock's REAPER functions about the markers and regions of a project."""

from __future__ import annotations

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Marker, Project


class Markers(Base):
    """Functions about markers and regions; REAPER lists both together, sorted by their start."""

    def _markers(self, project: Project) -> list[Marker]:
        return sorted(self._project(project).markers, key=lambda one: one.start)

    def CountProjectMarkers(self, project: Project) -> tuple[int, int, int]:
        found = self._markers(project)
        regions = len([one for one in found if one.end is not None])
        return len(found), len(found) - regions, regions

    def GetNumRegionsOrMarkers(self, project: Project) -> int:
        return len(self._markers(project))

    def EnumProjectMarkers3(self, project: Project, index: int) -> tuple[int, bool, float, float, str, int, int]:
        """Return (next index or 0, is a region, start, end, name, number, color)."""
        found = entry(self._markers(project), index)
        if found is None:
            return 0, False, 0.0, 0.0, "", 0, 0
        is_region = found.end is not None
        return int(index) + 1, is_region, found.start, found.end or 0.0, found.name, found.number, found.color

    def EnumProjectMarkers2(self, project: Project, index: int) -> tuple[int, bool, float, float, str, int]:
        return self.EnumProjectMarkers3(project, index)[:6]

    def EnumProjectMarkers(self, index: int) -> tuple[int, bool, float, float, str, int]:
        return self.EnumProjectMarkers2(self.host.active, index)

    def GetLastMarkerAndCurRegion(self, project: Project, time: float) -> tuple[int, int]:
        """Return the indexes of the last marker at or before a time, and of the region around it; -1 for none."""
        marker = region = -1
        for index, one in enumerate(self._markers(project)):
            if one.end is None and one.start <= time:
                marker = index
            if one.end is not None and one.start <= time < one.end:
                region = index
        return marker, region

    def AddProjectMarker2(
        self, project: Project, region: bool, start: float, end: float, name: str, wanted: int, color: int
    ) -> int:
        """Add a marker or region; the number is the wanted one, or the lowest free one if that is taken or -1."""
        project = self._project(project)
        self.host.must_be_in_block(project)
        taken = {one.number for one in project.markers if (one.end is not None) == region}
        free = next(number for number in range(1, len(taken) + 2) if number not in taken)
        number = int(wanted) if wanted >= 0 and wanted not in taken else free
        project.markers.append(Marker(number, name, float(start), float(end) if region else None, int(color)))
        return number

    def AddProjectMarker(self, project: Project, region: bool, start: float, end: float, name: str, wanted: int) -> int:
        return self.AddProjectMarker2(project, region, start, end, name, wanted, 0)

    def DeleteProjectMarker(self, project: Project, number: int, region: bool) -> bool:
        project = self._project(project)
        self.host.must_be_in_block(project)
        found = [one for one in project.markers if one.number == number and (one.end is not None) == region]
        project.markers = [one for one in project.markers if one not in found[:1]]
        return bool(found)

    def DeleteProjectMarkerByIndex(self, project: Project, index: int) -> bool:
        found = entry(self._markers(project), index)
        self.host.must_be_in_block(self._project(project))
        if found is not None:
            self._project(project).markers.remove(found)
        return found is not None

    def SetProjectMarker3(
        self, project: Project, number: int, region: bool, start: float, end: float, name: str, color: int
    ) -> bool:
        self.host.must_be_in_block(self._project(project))
        for one in self._markers(project):
            if one.number == number and (one.end is not None) == region:
                one.start, one.end, one.name = float(start), float(end) if region else None, name
                one.color = int(color) or one.color
                return True
        return False

    def SetProjectMarker(self, number: int, region: bool, start: float, end: float, name: str) -> bool:
        return self.SetProjectMarker3(self.host.active, number, region, start, end, name, 0)
