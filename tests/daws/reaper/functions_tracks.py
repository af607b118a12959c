"""The mock's REAPER functions about tracks."""

from __future__ import annotations

from typing import Any

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import SEND_KEYS, Project, Send, Track

USER_TEXTS = ("P_RAZOREDITS", "P_RAZOREDITS_EXT")


class Tracks(Base):
    """Functions about tracks."""

    # --- lists of tracks ---------------------------------------------------------------------------------------------

    def CountTracks(self, project: Project) -> int:
        return len(self._project(project).tracks)

    def GetNumTracks(self) -> int:
        return len(self.host.active.tracks)

    def GetTrack(self, project: Project, index: int) -> Track | None:
        return entry(self._project(project).tracks, index)  # type: ignore[no-any-return]

    def GetMasterTrack(self, project: Project) -> Track:
        return self._project(project).master

    def CSurf_TrackFromID(self, index: int, mixer: bool) -> Track | None:
        return self.host.active.master if index == 0 else self.GetTrack(self.host.active, index - 1)

    def _selected_tracks(self, project: Project, master: bool = False) -> list[Track]:
        project = self._project(project)
        tracks = [project.master, *project.tracks] if master else project.tracks
        return [track for track in tracks if track.values["I_SELECTED"]]

    def CountSelectedTracks(self, project: Project) -> int:
        return len(self._selected_tracks(project))

    def CountSelectedTracks2(self, project: Project, master: bool) -> int:
        return len(self._selected_tracks(project, master))

    def GetSelectedTrack(self, project: Project, index: int) -> Track | None:
        return entry(self._selected_tracks(project), index)  # type: ignore[no-any-return]

    def GetSelectedTrack2(self, project: Project, index: int, master: bool) -> Track | None:
        return entry(self._selected_tracks(project, master), index)  # type: ignore[no-any-return]

    def GetLastTouchedTrack(self) -> Track | None:
        return self.host.last_touched if self.host.last_touched in self.host.active.tracks else None

    def SetTrackSelected(self, track: Track, selected: bool) -> None:
        track.values["I_SELECTED"] = float(selected)

    def SetOnlyTrackSelected(self, track: Track | None) -> None:
        for one in (self.host.active.master, *self.host.active.tracks):
            one.values["I_SELECTED"] = float(one is track)

    def IsTrackSelected(self, track: Track) -> bool:
        return bool(track.values["I_SELECTED"])

    def IsTrackVisible(self, track: Track, mixer: bool) -> bool:
        return bool(track.values["B_SHOWINMIXER" if mixer else "B_SHOWINTCP"])

    def AnyTrackSolo(self, project: Project) -> bool:
        return any(track.values["I_SOLO"] for track in self._project(project).tracks)

    # --- making, moving and deleting ---------------------------------------------------------------------------------

    def InsertTrackInProject(self, project: Project, index: int, flags: int) -> None:
        self.host.must_be_in_block(self._project(project))
        self._project(project).tracks.insert(int(index), Track(self._project(project)))

    def InsertTrackAtIndex(self, index: int, defaults: bool) -> None:
        self.host.must_be_in_block(self.host.active)
        self.host.active.tracks.insert(int(index), Track(self.host.active))

    def DeleteTrack(self, track: Track) -> None:
        self.host.must_be_in_block(track.project)
        track.project.tracks.remove(track)
        for one in track.project.tracks:
            one.sends = [send for send in one.sends if send.target is not track]
        self.host.bury(track, *track.items)

    def ReorderSelectedTracks(self, before: int, make_previous_folder: int) -> bool:
        if make_previous_folder:
            self.host.fail("the mock does not implement ReorderSelectedTracks with folders")
        self.host.must_be_in_block(self.host.active)
        tracks = self.host.active.tracks
        moved = self._selected_tracks(self.host.active)
        rest = [track for track in tracks if track not in moved]
        place = len([track for track in tracks[: int(before)] if track not in moved])
        tracks[:] = [*rest[:place], *moved, *rest[place:]]
        return bool(moved)

    # --- folders -----------------------------------------------------------------------------------------------------

    def GetTrackDepth(self, track: Track) -> int:
        before = track.project.tracks[: track.project.tracks.index(track)]
        return max(0, int(sum(one.values["I_FOLDERDEPTH"] for one in before)))

    def GetParentTrack(self, track: Track) -> Track | None:
        return track.parent

    # --- values and texts --------------------------------------------------------------------------------------------

    def GetMediaTrackInfo_Value(self, track: Track, key: str) -> float:
        if key == "IP_TRACKNUMBER":
            return -1.0 if track is track.project.master else float(track.project.tracks.index(track) + 1)
        if key.startswith("C_LANEPLAYS:"):
            return float(track.plays(self._lane(track, key)))
        if key == "B_FREEMODE":  # the older name of I_FREEMODE = 1
            return float(track.values["I_FREEMODE"] == 1)
        if key == "P_PARTRACK":
            return self.GetParentTrack(track)  # type: ignore[return-value]
        return self._get(track.values, key)

    def SetMediaTrackInfo_Value(self, track: Track, key: str, value: float) -> bool:
        if key == "I_SELECTED":  # changing the selection needs no undo point
            track.values[key] = float(bool(value))
            return True
        if key == "B_FREEMODE":
            key = "I_FREEMODE"
        if key.startswith("C_LANEPLAYS:"):
            return self.set_lane_plays(track, self._lane(track, key), value)
        if key == "I_NUMFIXEDLANES" and not self.host.rules.lanes_can_be_added:
            return False
        return self._set(track.project, track.values, key, value)

    def set_lane_plays(self, track: Track, lane: int, value: float) -> bool:
        """Set how a lane plays; if it plays exclusively, the other lanes do not play."""
        self.host.must_be_in_block(track.project)
        if value == 1:
            track.lane_plays = dict.fromkeys(range(int(track.values["I_NUMFIXEDLANES"])), 0)
        track.lane_plays[lane] = int(value)
        return True

    def _lane(self, track: Track, key: str) -> int:
        lane = int(key.partition(":")[2])
        if not 0 <= lane < track.values["I_NUMFIXEDLANES"]:
            self.host.fail(f"the track has no lane {lane}")
        return lane

    def GetSetMediaTrackInfo_String(self, track: Track, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if key in USER_TEXTS:
            if is_set:
                self.host.careless("the script changed the user's razor edits")
                track.razor = value
            return True, track.razor
        return self._text(track, track.project, key, value, is_set)

    def GetTrackGUID(self, track: Track) -> str:
        return track.guid

    def GetTrackName(self, track: Track) -> tuple[bool, str]:
        if track is track.project.master:
            return True, "MASTER"
        return True, track.name or f"Track {track.project.tracks.index(track) + 1}"

    def GetTrackColor(self, track: Track) -> int:
        return int(track.values["I_CUSTOMCOLOR"])

    def SetTrackColor(self, track: Track, color: int) -> None:
        self.host.must_be_in_block(track.project)
        track.values["I_CUSTOMCOLOR"] = float(int(color) | 0x1000000)

    def UpdateItemLanes(self, project: Project) -> bool:
        for track in self._project(project).tracks:
            if track.values["I_FREEMODE"] != 2:
                continue
            lanes = [item.values["I_FIXEDLANE"] + 1 for item in track.items]
            track.values["I_NUMFIXEDLANES"] = max([1.0, *lanes])
            track.lane_plays = {lane: plays for lane, plays in track.lane_plays.items() if lane < max([1, *lanes])}
        return True

    # --- sends and groups --------------------------------------------------------------------------------------------

    def CreateTrackSend(self, track: Track, target: Track | None) -> int:
        if target is None:
            self.host.fail("the mock does not implement hardware outputs")
        assert target is not None
        self.host.must_be_in_block(track.project)
        track.sends.append(Send(target, dict(SEND_KEYS)))
        return len(track.sends) - 1

    def GetTrackNumSends(self, track: Track, category: int) -> int:
        if category < 0:
            return len([send for one in track.project.tracks for send in one.sends if send.target is track])
        return len(track.sends) if category == 0 else 0

    def _send(self, track: Track, category: int, index: int) -> Any:
        if category != 0:
            self.host.fail("the mock only implements sends, category 0")
        return entry(track.sends, index) or self.host.fail(f"no send {index}")

    def GetTrackSendInfo_Value(self, track: Track, category: int, index: int, key: str) -> float:
        return self._get(self._send(track, category, index).values, key)

    def SetTrackSendInfo_Value(self, track: Track, category: int, index: int, key: str, value: float) -> bool:
        return self._set(track.project, self._send(track, category, index).values, key, value)

    def RemoveTrackSend(self, track: Track, category: int, index: int) -> bool:
        self.host.must_be_in_block(track.project)
        track.sends.remove(self._send(track, category, index))
        return True

    def _membership(self, track: Track, group: str, half: int, mask: int, bits: int) -> int:
        state = track.groups.setdefault(group, [0, 0])
        state[half] = state[half] & ~int(mask) | int(bits) & int(mask)
        return state[half]

    def GetSetTrackGroupMembership(self, track: Track, group: str, mask: int, bits: int) -> int:
        return self._membership(track, group, 0, mask, bits)

    def GetSetTrackGroupMembershipHigh(self, track: Track, group: str, mask: int, bits: int) -> int:
        return self._membership(track, group, 1, mask, bits)
