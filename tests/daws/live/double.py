"""A strict mock of Live's Python API: it has only the members of one version, and forbidden calls raise an error.

Members and their numbers of arguments come from table.tsv. Using a member that is in the table but not modelled by the
mock fails the test. As in Live, arguments are positional, using a deleted object raises an error, each access makes a
new wrapper, loop_start and loop_end set start and end while the loop is off, and a hidden marker follows the visible
warp markers.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.daws.live import calls, clip_calls, song_calls, track_calls
from tests.daws.live.table import Member, members, parse
from tests.daws.live.the_set import ClipData, SetData

MODELLED = clip_calls, song_calls, track_calls  # imported because these modules fill the tables in `calls`
MOST = 3000  # limit on accesses to Live's objects per tick; more would freeze Live's user interface
PAGES = "Detail/Clip", "Detail/DeviceChain"
LATEST = 1_576_800.0  # beats; the end of Live's timeline
BOOST = "Python argument types in\n    {}({})\ndid not match C++ signature"


class ArgumentError(TypeError):
    """Boost.Python's error for wrong argument types or a wrong number of arguments."""


@dataclass
class World:
    """The state of a running Live."""

    version: str
    state: SetData = field(default_factory=SetData)
    tempo: float = 120.0
    path: str = ""
    auto_warp: bool = True  # user preference: whether to warp new clips
    late: frozenset[str] = frozenset()  # clip attributes whose changes Live applies only at the next tick
    start_moves_clip: bool = False  # whether changing an Arrangement clip's start moves the clip
    returns_clips: bool = True  # whether the methods that create a clip return the clip
    dialogs: int = 0
    recording: bool = False
    redo: bool = False
    tempo_automated: bool = False
    session_focused: bool = False
    playhead: float = 0.0  # beats
    shown: set[str] = field(default_factory=lambda: {"Detail", "Detail/Clip"})
    undo_steps: list[SetData] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # misuse that real Live does not report
    accesses: int = 0  # accesses to Live's objects in this tick
    notifying: bool = False  # whether a listener is running
    listeners: list[Callable[[], None]] = field(default_factory=list)  # called when the detail view shows another clip
    forwarded: list[tuple[str, int, int]] = field(
        default_factory=list
    )  # (function, channel, number) of each note or controller requested by build_midi_map
    open_step: SetData | None = None
    _pending: list[Callable[[], None]] = field(default_factory=list)
    _thread: int = field(default_factory=threading.get_ident)

    # --- ticks and the user ------------------------------------------------------------------------------------------

    def before_tick(self) -> None:
        """Apply the pending changes to `late` attributes, and reset the count of accesses."""
        pending, self._pending = self._pending, []
        for change in pending:
            change()
        self.accesses = 0

    def after_tick(self) -> None:
        if self.open_step is not None:
            self.fault("an undo step is open at the end of a tick")
            self.open_step = None
        if self.accesses > MOST:
            self.fault(f"{self.accesses} accesses in one tick")

    def turn_to(self, page: str) -> None:
        """Show the detail view or one of its two pages; each page replaces the other."""
        self.shown = {*self.shown, "Detail", page} - ({*PAGES} - {page} if page in PAGES else set())

    def hide(self, name: str) -> None:
        self.shown = {one for one in self.shown if not one.startswith(name)}

    def later(self, change: Callable[[], None]) -> None:
        self._pending.append(change)

    def fault(self, text: str) -> None:
        self.violations.append(text)

    def undo(self) -> None:
        """Undo the last step, as the user would."""
        self.state = self.undo_steps.pop()
        self.redo = True

    def select(self, ptr: int) -> None:
        """Show another clip in the detail view, as the user would; record listener errors, which Live only logs."""
        self.state.detail_clip, self.notifying = ptr, True
        try:
            for listener in self.listeners:
                listener()
        except RuntimeError as problem:
            self.fault(f"in a listener: {problem}")
        finally:
            self.notifying = False

    def changing(self) -> None:
        """Check that the Set may be changed now, and add an undo step if none is open."""
        if self.notifying:
            raise RuntimeError("Changes cannot be triggered by notifications. You will need to defer your response.")
        if self.open_step is None:
            self.undo_steps.append(copy.deepcopy(self.state))
        self.redo = False

    def begin(self) -> None:
        if self.open_step is not None:
            self.fault("begin_undo_step inside an undo step")
        self.open_step = copy.deepcopy(self.state)

    def end(self) -> None:
        if self.open_step is None:
            self.fault("end_undo_step without a step")
            return
        if self.open_step != self.state:
            self.undo_steps.append(self.open_step)
        self.open_step = None

    # --- wrappers ----------------------------------------------------------------------------------------------------

    def wrap(self, kind: str, ptr: int = 0) -> Thing:
        return Thing(self, kind, ptr)

    def touched(self, what: str) -> None:
        self.accesses += 1
        if threading.get_ident() != self._thread:
            self.fault(f"{what} was used off the main thread")


