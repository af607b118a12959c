"""The mock's REAPER functions that read or change a project, with the names and arguments listed in `api.tsv`."""

from __future__ import annotations

from tests.daws.reaper.functions_chunks import Chunks
from tests.daws.reaper.functions_envelopes import Envelopes
from tests.daws.reaper.functions_fx import Effects
from tests.daws.reaper.functions_items import Items
from tests.daws.reaper.functions_markers import Markers
from tests.daws.reaper.functions_projects import Projects
from tests.daws.reaper.functions_shortcuts import Shortcuts
from tests.daws.reaper.functions_sources import Sources
from tests.daws.reaper.functions_sws import Sws
from tests.daws.reaper.functions_takes import Takes
from tests.daws.reaper.functions_tracks import Tracks
from tests.daws.reaper.functions_undo import ActiveUndo, changed_kinds
from tests.daws.reaper.functions_view import View
from tests.daws.reaper.model import Project


class Changing(
    Items, Takes, Sources, Effects, Tracks, Envelopes, Markers, Projects, View, Chunks, ActiveUndo, Shortcuts, Sws
):
    """All of the functions above, and undo blocks; scripts may change a project only inside an undo block of it."""

    def Undo_BeginBlock2(self, project: Project) -> None:
        project = self._project(project)
        if self.host.blocks:
            self.host.careless("nested undo block inside an undo block")
        self.host.blocks.append((project, project.copied()))

    def Undo_EndBlock2(self, project: Project, name: str, flags: int) -> None:
        if not self.host.blocks or self.host.blocks[-1][0] is not self._project(project):
            self.host.careless("Undo_EndBlock2 without Undo_BeginBlock2")
            if not self.host.blocks:
                return
        if not name.strip():
            self.host.careless("an undo point without a name")
        project, before = self.host.blocks.pop()
        if self.host.blocks:  # the outer block makes the undo point
            return
        if changed_kinds(before, project.tracks) & ~int(flags):
            self.host.careless(f"the flags {int(flags)} of an undo point do not cover its changes")
        project.add_point(name, before)
        self.host.undo_flags.append((name, int(flags)))
        self.host.running.made_point = True

    def Undo_CanRedo2(self, project: Project) -> str | None:
        undone = self._project(project).undone
        return undone[-1] if undone else None

    def GetProjectStateChangeCount(self, project: Project) -> int:
        return self._project(project).edits

    def PreventUIRefresh(self, count: int) -> None:
        self.host.refresh += int(count)
