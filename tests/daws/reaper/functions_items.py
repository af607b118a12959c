"""The mock's REAPER functions about media items."""

from __future__ import annotations

import copy

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Item, Project, Take, Track, guid


class Items(Base):
    """Functions about media items."""

    # --- lists of items ----------------------------------------------------------------------------------------------

    def GetTrackNumMediaItems(self, track: Track) -> int:
        return len(track.items)

    def CountTrackMediaItems(self, track: Track) -> int:
        return len(track.items)

    def GetTrackMediaItem(self, track: Track, index: int) -> Item | None:
        return entry(track.in_order, index)  # type: ignore[no-any-return]

    def CountMediaItems(self, project: Project) -> int:
        return len(self._project(project).items)

    def GetMediaItem(self, project: Project, index: int) -> Item | None:
        return entry(self._project(project).items, index)  # type: ignore[no-any-return]

    def CountSelectedMediaItems(self, project: Project) -> int:
        return len([item for item in self._project(project).items if item.selected])

    def GetSelectedMediaItem(self, project: Project, index: int) -> Item | None:
        return entry([item for item in self._project(project).items if item.selected], index)  # type: ignore[no-any-return]

    def GetItemFromPoint(self, x: int, y: int, locked: bool) -> tuple[Item | None, Take | None]:
        item = self.host.item_under_mouse
        if item is None or (item.values["C_LOCK"] and not locked):
            return None, None
        return item, item.take

    def SetMediaItemSelected(self, item: Item, selected: bool) -> None:
        item.selected = selected

    def IsMediaItemSelected(self, item: Item) -> bool:
        return item.selected

    def SelectAllMediaItems(self, project: Project, selected: bool) -> None:
        for item in self._project(project).items:
            item.selected = selected

    # --- making, moving and deleting ---------------------------------------------------------------------------------

    def AddMediaItemToTrack(self, track: Track) -> Item:
        self.host.must_be_in_block(track.project)
        track.items.append(Item(track))
        return track.items[-1]

    def DeleteTrackMediaItem(self, track: Track, item: Item) -> bool:
        self.host.must_be_in_block(track.project)
        if item not in track.items:
            return False
        track.items.remove(item)
        self.host.bury(item, *item.takes)
        return True

    def MoveMediaItemToTrack(self, item: Item, track: Track) -> bool:
        self.host.must_be_in_block(track.project)
        if item.track is track:
            return False
        item.track.items.remove(item)
        track.items.append(item)
        item.track = track
        return True

    def SplitMediaItem(self, item: Item, position: float) -> Item | None:
        """Split an item; the new, right item keeps the selection, the lane and the fade-out of the old item."""
        self.host.must_be_in_block(item.track.project)
        start, length = item.values["D_POSITION"], item.values["D_LENGTH"]
        if not start < position < start + length:
            return None
        right = self.copied(item)
        right.values |= {"D_POSITION": position, "D_LENGTH": start + length - position, "D_FADEINLEN": 0.0}
        item.values |= {"D_LENGTH": position - start, "D_FADEOUTLEN": 0.0}
        for take in right.takes:
            take.values["D_STARTOFFS"] += (position - start) * take.values["D_PLAYRATE"]
        item.track.items.append(right)
        return right

    def copied(self, item: Item) -> Item:
        """Return a copy of an item with new GUIDs, which is on no track."""
        shared = [item.track, *(take.source for take in item.takes if take.source)]
        made = copy.deepcopy(item, {id(one): one for one in shared})
        for thing in (made, *made.takes):
            thing.guid = guid()
        return made

    # --- values and texts --------------------------------------------------------------------------------------------

    def GetMediaItem_Track(self, item: Item) -> Track:
        return item.track

    def GetMediaItemTrack(self, item: Item) -> Track:
        return item.track

    def GetItemProjectContext(self, item: Item) -> Project:
        return item.track.project

    def GetMediaItemInfo_Value(self, item: Item, key: str) -> float:
        match key:
            case "B_UISEL":
                return float(item.selected)
            case "I_CURTAKE":
                return float(item.active)
            case "C_LANEPLAYS":
                return float(item.track.plays(int(item.values["I_FIXEDLANE"])))
            case "IP_ITEMNUMBER":
                return float(item.track.in_order.index(item))
            case "F_FREEMODE_Y" | "F_FREEMODE_H" if item.track.values["I_FREEMODE"] == 2:  # fixed lanes
                height = 1.0 / item.track.values["I_NUMFIXEDLANES"]
                return height * (item.values["I_FIXEDLANE"] if key == "F_FREEMODE_Y" else 1.0)
            case "P_TRACK":
                return item.track  # type: ignore[return-value]
            case "B_MUTE_ACTUAL":
                return item.values["B_MUTE"]
            case _:
                return self._get(item.values, key)

    def SetMediaItemInfo_Value(self, item: Item, key: str, value: float) -> bool:
        if key == "B_UISEL":  # changing the selection needs no undo point
            item.selected = bool(value)
            return True
        if key == "I_CURTAKE":
            self.host.must_be_in_block(item.track.project)
            if not 0 <= value < max(1, len(item.takes)):
                return False
            item.active = int(value)
            return True
        if key == "B_MUTE":  # clears the item's solo state
            self._set(item.track.project, item.values, "C_MUTE_SOLO", 0.0)
        if key == "IP_ITEMNUMBER":
            self.host.fail("IP_ITEMNUMBER is read-only")
        if key == "C_LANEPLAYS":
            return self.host.set_lane_plays(item.track, int(item.values["I_FIXEDLANE"]), value)
        if key == "I_FIXEDLANE" and self.host.rules.lanes_must_exist:
            value = min(value, item.track.values["I_NUMFIXEDLANES"] - 1)
        return self._set(item.track.project, item.values, key, value)

    def SetMediaItemPosition(self, item: Item, position: float, refresh: bool) -> bool:
        return self._set(item.track.project, item.values, "D_POSITION", position)

    def SetMediaItemLength(self, item: Item, length: float, refresh: bool) -> bool:
        return self._set(item.track.project, item.values, "D_LENGTH", length)

    def GetSetMediaItemInfo_String(self, item: Item, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        return self._text(item, item.track.project, key, value, is_set)

    def GetDisplayedMediaItemColor(self, item: Item) -> int:
        """Return the color of the item, or else of its track; 0 if neither has one."""
        return int(item.values["I_CUSTOMCOLOR"] or item.track.values["I_CUSTOMCOLOR"])

    def UpdateItemInProject(self, item: Item) -> None:
        self.host.updates += 1
