"""A strict REAPER: runs the shipped Lua unchanged, refuses what REAPER or good manners refuse, and remembers it.

A script may catch an error, so each violation is also kept in `violations`; a test ends with `host.verify()`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import soundfile

from tests.daw.reaper.functions import Changing
from tests.daw.reaper.gui import Gui
from tests.daw.reaper.model import Handle, Item, Project, Source, Track
from tests.daw.reaper.script import Script
from tests.daw.reaper.table import available, complaint, functions, toolkit

TICK = 1 / 30  # s between two defers
LONGEST_TICK = 0.020  # s
CALL = 1e-6  # s that a call of REAPER's takes: a guess, so that loops over large projects are seen
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


def _is_selected(thing: Track | Item) -> bool:
    return thing.selected if isinstance(thing, Item) else bool(thing.values["I_SELECTED"])


class Violation(Exception):
    """The script did what a careful script does not do."""


class Host(Changing):
    """One REAPER process."""

    def __init__(self, resources: Path, *, version: str = "7.60", system: str = "Other") -> None:
        self.host = self
        self.resources, self.version, self.system = resources, version, system
        self.home = resources  # where else the scripts may write
        self.projects: list[Project] = []
        self.active: Project = None  # type: ignore[assignment]
        self.clock = 100.0
        self.violations: list[str] = []
        self.ext: dict[tuple[str, str], str] = {}
        self.kept: dict[tuple[str, str], str] = {}  # what is in the ini file
        self.boxes: list[str] = []
        self.answers: list[Any] = []  # of the user: True/False to questions, texts or None to input boxes
        self.asked: list[tuple[str, str]] = []
        self.titles: list[str] = []  # of the input boxes
        self.console: list[str] = []
        self.executed: list[str] = []
        self.on_exec: Callable[[str], None] = lambda command: None
        self.registered: dict[int, Path] = {}
        self.scripts: dict[Path, Script] = {}
        self.blocks: list[tuple[Project, list[Track]]] = []
        self.refresh = self.updates = self.accessors = 0
        self.new_sources: list[Source] = []
        self.peaks: list[tuple[str, int]] = []
        self.accessor_has: set[str] = set()  # what a real REAPER bakes in is not known: tests try all
        self.render_has = {"take_volume", "item_volume", "fades"}
        self.rendering = "writes"  # or "nothing", "empty"
        self.rendered: list[dict[str, float | str]] = []
        self.keys: list[int] = []  # pressed in gfx windows
        self.mouse = (0, 0, 0)  # in gfx windows: x, y, buttons
        self.menus: list[str] = []
        self.gui: Gui | None = None  # ReaImGui, where the user has it
        self.picture: list[tuple[Any, ...]] = []  # the last that a gfx window showed
        self.running: Script = None  # type: ignore[assignment]

    # --- the rules ---------------------------------------------------------------------------------------------------

    def fail(self, what: str) -> Any:
        self.violations.append(what)
        raise Violation(what)

    def verify(self) -> None:
        """Nothing was done that should not be done, and nothing is left open."""
        assert not self.violations, self.violations
        assert not self.accessors, "an audio accessor was not destroyed"

    def must_be_in_block(self, project: Project) -> None:
        if not self.blocks:
            self.fail("a change outside an undo block")
        if self.blocks[-1][0] is not project:
            self.fail("a change in another project than the undo block's")

    def bury(self, *handles: Handle) -> None:
        for handle in handles:
            handle.alive = False

    def call(self, name: str, *args: Any) -> Any:
        """One call from Lua."""
        self.clock += CALL
        row = functions().get(name) or (toolkit().get(name) if self.gui else None)
        if row is None:
            self.fail(f"REAPER has no function {name}")
        assert row is not None
        if name in functions() and not available(name, self.version):
            self.fail(f"{name} came with {row.since}, this is {self.version}")
        problem = complaint(row, args, self._is_handle)
        if problem:
            self.fail(problem)
        if name != "ValidatePtr2":
            for arg in args:
                if isinstance(arg, Handle) and not arg.alive:
                    self.fail(f"{name} with a {arg.kind} that is gone")
        method = getattr(self.gui if name in toolkit() else self, name, None)
        if method is None:
            self.fail(f"the double has no {name} yet")
        answer = method(*args)
        count = len(answer) if isinstance(answer, tuple) else min(1, len(row.returns))
        if count != len(row.returns):
            self.fail(f"the double's {name} answers with {count} values instead of {len(row.returns)}")
        return answer

    def _is_handle(self, value: Any, kind: str) -> bool:
        if kind == "identifier":
            return isinstance(value, Handle)
        if kind == "ReaProject" and value == 0:
            return True
        return isinstance(value, Handle) and value.kind == kind

    def _watched(self, run: Callable[[], Any]) -> None:
        """Run one piece of a script: everything that was opened is closed, everything borrowed is back."""
        before, points = self._borrowed(), self._points()
        run()
        if self.blocks:
            self.blocks.clear()
            self.violations.append("an undo block without its end")
        if self.refresh:
            self.refresh = 0
            self.violations.append("PreventUIRefresh is not balanced")
        if self.gui and self.gui.open:
            self.gui.open.clear()
            self.violations.append("an ImGui window without its end")
        if self._borrowed() != self._still_there(before):
            self.violations.append("render settings, selection, tab, cursor or view are not as before")
        if any(now > then + 1 for then, now in zip(points, self._points(), strict=False)):
            self.violations.append("one act of the user's has more than one undo point")

    def _points(self) -> list[int]:
        return [len(one.history) for one in self.projects]

    def _borrowed(self) -> Any:
        """What belongs to the user and is at most lent to a script."""
        return self.active, [
            (
                one,
                dict(one.render),
                [thing for thing in (*one.tracks, *one.items) if _is_selected(thing)],
                (one.time_selection, one.cursor, one.view),
            )
            for one in self.projects
        ]

    def _still_there(self, borrowed: Any) -> Any:
        """The same without what was deleted meanwhile."""
        active, projects = borrowed
        kept = [
            (one, render, [thing for thing in chosen if thing.alive], rest) for one, render, chosen, rest in projects
        ]
        return active, kept

    # --- time and scripts --------------------------------------------------------------------------------------------

    def run(self, path: Path) -> None:
        """Run an action, as a key press does."""
        old = self.scripts.get(path)
        if old is not None and old.deferred:
            if not old.options & 1:
                self.violations.append("REAPER asks: the script is already running")
                return
            self._end(old)
            if not old.options & 2:
                return
        script = Script(self, path)
        self.scripts[path] = script
        with self._timed("an action"):
            self._inside(script, script.start)
        self._settle(script)

    def tick(self, count: int = 1) -> None:
        """Let a thirtieth of a second pass."""
        for _ in range(count):
            self.clock += TICK
            for script in list(self.scripts.values()):
                self._step(script)

    def _step(self, script: Script) -> None:
        due, script.deferred = script.deferred, []
        script.point(*self.mouse)
        with self._timed("a tick"):
            for function in due:
                self._inside(script, function)
        if len(script.deferred) > 1:
            self.violations.append("a second defer loop")
        self._settle(script)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        """REAPER stands still meanwhile: not for long, unless it renders and that was announced."""
        began, renders = self.clock, len(self.rendered)
        yield
        if self.clock - began > LONGEST_TICK and len(self.rendered) == renders:
            self.violations.append(f"{what} of {1000 * (self.clock - began):.0f} ms")

    def _settle(self, script: Script) -> None:
        if not script.deferred:
            self._end(script)

    def _end(self, script: Script) -> None:
        """A script ends: its atexit runs once."""
        script.deferred = []
        if self.scripts.get(script.path) is script:
            del self.scripts[script.path]
        for function in script.at_exit:
            self._inside(script, function)
        script.at_exit = []

    def _inside(self, script: Script, function: Callable[[], Any]) -> None:
        outer, self.running = self.running, script
        try:
            self._watched(function) if outer is None else function()
        finally:
            self.running = outer

    def quit(self) -> None:
        """End politely."""
        for script in list(self.scripts.values()):
            self._end(script)

    def undo(self, project: Project) -> str:
        """The user's own undo."""
        name, tracks = project.history.pop()
        self.bury(*project.everything())
        project.tracks = tracks
        project.undone.append(name)
        return name

    def busy(self) -> bool:
        return any(script.deferred for script in self.scripts.values())

    # --- functions about REAPER itself -------------------------------------------------------------------------------

    def defer(self, function: Any) -> bool:
        self.running.deferred.append(function)
        return True

    def atexit(self, function: Any) -> bool:
        self.running.at_exit.append(function)
        return True

    def set_action_options(self, flag: int) -> None:
        self.running.options = int(flag)

    def get_action_context(self) -> tuple[Any, ...]:
        return False, str(self.running.path), 0, self._command(self.running.path), -1, -1, -1.0, ""

    def time_precise(self) -> float:
        self.clock += 5e-5
        return self.clock

    def GetAppVersion(self) -> str:
        return f"{self.version}/linux-x86_64"

    def GetOS(self) -> str:
        return self.system

    def APIExists(self, name: str) -> bool:
        return available(name, self.version) or (self.gui is not None and name in toolkit())

    def GetResourcePath(self) -> str:
        return str(self.resources)

    def GetExtState(self, section: str, key: str) -> str:
        return self.ext.get((section, key), self.kept.get((section, key), ""))

    def SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        if persist and "\n" in value:
            self.fail("a line break in a value of the ini file")
        (self.kept if persist else self.ext)[section, key] = value

    def DeleteExtState(self, section: str, key: str, persist: bool) -> None:
        self.ext.pop((section, key), None)
        if persist:
            self.kept.pop((section, key), None)

    def GetMousePosition(self) -> tuple[int, int]:
        return 100, 100

    def show_menu(self, text: str) -> int:
        """gfx.showmenu: the user's choice from 1, 0 for none."""
        self.menus.append(text)
        return int(self.answers.pop(0))

    def MB(self, text: str, title: str, kind: int) -> int:
        self.boxes.append(text)
        if kind == 3:
            return {True: 6, False: 7, None: 2}[self.answers.pop(0)]
        return 1 if kind == 0 or (self.answers.pop(0) if self.answers else True) else 2

    def GetUserInputs(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        head = captions.split(",extrawidth", maxsplit=1)[0]
        if len(head.split(",")) != count or len(values.split("\n")) != count or count > 16:
            self.fail("the input box has not as many captions and values as fields")
        self.asked.append((captions, values))
        self.titles.append(title)
        answer = self.answers.pop(0) if self.answers else values
        return answer is not None, answer or ""

    def ShowConsoleMsg(self, text: str) -> None:
        if self.running.told_console:
            self.fail("ShowConsoleMsg takes the focus: once per run")
        self.running.told_console = True
        self.console.append(text)

    def ExecProcess(self, command: str, timeout: int) -> str:
        if timeout >= 0:
            self.fail("ExecProcess blocks REAPER")
        self.executed.append(command)
        self.on_exec(command)
        return "0\n"

    def RecursiveCreateDirectory(self, path: str, _: int) -> int:
        Path(path).mkdir(parents=True, exist_ok=True)
        return 1

    def EnumerateFiles(self, path: str, index: int) -> str | None:
        names = sorted(one.name for one in os.scandir(path) if one.is_file()) if Path(path).is_dir() else []
        return names[int(index)] if 0 <= index < len(names) else None

    # --- actions and rendering ---------------------------------------------------------------------------------------

    def _command(self, path: Path) -> int:
        return next((known for known, one in self.registered.items() if one == path), -1)

    def AddRemoveReaScript(self, add: bool, section: int, path: str, commit: bool) -> int:
        known = self._command(Path(path))
        if not add:
            self.registered.pop(known, None)
            return 1
        if known < 0:
            known = 53_000 + len(self.registered)
            self.registered[known] = Path(path)
        return known

    def ReverseNamedCommandLookup(self, command: int) -> str | None:
        return f"RS{int(command):040d}" if command in self.registered else None

    def NamedCommandLookup(self, name: str) -> int:
        digits = name.removeprefix("_RS")
        return int(digits) if digits.isdigit() and int(digits) in self.registered else 0

    def Main_OnCommandEx(self, command: int, flag: int, project: Project) -> None:
        if command in self.registered:
            self.run(self.registered[int(command)])
        elif command == RENDER_NOW:
            self._render(project)
        else:
            self.fail(f"the action {command} is none of those that the scripts may run")

    def GetSetProjectInfo(self, project: Project, key: str, value: float, is_set: bool) -> float:
        if key in ("PROJECT_SRATE_USE", "PROJECT_SRATE") and not is_set:
            rate = self._project(project).rate
            return float(rate is not None) if key.endswith("USE") else float(rate or 44_100)
        return float(self._render_setting(project, key, value, is_set))

    def GetSetProjectInfo_String(self, project: Project, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if key == "RENDER_TARGETS" and not is_set:
            render = self._project(project).render
            return True, f"{render['RENDER_FILE']}/{render['RENDER_PATTERN']}.wav"
        return True, str(self._render_setting(project, key, value, is_set))

    def _render_setting(self, project: Project, key: str, value: Any, is_set: bool) -> Any:
        render = self._project(project).render
        if key not in RENDER_DEFAULTS:
            self.fail(f"there is no project setting {key} here")
        if is_set:
            render[key] = value
        return render[key]

    def _render(self, project: Project) -> None:
        """What item renders do, with take FX that halve the level."""
        settings = dict(project.render)
        self.rendered.append(settings)
        if settings["RENDER_SETTINGS"] not in (32.0, 2.0):
            self.fail("a render through the master")
        target = Path(self.GetSetProjectInfo_String(project, "RENDER_TARGETS", "", False)[1])
        if target.exists():
            self.fail("REAPER asks whether to overwrite the file")
        if self.rendering == "nothing":
            return
        target.write_bytes(b"")
        if self.rendering == "empty":
            return
        (item,) = (one for one in project.items if one.selected)
        take, rate = item.take, project.rate or 48_000
        assert take is not None
        start = float(settings["RENDER_STARTPOS"])
        frames = round((float(settings["RENDER_ENDPOS"]) - start) * rate)
        sound = take.read(rate, start - item.values["D_POSITION"], frames) * take.gain(self.render_has, rate, frames)
        soundfile.write(target, sound * (0.5 if any(take.fx) else 1.0), rate, "PCM_24")

    def open_project(self, folder: Path, path: str = "") -> Project:
        project = Project(folder, path, render=dict(RENDER_DEFAULTS))
        self.projects.append(project)
        self.active = self.active or project
        return project
