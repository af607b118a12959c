"""Runs the real script in the mock Live: loads the shipped folder, ticks the script, and collects its output."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import shutil
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.config import resources
from tests.daws.live.double import Thing, WarpMarker, World
from tests.daws.live.table import members
from tests.daws.live.the_set import ClipData, SlotData, TrackData

_numbers = itertools.count(1)


class Clock:
    """A clock that advances only when the test changes it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Instance:
    """The mock of the `c_instance` object that Live passes to a script."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: list[str] = []
        self.logged: list[str] = []
        self.midi: list[tuple[int, ...]] = []

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"c_instance has no {name}")

    def song(self) -> Thing:
        return self.world.wrap("Song")

    def show_message(self, text: str) -> None:
        assert isinstance(text, str)
        self.said.append(text)

    def log_message(self, text: str) -> None:
        self.logged.append(text)

    def send_midi(self, midi: tuple[int, ...]) -> None:
        assert isinstance(midi, tuple)
        assert all(0 <= byte <= 255 for byte in midi)
        self.midi.append(midi)

    def handle(self) -> int:
        return 77


class Host:
    """A running mock Live that has loaded the script as a control surface."""

    def __init__(
        self,
        world: World,
        folder: Path,
        home: Path | None,
        clock: Callable[[], float] | None = None,
        plant: tuple[str, str, str] | None = None,
        command: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.clock = clock or Clock()
        self.wall = Clock()
        self.home = home
        self.instance = Instance(world)
        self.package = load(world, folder, home, plant, command)
        self.script = self.start()

    def start(self) -> Any:
        return self.package.script.AceBridge(self.instance, self.clock, self.wall)

    @property
    def id(self) -> str:
        return str(self.script._instance)

    @property
    def said(self) -> list[str]:
        return self.instance.said

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.world.before_tick()
            self.script.update_display()
            self.world.after_tick()
            if isinstance(self.clock, Clock):
                self.clock.now += 0.1

    # --- the daemon --------------------------------------------------------------------------------------------------

    def messages(self, command: str) -> list[dict[str, Any]]:
        """Return the messages in the inbox that have this command, oldest first."""
        assert self.home is not None
        found = []
        for path in (self.home / "inbox").glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # a daemon has just read and removed the message
                message = json.loads(path.read_bytes())
                if message["command"] == command:
                    found.append((path.stat().st_mtime_ns, message))
        return [message for _, message in sorted(found, key=lambda one: one[0])]

    def outbox(self, **content: Any) -> None:
        """Write this instance's outbox as the daemon does."""
        assert self.home is not None
        whole = {"protocol": 1, "instance": self.id, "updated": self.wall(), "jobs": [], "place": [], "errors": []}
        whole |= {"daemon": {"version": self.package.VERSION, "alive": True}, "ask": None, **content}
        path = self.home / "outbox" / f"{self.id}.json"
        partial = path.with_suffix(".tmp")
        partial.write_text(json.dumps(whole), encoding="utf-8")
        partial.replace(path)

    def ask(self) -> None:
        """Ask the script for the selection through the outbox, as the daemon does after `/bridge/remix`."""
        self.outbox(ask={"id": f"ask-{next(_numbers)}", "command": "selection"})
        self.tick(4)

    def offer(self, message: Mapping[str, Any], path: Path, samples: int, **changes: Any) -> str:
        """Offer one result for a request; return the result's variation ID."""
        variation = self.variation(message, path, samples, **changes)
        self.delivery(message, [variation])
        return str(variation["variation_id"])

    def delivery(self, message: Mapping[str, Any], variations: Sequence[dict[str, Any]]) -> None:
        """Offer several results for one request."""
        job = {"job_id": f"job-of-{message['message_id']}", "message_id": message["message_id"], "state": "placing"}
        self.outbox(jobs=[{**job, "variations": variations}], place=[one["variation_id"] for one in variations])

    def variation(
        self, message: Mapping[str, Any], path: Path, samples: int, *, index: int = 0, **changes: Any
    ) -> dict[str, Any]:
        """Return a result in the outbox's format."""
        variation_id = str(changes.pop("variation_id", f"variation-{next(_numbers)}"))
        result = {"path": str(path), "sample_rate": 48_000, "samples": samples, "source_offset": 0.0, **changes}
        variation = {"variation_id": variation_id, "clip_id": message["args"]["clips"][0]["id"], "index": index}
        variation |= {"state": "placing", "progress": 0.96, "message": "offered to the DAW"}
        return {**variation, "result": result, "error": None}


def load(
    world: World,
    folder: Path,
    home: Path | None,
    plant: tuple[str, str, str] | None = None,
    command: tuple[str, ...] = (),
) -> Any:
    """Import a copy of the shipped folder under a unique name, so that each mock Live has its own modules.

    Args:
        world: the mock Live that loads the script.
        folder: the folder for the copy.
        home: the bridge's folder, written to the pointer file; None if the bridge is not installed for Live.
        plant: a mistake to plant in the copy: (file, text, replacement); None for none.
        command: the command that starts the daemon, written to the pointer file.
    """
    name = f"AceBridge_{next(_numbers)}"
    shutil.copytree(
        resources.folder("live_script") / "AceBridge", folder / name, ignore=shutil.ignore_patterns("__py*")
    )
    if home is not None:
        about = {"home": str(home), "command": command, "version": "0.1.0", "terminal": "/my/ace-bridge"}
        (folder / name / "ace-bridge.json").write_text(json.dumps(about), encoding="utf-8")
    if plant is not None:
        path = folder / name / plant[0]
        text = path.read_text(encoding="utf-8")
        assert plant[1] in text, f"{plant[0]} has changed: plant the mistake elsewhere"
        path.write_text(text.replace(plant[1], plant[2]), encoding="utf-8")
    with _live_module(world), _on_path(folder):
        package = importlib.import_module(name)
        importlib.import_module(f"{name}.script")
    return package


@contextlib.contextmanager
def _live_module(world: World) -> Iterator[None]:
    module = types.ModuleType("Live")
    application = types.SimpleNamespace(get_application=lambda: world.wrap("Application"))
    clip = types.SimpleNamespace(WarpMarker=WarpMarker)
    names = members(world.version)["MidiMap(module)"]
    midi = types.SimpleNamespace(**{name: _forward(world, name) for name in names if name.startswith("forward_midi_")})
    module.__dict__.update({"Application": application, "Clip": clip, "MidiMap": midi})
    sys.modules["Live"] = module
    try:
        yield
    finally:
        del sys.modules["Live"]


def _forward(world: World, name: str) -> Callable[[int, int, int, int], bool]:
    def forward(script_handle: int, map_handle: int, channel: int, number: int) -> bool:
        assert script_handle == 77
        world.forwarded.append((name, channel, number))
        return True

    return forward


@contextlib.contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


# --- Sets ------------------------------------------------------------------------------------------------------------


def put_clip(world: World, path: Path, seconds: float, *, slot: int | None = None, **about: Any) -> ClipData:
    """Put a clip on the Set's second track, select it, and return its data."""
    state = world.state
    if not state.tracks:
        state.add_track("Drums")
        state.add_track("Loop")
        state.add_track("Keys")
    track: TrackData = state.tracks[1]
    if slot is None:
        about = {"start_time": 16.0, **about}
    clip = ClipData(str(path), seconds, **{"name": "break", "color": 0x123456, **about})
    cell: SlotData = track.slots[slot or 0]
    if slot is None:
        track.clips.append(clip)
    else:
        cell.clip = clip
    state.selected_track, state.detail_clip, state.highlighted_slot = track.ptr, clip.ptr, cell.ptr
    return clip
