"""The mock's older REAPER functions about undo points, which act on the active project."""

from __future__ import annotations

from collections.abc import Callable

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Item, Project, Take, Track

UNDO_TRACKS, UNDO_ITEMS = 1, 4  # flags of Undo_EndBlock2


def changed_kinds(before: list[Track], after: list[Track]) -> int:
    """Return which kinds of objects differ, as flags of Undo_EndBlock2. A selection is not part of an undo point."""

    def of_track(one: Track) -> object:
        return one.guid, one.name, {**one.values, "I_SELECTED": 0.0}, one.texts

    def of_take(one: Take) -> object:
        return one.guid, one.name, one.values, one.texts, one.source and one.source.path

    def of_item(one: Item) -> object:
        return one.track.guid, one.guid, one.values, one.texts, one.active, [of_take(take) for take in one.takes]

    def differ(of: Callable[[list[Track]], object]) -> bool:
        return of(before) != of(after)

    tracks = differ(lambda all_tracks: [of_track(one) for one in all_tracks])
    items = differ(lambda all_tracks: [of_item(item) for one in all_tracks for item in one.items])
    return tracks * UNDO_TRACKS | items * UNDO_ITEMS


class ActiveUndo(Base):
    """Undo functions that scripts by others use; `Undo_BeginBlock2` and `Undo_EndBlock2` do their work."""

    def Undo_BeginBlock(self) -> None:
        self.host.Undo_BeginBlock2(self.host.active)

    def Undo_EndBlock(self, name: str, flags: int) -> None:
        self.host.Undo_EndBlock2(self.host.active, name, flags)

    def Undo_OnStateChangeEx2(self, project: Project, name: str, flags: int, track: int) -> None:
        """Add an undo point after the change; the state before is that of the last undo point."""
        project = self._project(project)
        self.host.careless("Undo_OnStateChange instead of an undo block")
        before = self.host.at_start.get(project, project.tracks)
        project.add_point(name, before)
        self.host.at_start[project] = project.copied()
        self.host.running.made_point = True

    def Undo_OnStateChangeEx(self, name: str, flags: int, track: int) -> None:
        self.Undo_OnStateChangeEx2(self.host.active, name, flags, track)

    def Undo_OnStateChange2(self, project: Project, name: str) -> None:
        self.Undo_OnStateChangeEx2(project, name, -1, -1)

    def Undo_OnStateChange(self, name: str) -> None:
        self.Undo_OnStateChangeEx2(self.host.active, name, -1, -1)

    def Undo_OnStateChange_Item(self, project: Project, name: str, item: Item) -> None:
        self.Undo_OnStateChangeEx2(project, name, 4, -1)

    def Undo_CanUndo2(self, project: Project) -> str | None:
        history = self._project(project).history
        return history[-1][0] if history else None

    def Undo_DoUndo2(self, project: Project) -> int:
        project = self._project(project)
        if not project.history:
            return 0
        self.host.undo(project)
        return 1
