"""The mock's native actions, by the command ID that REAPER's action list shows."""

from __future__ import annotations

from collections.abc import Callable

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Item, Project, Source, Track

NAMED = {"_SWSTL_SHOWEX": 54_001, "_SWS_SAVESEL": 54_002, "_SWS_RESTORESEL": 54_003}  # SWS's actions, by name
EXTENSIONS = ("_S&M_", "_SWS", "_XENAKIOS", "_BR_", "_FNG_", "_NF_", "_WOL_")  # how the names of SWS's actions begin
RIPPLE = {40309: 0, 40310: 1, 40311: 2}  # off, per track, all tracks


class Actions(Base):
    """Native actions; the comments name them as the action list does."""

    def native_action(self, command: int, project: Project) -> None:
        """Run a native action on a project."""
        self.host.careless(f"the scripts may not run the action {command}")
        if command == 0:  # what NamedCommandLookup returns for an unknown name
            return
        if command in RIPPLE:
            self.host.ripple = RIPPLE[command]
            return
        found = self._native_actions().get(int(command))
        if found is None:
            self.host.fail(f"the mock does not implement the action {command}")
        assert found is not None
        found(project)

    def _native_actions(self) -> dict[int, Callable[[Project], None]]:
        return {
            40006: self._remove_items,  # Item: Remove items
            40032: self._group_items,  # Item grouping: Group items
            40108: self._normalize,  # Item properties: Normalize items
            40142: self._insert_empty_item,  # Insert empty item
            40182: lambda project: self._select_items(project, True),  # Item: Select all items
            40289: lambda project: self._select_items(project, False),  # Item: Unselect (clear selection of) all items
            40296: lambda project: self._select_tracks(project, True),  # Track: Select all tracks
            40297: lambda project: self._select_tracks(
                project, False
            ),  # Track: Unselect (clear selection of) all tracks
            40612: self._end_at_source_end,  # Item: Set items length to source length
            40641: self._toggle_free_positioning,  # Track: Toggle free item positioning
            40914: self._touch_first_selected,  # Track: Set first selected track as last touched track
            41051: self._reverse_takes,  # Item properties: Toggle take reverse
            41726: self._toggle_metering,  # Track: Toggle full multichannel metering
            NAMED["_SWSTL_SHOWEX"]: self._show_only_selected,  # SWS: Show selected track(s), hide others
            NAMED["_SWS_SAVESEL"]: self._save_selection,  # SWS: Save current track selection
            NAMED["_SWS_RESTORESEL"]: self._restore_selection,  # SWS: Restore saved track selection
        }

    def ApplyNudge(
        self, project: Project, flag: int, what: int, unit: int, value: float, left: bool, copies: int
    ) -> bool:
        """Move (what 0) or duplicate (5) the selected items; units: 0 ms, 1 s, 21 the length of the selection."""
        if flag or what not in (0, 5) or unit not in (0, 1, 21):
            self.host.fail("the mock does not implement this ApplyNudge")
        project = self._project(project)
        self.host.must_be_in_block(project)
        chosen = self._chosen(project)
        ends = [one.values["D_POSITION"] + one.values["D_LENGTH"] for one in chosen]
        whole = max(ends, default=0.0) - min((one.values["D_POSITION"] for one in chosen), default=0.0)
        step = value * {0: 0.001, 1: 1.0, 21: whole}[int(unit)] * (-1 if left else 1)
        for item in chosen:
            if what == 0:
                item.values["D_POSITION"] += step
                continue
            item.selected = False
            for count in range(1, int(copies) + 1):
                made = self.host.copied(item)
                made.selected = True
                made.values["D_POSITION"] += step * count
                item.track.items.append(made)
        return True

    def CSurf_OnPlay(self) -> None:
        self.host.active.play_state = 1
        self.host.active.play_position = self.host.active.cursor

    def CSurf_OnStop(self) -> None:
        self.host.active.play_state = 0

    def _chosen(self, project: Project) -> list[Item]:
        return [item for item in project.items if item.selected]

    def _select_items(self, project: Project, selected: bool) -> None:
        for item in project.items:
            item.selected = selected

    def _select_tracks(self, project: Project, selected: bool) -> None:
        for track in project.tracks:
            track.values["I_SELECTED"] = float(selected)

    def _remove_items(self, project: Project) -> None:
        for item in self._chosen(project):
            self.host.DeleteTrackMediaItem(item.track, item)

    def _group_items(self, project: Project) -> None:
        number = 1 + max((one.values["I_GROUPID"] for one in project.items), default=0.0)
        for item in self._chosen(project):
            item.values["I_GROUPID"] = number

    def _insert_empty_item(self, project: Project) -> None:
        """Insert an empty item over the time selection on the last touched track."""
        start, end = project.time_selection
        track = self.host.GetLastTouchedTrack()
        if track and end > start:
            item = self.host.AddMediaItemToTrack(track)
            item.values |= {"D_POSITION": start, "D_LENGTH": end - start}

    def _end_at_source_end(self, project: Project) -> None:
        for item in self._chosen(project):
            take = item.take
            if take and take.source:
                left = take.source.info()[0] - take.values["D_STARTOFFS"]
                item.values["D_LENGTH"] = left / take.values["D_PLAYRATE"]

    def _normalize(self, project: Project) -> None:
        """Set the take volume so that the item's highest peak is at 0 dB."""
        for item in self._chosen(project):
            take = item.take
            if take and take.source:
                rate = take.source.info()[1]
                peak = abs(take.read(rate, 0.0, round(item.values["D_LENGTH"] * rate))).max()
                take.values["D_VOL"] = 1.0 / float(peak) if peak else take.values["D_VOL"]

    def _reverse_takes(self, project: Project) -> None:
        for item in self._chosen(project):
            take = item.take
            if take and take.source:
                old = take.source
                back = (
                    old.parent if old.reverse else Source(old.path, "SECTION", old, (0.0, old.info()[0]), reverse=True)
                )
                take.source = back

    def _selected(self, project: Project) -> list[Track]:
        return [track for track in project.tracks if track.values["I_SELECTED"]]

    def _touch_first_selected(self, project: Project) -> None:
        self.host.last_touched = next(iter(self._selected(project)), self.host.last_touched)

    def _toggle_free_positioning(self, project: Project) -> None:
        for track in self._selected(project):
            track.values["I_FREEMODE"] = 0.0 if track.values["I_FREEMODE"] == 1 else 1.0

    def _toggle_metering(self, project: Project) -> None:
        for track in self._selected(project):
            track.values["I_VUMODE"] = 0.0 if track.values["I_VUMODE"] == 2 else 2.0

    def _show_only_selected(self, project: Project) -> None:
        for track in project.tracks:
            shown = float(bool(track.values["I_SELECTED"]))
            track.values |= {"B_SHOWINTCP": shown, "B_SHOWINMIXER": shown}

    def _save_selection(self, project: Project) -> None:
        self.host.saved_tracks = self._selected(project)

    def _restore_selection(self, project: Project) -> None:
        for track in project.tracks:
            track.values["I_SELECTED"] = float(track in self.host.saved_tracks)
