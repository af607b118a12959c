"""The mock's REAPER functions about what the user sees: cursors, the arrange view, colors, times and hints."""

from __future__ import annotations

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Project, Track

VIEW_WIDTH = 1200  # width of the arrange view in pixels; its left edge is that of the screen


class View(Base):
    """Functions about the cursors, the view, colors, and texts outside windows."""

    # --- cursors and view --------------------------------------------------------------------------------------------

    def GetCursorPosition(self) -> float:
        return self.host.active.cursor

    def GetCursorPositionEx(self, project: Project) -> float:
        return self._project(project).cursor

    def SetEditCurPos(self, time: float, move_view: bool, seek_play: bool) -> None:
        self.host.active.cursor = max(0.0, float(time))

    def SetEditCurPos2(self, project: Project, time: float, move_view: bool, seek_play: bool) -> None:
        self._project(project).cursor = max(0.0, float(time))

    def MoveEditCursor(self, by: float, select: bool) -> None:
        self.host.active.cursor = max(0.0, self.host.active.cursor + float(by))

    def GetPlayPosition(self) -> float:
        return self.host.active.play_position

    def GetPlayPosition2(self) -> float:
        return self.host.active.play_position

    def GetPlayPositionEx(self, project: Project) -> float:
        return self._project(project).play_position

    def GetSet_ArrangeView2(
        self,
        project: Project,
        is_set: bool,
        left: int,
        right: int,
        start: float | None = None,
        end: float | None = None,
    ) -> tuple[float, float]:
        """Return the visible range, or (unless both are 0) the times at two places on the screen, in pixels."""
        project = self._project(project)
        if is_set and start is not None and end is not None:
            project.view = float(start), float(end)
        if left == right == 0:
            return project.view
        per_pixel = (project.view[1] - project.view[0]) / VIEW_WIDTH
        return project.view[0] + left * per_pixel, project.view[0] + right * per_pixel

    def SetMixerScroll(self, track: Track) -> Track:
        return track

    def TrackList_AdjustWindows(self, minor: bool) -> None:
        self.host.updates += 1

    def TrackList_UpdateAllExternalSurfaces(self) -> None:
        self.host.updates += 1

    def CSurf_SetTrackListChange(self) -> None:
        self.host.updates += 1

    def UpdateArrange(self) -> None:
        self.host.updates += 1

    def UpdateTimeline(self) -> None:
        self.host.updates += 1

    def ThemeLayout_RefreshAll(self) -> None:
        self.host.updates += 1

    # --- colors ------------------------------------------------------------------------------------------------------

    def ColorToNative(self, red: int, green: int, blue: int) -> int:
        """Return a color as the system orders its bytes: red first on Windows, blue first elsewhere."""
        first, last = (red, blue) if self.host.paths.is_windows else (blue, red)
        return int(first) | int(green) << 8 | int(last) << 16

    def ColorFromNative(self, color: int) -> tuple[int, int, int]:
        first, green, last = int(color) & 255, int(color) >> 8 & 255, int(color) >> 16 & 255
        return (first, green, last) if self.host.paths.is_windows else (last, green, first)

    def GR_SelectColor(self, window: object) -> tuple[int, int]:
        """Return (whether the user chose a color, the color)."""
        answer = self.host.answers.pop(0) if self.host.answers else None
        return int(answer is not None), int(answer or 0)

    # --- texts outside windows ---------------------------------------------------------------------------------------

    def Help_Set(self, text: str, temporary: bool) -> None:
        """Show a text in the main window's status area."""
        self.host.helped.append(text)

    def TrackCtl_SetToolTip(self, text: str, x: int, y: int, topmost: bool) -> None:
        """Show a tooltip at a place on the screen; an empty text removes it."""
        if "%" in text:
            self.host.careless("the tooltip's text is a format")
        self.host.tooltips.append(text)

    # --- time as text ------------------------------------------------------------------------------------------------

    def format_timestr(self, time: float, _: str) -> str:
        """Return minutes, seconds and milliseconds: 83.5 → 1:23.500."""
        minutes, seconds = divmod(abs(time), 60)
        return f"{'-' if time < 0 else ''}{int(minutes)}:{seconds:06.3f}"

    def format_timestr_pos(self, time: float, buffer: str, mode: int) -> str:
        """Return a project time; only the modes 0 (minutes and seconds) and 3 (seconds) are implemented."""
        if mode not in (0, 3):
            self.host.fail(f"the mock does not implement mode {mode} of format_timestr_pos")
        return self.format_timestr(time, "") if mode == 0 else f"{time:.3f}"

    def parse_timestr(self, text: str) -> float:
        seconds = 0.0
        for part in text.lstrip("-").split(":"):
            seconds = seconds * 60 + (float(part) if part else 0.0)
        return -seconds if text.startswith("-") else seconds

    def parse_timestr_pos(self, text: str, mode: int) -> float:
        """Return a project time; only the modes -1, 0 (minutes and seconds), 1 (measures) and 3 (seconds) are known."""
        if mode not in (-1, 0, 1, 3):
            self.host.fail(f"the mock does not implement mode {mode} of parse_timestr_pos")
        if mode != 1:
            return self.parse_timestr(text)
        measure, beat = [*(int(part) if part.isdigit() else 1 for part in text.split(".")), 1][:2]
        return self.host.active.time_of(measure - 1, beat - 1)
