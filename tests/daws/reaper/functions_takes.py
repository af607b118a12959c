"""The mock's REAPER functions about takes."""

from __future__ import annotations

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Item, Project, Take, Track


class Takes(Base):
    """Functions about takes, their stretch markers and take markers."""

    def GetActiveTake(self, item: Item) -> Take | None:
        return item.take

    def CountTakes(self, item: Item) -> int:
        return len(item.takes)

    def GetMediaItemNumTakes(self, item: Item) -> int:
        return len(item.takes)

    def GetTake(self, item: Item, index: int) -> Take | None:
        return entry(item.takes, index)  # type: ignore[no-any-return]

    def GetMediaItemTake(self, item: Item, index: int) -> Take | None:
        return item.take if index == -1 else self.GetTake(item, index)

    def GetMediaItemTakeByGUID(self, project: Project, guid: str) -> Take | None:
        found = (take for item in self._project(project).items for take in item.takes if take.guid == guid)
        return next(found, None)

    def GetMediaItemTake_Item(self, take: Take) -> Item:
        return take.item

    def GetMediaItemTake_Track(self, take: Take) -> Track:
        return take.item.track

    def TakeIsMIDI(self, take: Take) -> bool:
        return take.midi

    def AddTakeToMediaItem(self, item: Item) -> Take:
        self.host.must_be_in_block(item.track.project)
        item.takes.append(Take(item))
        return item.takes[-1]

    def SetActiveTake(self, take: Take) -> None:
        self.host.must_be_in_block(take.item.track.project)
        take.item.active = take.item.takes.index(take)

    def GetTakeName(self, take: Take) -> str:
        return take.name

    def GetMediaItemTakeInfo_Value(self, take: Take, key: str) -> float:
        if key == "IP_TAKENUMBER":
            return float(take.item.takes.index(take))
        return self._get(take.values, key)

    def SetMediaItemTakeInfo_Value(self, take: Take, key: str, value: float) -> bool:
        return self._set(take.item.track.project, take.values, key, value)

    def GetSetMediaItemTakeInfo_String(self, take: Take, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        return self._text(take, take.item.track.project, key, value, is_set)

    def GetTakeNumStretchMarkers(self, take: Take) -> int:
        return take.stretch_markers

    # --- take markers ------------------------------------------------------------------------------------------------

    def GetNumTakeMarkers(self, take: Take) -> int:
        return len(take.markers)

    def GetTakeMarker(self, take: Take, index: int) -> tuple[float, str, int]:
        return entry(take.markers, index) or (-1.0, "", 0)

    def SetTakeMarker(self, take: Take, index: int, name: str, time: float | None = None, color: int = 0) -> int:
        """Change or (index -1) add a take marker; the markers stay sorted by time."""
        self.host.must_be_in_block(take.item.track.project)
        old = entry(take.markers, index)
        if index >= 0 and old is None:
            return -1
        if old:
            take.markers.remove(old)
        at = time if time is not None else old[0] if old else 0.0
        made = (float(at), name, int(color or (old[2] if old else 0)))
        take.markers = sorted([*take.markers, made])
        return take.markers.index(made)

    def DeleteTakeMarker(self, take: Take, index: int) -> bool:
        self.host.must_be_in_block(take.item.track.project)
        if entry(take.markers, index) is None:
            return False
        del take.markers[int(index)]
        return True
