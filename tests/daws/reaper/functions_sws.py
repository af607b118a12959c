"""The mock's functions of the extension SWS that scripts by others use."""

from __future__ import annotations

import numpy as np

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Item, Project, Take, Track

SILENCE_DB = -150.0


class Sws(Base):
    """Functions of SWS, with the names and arguments listed in `sws.tsv`."""

    def ULT_GetMediaItemNote(self, item: Item) -> str:
        return item.texts.get("P_NOTES", "")

    def ULT_SetMediaItemNote(self, item: Item, note: str) -> None:
        self.host.must_be_in_block(item.track.project)
        item.texts["P_NOTES"] = note

    # --- GUIDs -------------------------------------------------------------------------------------------------------

    def BR_GetMediaItemGUID(self, item: Item) -> str:
        return item.guid

    def BR_GetMediaItemByGUID(self, project: Project, guid: str) -> Item | None:
        return next((item for item in self._project(project).items if item.guid == guid), None)

    def BR_GetMediaTrackByGUID(self, project: Project, guid: str) -> Track | None:
        return next((track for track in self._project(project).tracks if track.guid == guid), None)

    # --- the mouse ---------------------------------------------------------------------------------------------------

    def BR_ItemAtMouseCursor(self) -> tuple[Item | None, float]:
        return self.host.item_under_mouse, self.host.time_under_mouse

    def BR_GetMouseCursorContext(self) -> tuple[str, str, str]:
        item = self.host.item_under_mouse
        return ("arrange", "track", "item") if item else ("arrange", "empty", "")

    def BR_GetMouseCursorContext_Item(self) -> Item | None:
        return self.host.item_under_mouse

    def BR_GetMouseCursorContext_Take(self) -> Take | None:
        item = self.host.item_under_mouse
        return item.take if item else None

    def BR_GetMouseCursorContext_Track(self) -> Track | None:
        item = self.host.item_under_mouse
        return item.track if item else None

    def BR_GetMouseCursorContext_Position(self) -> float:
        return self.host.time_under_mouse

    def BR_PositionAtMouseCursor(self, check_ruler: bool) -> float:
        return self.host.time_under_mouse

    def BR_TrackAtMouseCursor(self) -> tuple[Track | None, int, float]:
        item = self.host.item_under_mouse
        return (item.track, 2, self.host.time_under_mouse) if item else (None, -1, -1.0)

    # --- loudness ----------------------------------------------------------------------------------------------------

    def NF_GetMediaItemAverageRMS(self, item: Item) -> float:
        take = item.take
        assert take is not None
        assert take.source is not None
        _, rate, _ = take.source.info()
        sound = take.read(rate, 0.0, round(item.values["D_LENGTH"] * rate))
        level = float(np.sqrt(np.mean(np.square(sound)))) * item.values["D_VOL"] * abs(take.values["D_VOL"])
        return 20 * float(np.log10(level)) if level > 0 else SILENCE_DB

    def NF_GetMediaItemMaxPeak(self, item: Item) -> float:
        take = item.take
        assert take is not None
        assert take.source is not None
        _, rate, _ = take.source.info()
        sound = take.read(rate, 0.0, round(item.values["D_LENGTH"] * rate))
        level = float(np.max(np.abs(sound))) * item.values["D_VOL"] * abs(take.values["D_VOL"])
        return 20 * float(np.log10(level)) if level > 0 else SILENCE_DB
