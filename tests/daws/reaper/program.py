"""The mock's REAPER functions outside projects: scripts, actions, settings, boxes, files and rendering."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile

from tests.daws.reaper.boxes import read_box
from tests.daws.reaper.functions import Changing
from tests.daws.reaper.functions_actions import EXTENSIONS, NAMED, Actions
from tests.daws.reaper.model import Project
from tests.daws.reaper.stems import item_sound, stem
from tests.daws.reaper.table import available, toolkit

if TYPE_CHECKING:
    pass

BUTTONS = {  # type of a message box → results for yes, no, and a closed box
    0: (1, 1, 1),  # OK
    1: (1, 2, 2),  # OK, cancel
    2: (4, 5, 3),  # retry, ignore, abort
    3: (6, 7, 2),  # yes, no, cancel
    4: (6, 7, 7),  # yes, no
    5: (4, 2, 2),  # retry, cancel
}
RENDER_NOW = 42230
STEMS, SELECTED_ITEMS, PRE_FADER = 2, 32, 8192  # values of RENDER_SETTINGS
RECORDING = 4  # bit of a play state
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


class Program(Changing, Actions):
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
            bool(self.host.controller[3]),  # a controller or the mouse wheel has a new value
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
            self.host.careless("a button was redrawn but not changed")

    def file_exists(self, path: str) -> bool:
        return Path(self.host.paths.real(path)).is_file()

    def GetMousePosition(self) -> tuple[int, int]:
        return 100, 100

    def show_menu(self, text: str) -> int:
        """Return the number of the user's choice in gfx.showmenu, counted from 1; 0 for none."""
        self.host.menus.append(text)
        answer = self.host.answers.pop(0)
        return int(answer(text) if callable(answer) else answer)

    def MB(self, text: str, title: str, kind: int) -> int:
        if self.host.rules.no_boxes_during_playback and any(one.play_state & 1 for one in self.host.projects):
            self.host.careless("a message box during playback: " + text)
        self.host.boxes.append(text)
        self.host.clock += self.host.box_takes
        if self.host.gui:
            self.host.gui.box_was_open()
        if kind == 3 and not self.host.answers:
            self.host.careless("the test has no answer for the box: " + text)
        yes, no, left = BUTTONS[int(kind)]
        answer = self.host.answers.pop(0) if kind != 0 and self.host.answers else True
        return {True: yes, False: no, None: left}[answer]

    def ShowMessageBox(self, text: str, title: str, kind: int) -> int:
        return self.MB(text, title, kind)

    def GetUserInputs(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        box = read_box(captions, values, quotes=self.host.rules.quotes_hide_separators)
        if not box.complete or len(box.captions) != count:
            self.host.careless("the input box has different numbers of captions, values and fields")
        self.host.asked.append((captions, values))
        self.host.titles.append(title)
        answer = self.host.answers.pop(0) if self.host.answers else box.answered(int(count))
        return answer is not None, answer or ""

    def ShowConsoleMsg(self, text: str) -> None:
        if self.host.running.told_console:
            self.host.careless("ShowConsoleMsg takes the focus: once per run")
        self.host.running.told_console = True
        self.host.console.append(text)

    def ClearConsole(self) -> None:
        self.host.console.clear()

    def ExecProcess(self, command: str, timeout: int) -> str:
        if timeout >= 0:
            self.host.careless("ExecProcess blocks REAPER")
        self.host.executed.append(command)
        self.host.on_exec(command)
        return "0\n"

    def RecursiveCreateDirectory(self, path: str, _: int) -> int:
        Path(self.host.paths.real(path)).mkdir(parents=True, exist_ok=True)
        return 1

    def EnumerateFiles(self, path: str, index: int) -> str | None:
        """Return a file's name from REAPER's list of the folder; only index -1 reads the folder again."""
        folder = self.host.paths.real(path)
        if index == -1:
            self.host.listings.pop(folder, None)
            return None
        if folder not in self.host.listings:
            files = [one.name for one in os.scandir(folder) if one.is_file()] if Path(folder).is_dir() else []
            self.host.listings[folder] = sorted(files)
        names = self.host.listings[folder]
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
        if known < 0:  # the same file always gets the same ID
            known = self.host.command_ids.setdefault(file, 53_000 + len(self.host.command_ids))
            self.host.registered[known] = file
        return known

    def ReverseNamedCommandLookup(self, command: int) -> str | None:
        return f"RS{int(command):040d}" if command in self.host.registered else None

    def NamedCommandLookup(self, name: str) -> int:
        if self.host.rules.extensions and name in NAMED:
            return NAMED[name]
        if name.isdigit():  # public scripts pass the number of a native action as a text
            return int(name)
        if self.host.rules.extensions and name.startswith(EXTENSIONS):
            self.host.fail(f"the mock does not implement the action {name}")
        digits = name.removeprefix("_RS")
        return int(digits) if digits.isdigit() and int(digits) in self.host.registered else 0

    def Main_OnCommandEx(self, command: int, flag: int, project: Project) -> None:
        if command in self.host.registered:
            self.host.run(self.host.registered[int(command)])
        elif command == RENDER_NOW:
            self._render(project if self.host.rules.renders_background_tabs else self.host.active)
        else:
            self.native_action(command, self._project(project))

    def Main_OnCommand(self, command: int, flag: int) -> None:
        self.Main_OnCommandEx(command, flag, self.host.active)

    def SetProjExtState(self, project: Project, section: str, key: str, value: str) -> int:
        kept = self._project(project).kept
        kept[section, key] = value
        if not value:
            del kept[section, key]
        return len(kept)

    def GetProjExtState(self, project: Project, section: str, key: str) -> tuple[int, str]:
        value = self._project(project).kept.get((section, key), "")
        return int(bool(value)), value

    def HasExtState(self, section: str, key: str) -> bool:
        return (section, key) in self.host.ext or (section, key) in self.host.kept

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
        """Render the selected item, or the stem of the selected track, to a file."""
        settings = dict(project.render)
        self.host.rendered.append(settings)
        is_measured = str(settings["RENDER_PATTERN"]).startswith("self-test")
        if project is not self.host.active and not is_measured:
            self.host.careless("a render of a project that is not in front")
        if project.play_state & RECORDING:
            self.host.careless("a render during a recording")
        source = int(settings["RENDER_SETTINGS"])
        if source & ~PRE_FADER not in (SELECTED_ITEMS, STEMS):
            self.host.fail("a render through the master")
        target = Path(self.host.paths.real(self.GetSetProjectInfo_String(project, "RENDER_TARGETS", "", False)[1]))
        if target.exists():
            self.host.fail("REAPER asks whether to overwrite the file")
        if self.host.rendering == "nothing":
            return
        target.write_bytes(b"")
        if self.host.rendering == "empty":
            return
        rate = project.rate or 48_000
        if source & STEMS:
            bounds = float(settings["RENDER_STARTPOS"]), float(settings["RENDER_ENDPOS"])
            is_pre_fader = bool(source & PRE_FADER) and self.host.rules.stems_can_be_before_the_fader
            (track,) = (one for one in project.tracks if one.values["I_SELECTED"])
            sound = stem(track, bounds, rate, is_pre_fader=is_pre_fader)
        else:
            (item,) = (one for one in project.items if one.selected)
            sound = item_sound(item, self.host.render_has, rate)
        self.host.clock += len(sound) / rate / self.host.render_speed
        sound = sound[: len(sound) // (2 if self.host.rendering == "half" else 1)]
        soundfile.write(target, sound, rate, "PCM_24")
