"""A strict mock of REAPER that runs the shipped Lua unchanged, and refuses invalid or careless calls.

A script may catch the error of a refused call, so `violations` records the error too; each test ends with
`host.verify()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.daws.reaper.gui import Gui
from tests.daws.reaper.model import Handle, Item, Project, Source, Track
from tests.daws.reaper.paths import Paths
from tests.daws.reaper.program import RENDER_DEFAULTS, Program
from tests.daws.reaper.script import Script
from tests.daws.reaper.table import available, complaint, functions, toolkit

TICK = 1 / 30  # s between calls of deferred functions
LONGEST_TICK = 0.020  # longest time for which scripts may block REAPER, s
CALL = 1e-6  # assumed time per call to a REAPER function, s; a guess, to detect slow loops over large projects


def _is_selected(thing: Track | Item) -> bool:
    return thing.selected if isinstance(thing, Item) else bool(thing.values["I_SELECTED"])


class Violation(Exception):
    """An invalid or careless call by a script."""


class Host(Program):
    """A mock REAPER process."""

    def __init__(self, resources: Path, *, version: str = "7.60", system: str = "Other") -> None:
        self.host = self
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
        self.answers: list[Any] = []  # the user's next answers: a bool in message boxes, text or None in input boxes
        self.asked: list[tuple[str, str]] = []
        self.titles: list[str] = []  # titles of the input boxes
        self.console: list[str] = []
        self.executed: list[str] = []
        self.on_exec: Callable[[str], None] = lambda command: None
        self.registered: dict[int, Path] = {}
        self.scripts: dict[Path, Script] = {}
        self.blocks: list[tuple[Project, list[Track]]] = []
        self.refresh = self.updates = self.accessors = 0
        self.new_sources: list[Source] = []
        self.peaks: list[tuple[str, int]] = []
        self.accessor_has: set[str] = set()  # gains that an accessor applies; unknown for REAPER, so tests try several
        self.render_has = {"take_volume", "item_volume", "fades"}
        self.rendering = "writes"  # what a render writes: "writes" (the file), "nothing", "empty" or "half"
        self.rendered: list[dict[str, float | str]] = []
        self.keys: list[int] = []  # keys that the user will press in gfx windows
        self.mouse = (0, 0, 0)  # (x, y, buttons) in gfx windows; x and y in pixels
        self.menus: list[str] = []
        self.controller: tuple[int, int, float, str] = (-1, -1, -1.0, "")  # mode, resolution, value, context
        self.toggles: dict[int, int] = {}  # action → toggle state
        self.rung: list[str] = []  # ports passed to the EEL2 doorbell action
        self.send_udp: Callable[[str, str, int], int] = lambda data, host, port: len(data)  # LuaSocket's `sendto`
        self.disk_full = False
        self.gui: Gui | None = None  # ReaImGui; None if it is not installed
        self.picture: list[tuple[Any, ...]] = []  # gfx calls of the last picture drawn in a gfx window
        self.running: Script = None  # type: ignore[assignment]

    # --- rules -------------------------------------------------------------------------------------------------------

    def fail(self, what: str) -> Any:
        self.violations.append(what)
        raise Violation(what)

    def verify(self) -> None:
        """Check that there were no violations and that no audio accessor is left open."""
        assert not self.violations, self.violations
        assert not self.accessors, "an audio accessor was not destroyed"

    def must_be_in_block(self, project: Project) -> None:
        if not self.blocks:
            self.fail("a change outside an undo block")
        if self.blocks[-1][0] is not project:
            self.fail("a change in another project than that of the undo block")

    def bury(self, *handles: Handle) -> None:
        for handle in handles:
            handle.alive = False

    def call(self, name: str, *args: Any) -> Any:
        """Check and execute a call to a REAPER function from Lua."""
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
        if name not in ("ValidatePtr2", "ImGui_ValidatePtr"):
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

    def _is_handle(self, value: Any, kind: str) -> bool:
        if kind in ("identifier", "userdata"):
            return isinstance(value, Handle)
        if kind == "ReaProject" and value == 0:
            return True
        return isinstance(value, Handle) and value.kind == kind

    def _watched(self, run: Callable[[], Any]) -> None:
        """Run part of a script; check that this part closes everything it opens and restores the user's settings."""
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
                [thing for thing in (*one.tracks, *one.items) if _is_selected(thing)],
                (one.time_selection, one.cursor, one.view),
            )
            for one in self.projects
        ]

    def _still_there(self, borrowed: Any) -> Any:
        """Return settings from `_borrowed` without the objects that have been deleted since."""
        active, projects = borrowed
        kept = [
            (one, render, [thing for thing in chosen if thing.alive], rest) for one, render, chosen, rest in projects
        ]
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
            self._inside(script, script.start)
        self._settle(script)

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
        """Record a violation if a script blocks REAPER for longer than LONGEST_TICK, not counting renders."""
        began, renders = self.clock, len(self.rendered)
        yield
        if self.clock - began > LONGEST_TICK and len(self.rendered) == renders:
            self.violations.append(f"{what} of {1000 * (self.clock - began):.0f} ms")

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
        self.bury(*project.everything())
        project.tracks = tracks
        project.undone.append(name)
        return name

    def busy(self) -> bool:
        return any(script.deferred for script in self.scripts.values())

    def open_project(self, folder: Path, path: str = "") -> Project:
        project = Project(folder, path, render=dict(RENDER_DEFAULTS))
        self.projects.append(project)
        self.active = self.active or project
        return project
