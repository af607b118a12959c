"""A strict mock of REAPER that runs the shipped Lua unchanged, and refuses invalid or careless calls.

A script may catch the error of a refused call, so `violations` records the error too; each test ends with
`host.verify()`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.daws.reaper.functions_shortcuts import Section
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.model import Handle, Item, Project, Source, Track
from tests.daws.reaper.paths import Paths
from tests.daws.reaper.program import RENDER_DEFAULTS, Program
from tests.daws.reaper.rules import Rules
from tests.daws.reaper.script import Script
from tests.daws.reaper.table import Function, available, complaint, forgiven, functions, sws, toolkit

TICK = 1 / 30  # s between calls of deferred functions
LONGEST_TICK = 0.020  # longest time for which scripts may block REAPER, s
INSTRUCTION = 1e-8  # assumed time per instruction of Lua, s (measured: 2 to 26 ns); counted, so no test needs a clock
KEY = "key:V:82"  # context of an action that a key runs; ReaScript API help, get_action_context
CALL = 1e-6  # assumed time per call to a REAPER function, s; a guess, to detect slow loops over large projects


def _is_selected(thing: Track | Item) -> bool:
    return thing.selected if isinstance(thing, Item) else bool(thing.values["I_SELECTED"])


class Violation(Exception):
    """An invalid or careless call by a script."""


class Host(Program):
    """A mock REAPER process."""

    def __init__(
        self, resources: Path, *, version: str = "7.60", system: str = "Other", rules: Rules | None = None
    ) -> None:
        self.host = self
        self.rules = rules or Rules()
        self.resources, self.version, self.system = resources, version, system
        self.home = resources  # the bridge's folder; scripts may write only to this folder and to `resources`
        self.paths = Paths(system, resources)
        self.projects: list[Project] = []
        self.active: Project = None  # type: ignore[assignment]
        self.clock = 100.0
        self.violations: list[str] = []
        self.ext: dict[tuple[str, str], str] = {}
        self.kept: dict[tuple[str, str], str] = {}  # (section, key) → persistent value from the ini file
        self.boxes: list[str] = []
        self.box_takes = 0.0  # for how long a message box is open, s
        self.answers: list[Any] = []  # the user's next answers: a bool in message boxes, text or None in input boxes
        self.asked: list[tuple[str, str]] = []
        self.titles: list[str] = []  # titles of the input boxes
        self.console: list[str] = []
        self.helped: list[str] = []  # texts shown in the status bar
        self.tooltips: list[str] = []  # texts of tooltips; "" hides the tooltip
        self.executed: list[str] = []
        self.on_exec: Callable[[str], None] = lambda command: None
        self.registered: dict[int, Path] = {}  # the action list
        self.command_ids: dict[Path, int] = {}
        self.main_section = Section()
        self.shortcuts: dict[int, list[str]] = {}  # command → the descriptions of its shortcuts
        self.pressed: list[str] = []  # keys that the user will press in REAPER's dialog for shortcuts
        self.shortcut_dialogs: list[int] = []  # the commands for which that dialog was opened
        self.scripts: dict[Path, Script] = {}
        self.blocks: list[tuple[Project, list[Track]]] = []
        self.borrowed: dict[tuple[int, str], tuple[dict[str, float], float]] = {}  # (values, key) → before a script
        self.undo_flags: list[tuple[str, int]] = []  # (name, flags) of each undo block that has ended
        self.refresh = self.updates = self.accessors = 0
        self.new_sources: list[Source] = []
        self.peaks: list[tuple[str, int]] = []
        self.accessor_has: set[str] = set()  # gains that an accessor applies; unknown for REAPER, so tests try several
        self.render_has = {"take_volume", "item_volume", "fades"}
        self.rendering = "writes"  # what a render writes: "writes" (the file), "nothing", "empty" or "half"
        self.render_speed = 20.0  # seconds of audio that a render writes per second
        self.rendered: list[dict[str, float | str]] = []
        self.keys: list[int] = []  # keys that the user will press in gfx windows
        self.mouse = (0, 0, 0)  # (x, y, buttons) in gfx windows; x and y in pixels
        self.menus: list[str] = []
        self.controller: tuple[int, int, float, str] = (-1, -1, -1.0, "")  # mode, resolution, value, context
        self.toggles: dict[int, int] = {}  # action → toggle state
        self.send_udp: Callable[[str, str, int], int] = lambda data, host, port: len(data)  # LuaSocket's `sendto`
        self.disk_full = False
        self.gui: Gui | None = None  # ReaImGui; None if it is not installed
        self.item_under_mouse: Item | None = None
        self.time_under_mouse = 0.0  # s
        self.last_touched: Track | None = None
        self.ripple = 0  # ripple editing: 0 off, 1 per track, 2 all tracks
        self.saved_tracks: list[Track] = []  # track selection saved by SWS
        self.at_start: dict[Project, list[Track]] = {}  # tracks when a script by others began
        self.listings: dict[str, list[str]] = {}  # folder → names of files as EnumerateFiles read them
        self.picture: list[tuple[Any, ...]] = []  # gfx calls of the last picture drawn in a gfx window
        self.starting: list[Script] = []  # scripts whose main chunk runs; each was run by the one before
        self.running: Script = None  # type: ignore[assignment]

    # --- rules -------------------------------------------------------------------------------------------------------

    def fail(self, what: str) -> Any:
        self.violations.append(what)
        raise Violation(what)

    def careless(self, what: str) -> None:
        """Refuse what REAPER accepts but the project forbids in its own scripts."""
        if self.rules.house:
            self.fail(what)

    def verify(self) -> None:
        """Check that there were no violations and that no audio accessor is left open."""
        assert not self.violations, self.violations
        assert not self.accessors, "an audio accessor was not destroyed"

    def must_be_in_block(self, project: Project) -> None:
        if not self.blocks:
            self.careless("a change outside an undo block")
        elif self.blocks[-1][0] is not project:
            self.careless("a change in another project than that of the undo block")

    def bury(self, *handles: Handle) -> None:
        for handle in handles:
            handle.alive = False

    def call(self, name: str, *args: Any) -> Any:
        """Check and execute a call to a REAPER function from Lua."""
        self.clock += CALL
        row = self.known(name)
        if row is None:
            self.fail(f"REAPER has no function {name}")
        assert row is not None
        if name in functions() and not available(name, self.version):
            self.fail(f"{name} came with {row.since}, this is {self.version}")
        args = args if self.rules.house else forgiven(row, args)
        problem = complaint(row, args, self._is_handle)
        if problem:
            self.fail(problem)
        if name not in ("ValidatePtr", "ValidatePtr2", "ImGui_ValidatePtr"):
            for arg in args:
                if isinstance(arg, Handle) and not arg.alive:
                    self.fail(f"{name} with a deleted {arg.kind}")
        method = getattr(self.gui if name in toolkit() else self, name, None)
        if method is None:
            self.fail(f"the mock does not implement {name}")
        answer = method(*args)
        count = len(answer) if isinstance(answer, tuple) else min(1, len(row.returns))
        if count != len(row.returns):
            self.fail(f"the mock's {name} returns {count} values instead of {len(row.returns)}")
        return answer

    def _tables(self) -> list[dict[str, Function]]:
        return [functions(), toolkit() if self.gui else {}, sws() if self.rules.extensions else {}]

    def known(self, name: str) -> Function | None:
        """Return the row of a function of this REAPER and its installed extensions."""
        return next((table[name] for table in self._tables() if name in table), None)

    def names(self) -> list[str]:
        """Return the names of all functions of this REAPER and its installed extensions."""
        return [name for table in self._tables() for name in table]

    def compute(self, instructions: int) -> None:
        """Let the clock advance by the time that Lua needs for its own instructions."""
        if self.rules.counts_lua_time:
            self.clock += instructions * INSTRUCTION

    def _is_handle(self, value: Any, kind: str) -> bool:
        if kind in ("identifier", "userdata"):
            return isinstance(value, Handle)
        if kind == "ReaProject" and value == 0:
            return True
        return isinstance(value, Handle) and value.kind == kind

    def _watched(self, run: Callable[[], Any]) -> None:
        """Run part of a script; check that this part closes everything it opens and restores the user's settings."""
        if not self.rules.house:
            self.at_start = {one: copy.deepcopy(one.tracks, {id(one): one}) for one in self.projects}
            run()
            return
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
        if any(values[key] != then for (_, key), (values, then) in self.borrowed.items()):
            self.violations.append("a change outside an undo block was not restored")
        self.borrowed.clear()
        if self._borrowed() != self._still_there(before):
            self.violations.append("render settings, selection, tab, cursor or view were not restored")
        if any(now > then + 1 for then, now in zip(points, self._points(), strict=False)):
            self.violations.append("one user action made more than one undo point")

    def _points(self) -> list[int]:
        return [len(one.history) for one in self.projects]

    def _borrowed(self) -> Any:
        """Return the user's settings that a script must restore."""
        return self.active, [
            (
                one,
                dict(one.render),
                [thing.guid for thing in (*one.tracks, *one.items) if _is_selected(thing)],
                (one.time_selection, one.cursor, one.view),
            )
            for one in self.projects
        ]

    def _still_there(self, borrowed: Any) -> Any:
        """Return settings from `_borrowed` without the objects that have been deleted since."""
        active, projects = borrowed
        kept = []
        for one, render, chosen, rest in projects:
            there = {thing.guid for thing in (*one.tracks, *one.items)}
            kept.append((one, render, [guid for guid in chosen if guid in there], rest))
        return active, kept

    # --- time and scripts --------------------------------------------------------------------------------------------

    def run(self, path: Path) -> None:
        """Run an action, as if the user pressed the action's key."""
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
            self._inside(script, lambda: self._start(script))
        self._settle(script)

    def hold(self, path: Path, presses: int = 5) -> None:
        """Run an action again and again, as a key does that the user holds: the system repeats it."""
        before, self.controller = self.controller, (-1, -1, -1.0, KEY)
        for _ in range(presses):
            self.run(path)
            self.tick()
        self.controller = before

    def _start(self, script: Script) -> None:
        """Run a script's main chunk. Unless the script defers or has ended an undo block, REAPER adds an undo point.

        REAPER's ReaScript guide documents this point; REAPER adds it even if the script changes nothing or fails.
        """
        self.starting.append(script)
        try:
            script.start()
        finally:
            is_nested = len(self.starting) > 1
            self.starting.pop()
            adds = self.rules.nested_scripts_add_points or not is_nested
            if script.deferred:
                adds = self.rules.deferring_scripts_add_points and is_nested
            if adds and not script.made_point:
                self.active.add_point(f"ReaScript: {script.path.name}", self.active.copied())

    def tick(self, count: int = 1) -> None:
        """Advance the clock by TICK and call the deferred functions, `count` times."""
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
        """Record a violation if a script blocks REAPER for longer than LONGEST_TICK, not counting renders and boxes."""
        began, renders, boxes = self.clock, len(self.rendered), len(self.boxes)
        yield
        taken = self.clock - began - self.box_takes * (len(self.boxes) - boxes)
        if self.rules.house and taken > LONGEST_TICK and len(self.rendered) == renders:
            self.violations.append(f"{what} of {1000 * taken:.0f} ms")

    def _settle(self, script: Script) -> None:
        if not script.deferred:
            self._end(script)

    def _end(self, script: Script) -> None:
        """End a script, and call its atexit functions once."""
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
        """Quit REAPER normally, which ends all scripts."""
        for script in list(self.scripts.values()):
            self._end(script)

    def undo(self, project: Project) -> str:
        """Undo the last change, as the user would; return the name of the undo point."""
        name, tracks = project.history.pop()
        project.undone.append(name)
        project.later.append(self._replace(project, tracks))
        return name

    def redo(self, project: Project) -> str:
        """Redo the last undone change, as the user would; return the name of the undo point."""
        name = project.undone.pop()
        project.history.append((name, self._replace(project, project.later.pop())))
        return name

    def _replace(self, project: Project, tracks: list[Track]) -> list[Track]:
        """Replace a project's tracks, which makes Lua's pointers to the old tracks invalid; return a copy of these."""
        old = project.copied()
        self.bury(*project.everything())
        project.tracks = tracks
        project.edits += 1
        return old

    def edit(self, project: Project, name: str = "Move item") -> None:
        """Edit a project as the user would."""
        project.add_point(name, project.copied())

    def busy(self) -> bool:
        return any(script.deferred for script in self.scripts.values())

    def open_project(self, folder: Path, path: str = "") -> Project:
        project = Project(folder, path, render=dict(RENDER_DEFAULTS))
        self.projects.append(project)
        self.active = self.active or project
        return project
