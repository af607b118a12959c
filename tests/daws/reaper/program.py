"""The mock's REAPER functions outside projects: scripts, actions, settings, boxes, files and rendering."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile

from tests.daws.reaper.functions import Changing
from tests.daws.reaper.model import Project
from tests.daws.reaper.table import available, toolkit

if TYPE_CHECKING:
    pass

RENDER_NOW = 42230
RENDER_DEFAULTS: dict[str, float | str] = {
    **dict.fromkeys(["RENDER_SETTINGS", "RENDER_BOUNDSFLAG", "RENDER_STARTPOS", "RENDER_ENDPOS", "RENDER_SRATE"], 0.0),
    **dict.fromkeys(["RENDER_TAILFLAG", "RENDER_ADDTOPROJ", "RENDER_DITHER", "RENDER_NORMALIZE"], 1.0),
    "RENDER_CHANNELS": 2.0,
    "RENDER_TAILMS": 1000.0,
    "RENDER_FILE": "my renders",
    "RENDER_PATTERN": "$project",
    "RENDER_FORMAT": "ZXZhdw==",
    "RENDER_FORMAT2": "",
}


APP = {"Win64": "x64", "macOS-arm64": "macOS-arm64"}  # system → suffix of the result of GetAppVersion


class Program(Changing):
    """All of the mock's REAPER functions that scripts can call."""

    # --- functions about REAPER itself -------------------------------------------------------------------------------

    def defer(self, function: Any) -> bool:
        self.host.running.deferred.append(function)
        return True

    def atexit(self, function: Any) -> bool:
        self.host.running.at_exit.append(function)
        return True

    def set_action_options(self, flag: int) -> None:
        self.host.running.options = int(flag)

    def get_action_context(self) -> tuple[Any, ...]:
        return (
            False,
            self.host.paths.shown(self.host.running.path),
            0,
            self._command(self.host.running.path),
            *self.host.controller,
        )

    def time_precise(self) -> float:
        self.host.clock += 5e-5
        return self.host.clock

    def GetAppVersion(self) -> str:
        return f"{self.host.version}/{APP.get(self.host.system, 'linux-x86_64')}"

    def GetOS(self) -> str:
        return self.host.system

    def APIExists(self, name: str) -> bool:
        return available(name, self.host.version) or (self.host.gui is not None and name in toolkit())

    def GetResourcePath(self) -> str:
        return self.host.paths.shown(self.host.resources)

    def GetExtState(self, section: str, key: str) -> str:
        return self.host.ext.get((section, key), self.host.kept.get((section, key), ""))

    def SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        if persist and "\n" in value:
            self.host.fail("a line break in a value of the ini file")
        (self.host.kept if persist else self.host.ext)[section, key] = value

    def DeleteExtState(self, section: str, key: str, persist: bool) -> None:
        self.host.ext.pop((section, key), None)
        if persist:
            self.host.kept.pop((section, key), None)

    def SetToggleCommandState(self, section: int, command: int, state: int) -> bool:
        self.host.toggles[int(command)] = int(state)
        return True

    def RefreshToolbar2(self, section: int, command: int) -> None:
        if command not in self.host.toggles:
            self.host.fail("a button was redrawn but not changed")

    def file_exists(self, path: str) -> bool:
        return Path(self.host.paths.real(path)).is_file()

    def GetMousePosition(self) -> tuple[int, int]:
        return 100, 100

    def show_menu(self, text: str) -> int:
        """Return the number of the user's choice in gfx.showmenu, counted from 1; 0 for none."""
        self.host.menus.append(text)
        return int(self.host.answers.pop(0))

    def MB(self, text: str, title: str, kind: int) -> int:
        self.host.boxes.append(text)
        if self.host.gui:
            self.host.gui.box_was_open()
        if kind == 3:
            return {True: 6, False: 7, None: 2}[self.host.answers.pop(0)]
        return 1 if kind == 0 or (self.host.answers.pop(0) if self.host.answers else True) else 2

    def GetUserInputs(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        head = captions.split(",extrawidth", maxsplit=1)[0]
        if len(head.split(",")) != count or len(values.split("\n")) != count or count > 16:
            self.host.fail("the input box has different numbers of captions, values and fields")
        self.host.asked.append((captions, values))
        self.host.titles.append(title)
        answer = self.host.answers.pop(0) if self.host.answers else values
        return answer is not None, answer or ""

    def ShowConsoleMsg(self, text: str) -> None:
        if self.host.running.told_console:
            self.host.fail("ShowConsoleMsg takes the focus: once per run")
        self.host.running.told_console = True
        self.host.console.append(text)

    def ExecProcess(self, command: str, timeout: int) -> str:
        if timeout >= 0:
            self.host.fail("ExecProcess blocks REAPER")
        self.host.executed.append(command)
        self.host.on_exec(command)
        return "0\n"

    def RecursiveCreateDirectory(self, path: str, _: int) -> int:
        Path(self.host.paths.real(path)).mkdir(parents=True, exist_ok=True)
        return 1

    def EnumerateFiles(self, path: str, index: int) -> str | None:
        folder = self.host.paths.real(path)
        names = sorted(one.name for one in os.scandir(folder) if one.is_file()) if Path(folder).is_dir() else []
        return names[int(index)] if 0 <= index < len(names) else None

    # --- actions and rendering ---------------------------------------------------------------------------------------

    def _command(self, path: Path) -> int:
        return next((known for known, one in self.host.registered.items() if one == path), -1)

    def AddRemoveReaScript(self, add: bool, section: int, path: str, commit: bool) -> int:
        file = Path(self.host.paths.real(path))
        known = self._command(file)
        if not add:
            self.host.registered.pop(known, None)
            return 1
        if known < 0:
            known = 53_000 + len(self.host.registered)
            self.host.registered[known] = file
        return known

    def ReverseNamedCommandLookup(self, command: int) -> str | None:
        return f"RS{int(command):040d}" if command in self.host.registered else None

    def NamedCommandLookup(self, name: str) -> int:
        digits = name.removeprefix("_RS")
        return int(digits) if digits.isdigit() and int(digits) in self.host.registered else 0

    def Main_OnCommandEx(self, command: int, flag: int, project: Project) -> None:
        if command in self.host.registered and self.host.registered[int(command)].suffix == ".eel":
            self.host.rung.append(self.GetExtState("ace-bridge", "bell_port"))
        elif command in self.host.registered:
            self.host.run(self.host.registered[int(command)])
        elif command == RENDER_NOW:
            self._render(project)
        else:
            self.host.fail(f"the scripts may not run the action {command}")

    def GetSetProjectInfo(self, project: Project, key: str, value: float, is_set: bool) -> float:
        if key in ("PROJECT_SRATE_USE", "PROJECT_SRATE") and not is_set:
            rate = self._project(project).rate
            return float(rate is not None) if key.endswith("USE") else float(rate or 44_100)
        return float(self._render_setting(project, key, value, is_set))

    def GetSetProjectInfo_String(self, project: Project, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if key == "RENDER_TARGETS" and not is_set:
            render = self._project(project).render
            slash = "\\" if self.host.paths.is_windows else "/"
            return True, f"{render['RENDER_FILE']}{slash}{render['RENDER_PATTERN']}.wav"
        return True, str(self._render_setting(project, key, value, is_set))

    def _render_setting(self, project: Project, key: str, value: Any, is_set: bool) -> Any:
        render = self._project(project).render
        if key not in RENDER_DEFAULTS:
            self.host.fail(f"unknown project setting {key}")
        if is_set:
            render[key] = value
        return render[key]

    def _render(self, project: Project) -> None:
        """Render the selected item to a file; enabled take effects halve the level."""
        settings = dict(project.render)
        self.host.rendered.append(settings)
        if settings["RENDER_SETTINGS"] not in (32.0, 2.0):
            self.host.fail("a render through the master")
        target = Path(self.host.paths.real(self.GetSetProjectInfo_String(project, "RENDER_TARGETS", "", False)[1]))
        if target.exists():
            self.host.fail("REAPER asks whether to overwrite the file")
        if self.host.rendering == "nothing":
            return
        target.write_bytes(b"")
        if self.host.rendering == "empty":
            return
        (item,) = (one for one in project.items if one.selected)
        take, rate = item.take, project.rate or 48_000
        assert take is not None
        start, end = float(settings["RENDER_STARTPOS"]), float(settings["RENDER_ENDPOS"])
        if settings["RENDER_SETTINGS"] == 32.0:  # renders the complete selected item
            start, end = item.values["D_POSITION"], item.values["D_POSITION"] + item.values["D_LENGTH"]
        frames = round((end - start) * rate) // (2 if self.host.rendering == "half" else 1)
        sound = take.read(rate, start - item.values["D_POSITION"], frames) * take.gain(
            self.host.render_has, rate, frames
        )
        soundfile.write(target, sound * (0.5 if any(take.fx) else 1.0), rate, "PCM_24")