class Thing:
    """A wrapper around one of Live's objects; each access to the object makes a new wrapper."""

    __slots__ = ("_kind", "_live_ptr", "_world")

    def __init__(self, world: World, kind: str, ptr: int) -> None:
        object.__setattr__(self, "_world", world)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_live_ptr", ptr)

    def __eq__(self, other: object) -> bool:
        if other is None:
            return not self._exists()
        return isinstance(other, Thing) and (self._kind, self._live_ptr) == (other._kind, other._live_ptr)

    def __hash__(self) -> int:
        return hash((self._kind, self._live_ptr))

    def __getattr__(self, name: str) -> Any:
        world, member = self._world, self._member(name)
        world.touched(f"{self._kind}.{name}")
        thing = self._thing()
        if member.kind == "property":
            getter = calls.GETTERS.get((self._kind, name))
            if getter is None:
                raise NotImplementedError(f"the mock does not model {self._kind}.{name}")
            return getter(world, thing)
        return Call(self, name, member)

    def __setattr__(self, name: str, value: Any) -> None:
        world, member = self._world, self._member(name)
        world.touched(f"{self._kind}.{name}")
        thing = self._thing()
        if member.kind != "property" or not member.writable:
            raise AttributeError(f"can't set attribute {name}")
        wanted, setter = calls.SETTERS.get((self._kind, name), (None, None))
        if setter is None or wanted is None:
            raise NotImplementedError(f"the mock does not model setting {self._kind}.{name}")
        if not fits(value, wanted):
            raise ArgumentError(BOOST.format("None", f"{self._kind}, {type(value).__name__}"))
        if self._kind != "Song.View":
            world.changing()
        if name in world.late and self._kind == "Clip":
            world.later(lambda: setter(world, thing, value))
        else:
            setter(world, thing, value)

    def _member(self, name: str) -> Member:
        found = members(self._world.version).get(self._kind, {}).get(name)
        if found is None:
            raise AttributeError(f"'{self._kind}' object has no attribute '{name}' in Live {self._world.version}")
        return found

    def _exists(self) -> bool:
        return self._live_ptr <= 0 or self._live_ptr in self._world.state.scenes or self._found() is not None

    def _found(self) -> Any:
        return self._world.state.find(self._live_ptr)[0]

    def _thing(self) -> Any:
        """Return the wrapped data; if the object was deleted, raise Boost.Python's error."""
        if not self._exists():
            raise ArgumentError(BOOST.format("None", f"{self._kind}, None"))
        return self._found()


class Call:
    """A method bound to a wrapper."""

    def __init__(self, thing: Thing, name: str, member: Member) -> None:
        self._bound, self._name, self._about = thing, name, member

    def __call__(self, *values: Any, **named: Any) -> Any:
        world, kind = self._bound._world, self._bound._kind
        if named or not self._about.least <= len(values) <= self._about.most:
            raise ArgumentError(BOOST.format(self._name, ", ".join([kind, *named])))
        found = calls.METHODS.get((kind, self._name))
        if found is None:
            raise NotImplementedError(f"the mock does not model {kind}.{self._name}")
        wanted, changes, method = found
        if not all(fits(value, one) for value, one in zip(values, wanted, strict=False)):
            raise ArgumentError(BOOST.format(self._name, ", ".join(type(value).__name__ for value in values)))
        if changes:
            world.changing()
        return method(world, self._bound._thing(), *values)


class Vector:
    """Live's own list type."""

    def __init__(self, things: list[Any]) -> None:
        self._things = things

    def __iter__(self) -> Iterator[Any]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, slice):
            raise ArgumentError(BOOST.format("__getitem__", "Vector, slice"))
        return self._things[index]


class WarpMarker:
    """The class Live.Clip.WarpMarker(sample_time, beat_time); sample_time is a position in the file, in seconds."""

    __slots__ = ("_beat", "_second")

    def __init__(self, *values: float, **named: float) -> None:
        if named or len(values) != 2 or not all(fits(value, "float") for value in values):
            raise ArgumentError(BOOST.format("__init__", "WarpMarker, ..."))
        self._second, self._beat = values

    @property
    def sample_time(self) -> float:
        return self._second

    @property
    def beat_time(self) -> float:
        return self._beat


def fits(value: Any, wanted: str) -> bool:
    """Return whether Boost.Python can convert this value to this type."""
    if wanted == "float":
        return isinstance(value, int | float)
    if wanted == "int":
        return isinstance(value, int)
    if wanted == "bool":
        return isinstance(value, bool | int)
    if wanted == "str":
        return isinstance(value, str)
    if wanted == "WarpMarker":
        return isinstance(value, WarpMarker)
    if wanted == "any":
        return True
    return value is None or (isinstance(value, Thing) and value._kind == wanted)


def clip_data(world: World, path: str, start_time: float | None) -> ClipData:
    """Return the clip that Live creates from a file; its warping and start depend on the user's Auto-Warp preference.

    Raises:
        RuntimeError: Live cannot use the file.
    """
    from pathlib import Path

    import soundfile

    if not Path(path).is_absolute():
        raise RuntimeError("The file path must be absolute")
    try:
        about = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError) as problem:
        raise RuntimeError("Invalid audio file") from problem
    clip = ClipData(path, about.frames / about.samplerate, float(about.samplerate), start_time=start_time)
    clip.name = Path(path).stem
    guess = 117.3  # BPM; Live's guess of the file's tempo, deliberately wrong
    clip.markers, clip.last_tempo = [(0.0, 0.0)], guess
    clip.warping = world.auto_warp
    if world.auto_warp and clip.seconds > 3:
        clip.markers = [(0.0, 0.13), (2.0, 1.17), (4.0, 2.21)]
    first = 0.13 if world.auto_warp else 0.11  # Auto-Warp moves the start to the detected first beat
    clip.start, clip.end = (first * guess / 60, clip.seconds * guess / 60) if clip.warping else (first, clip.seconds)
    return clip


def older_than(world: World, version: str) -> bool:
    return parse(world.version) < parse(version)
