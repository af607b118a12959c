"""A mock REAPER with the shipped scripts, a project, and a bridge folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.daws.reaper.host import Host
from tests.daws.reaper.model import Item, Project, Track, add_item
from tests.fakes.processes import outbox
from tests.fakes.studio import write_tone
from tests.waiting import PATIENCE, described, until

SCRIPTS = Path(__file__).parents[3] / "reaper_scripts"


class Rig:
    """A mock REAPER, its project and a bridge folder, for one test."""

    def __init__(self, home: Path, tmp_path: Path, *, name: str = "REAPER", **options: Any) -> None:
        self.home = home
        self.resources = tmp_path / name
        self.scripts = self.resources / "Scripts" / "ACE Bridge"
        self.host = Host(self.resources, **options)
        self.host.home = home
        self.host.paths.has_home(home)
        if not self.scripts.exists():
            shutil.copytree(SCRIPTS, self.scripts)
            pointer = {
                "home": self.host.paths.shown(home),
                "command": ["python", "-m", "bridge", "start"],
                "version": "0",
            }
            (self.scripts / "ace-bridge.json").write_text(json.dumps(pointer))
            catalogue = {"presets": [{"name": "lofi-tape"}], "price": {"currency": "USD", "per_second": 0.0002}}
            (self.scripts / "catalogue.json").write_text(json.dumps(catalogue))
        self.folder = tmp_path / "Media"
        self.folder.mkdir(exist_ok=True)
        self.project: Project = self.host.open_project(self.folder, str(tmp_path / "song.rpp"))
        self.tone = tmp_path / "tone.wav"
        if not self.tone.exists():
            write_tone(self.tone, 3.0)

    def track(self, name: str = "Guitar", depth: int = 0) -> Track:
        return self.project.add_track(name, depth)

    def item(self, position: float = 4.0, length: float = 1.0, offset: float = 0.5, track: Track | None = None) -> Item:
        return add_item(track or self.track(), self.tone, position, length, offset)

    def choose(self, **remix: Any) -> None:
        """Store choices as the dialog does, for "Remix with last settings"."""
        placement = {"mode": remix.pop("mode", "new_track"), "source": remix.pop("source", "keep")}
        choices = {"remix": {"tags": "dub", "seed": 7, "engine": "offline", **remix}, "placement": placement}
        self.host.kept["ace-bridge", "wishes"] = json.dumps(choices)

    def act(self, name: str) -> None:
        """Run an action of the shipped scripts; none may leave an undo point that it did not name."""
        file = f"ace-bridge_{name}.lua"
        self.host.run(self.scripts / "lib" / file if name == "Service" else self.scripts / file)
        points = [point for project in self.host.projects for point, _ in project.history]
        assert not [point for point in points if point.startswith("ReaScript: ")], points

    def hold(self, name: str, presses: int = 5) -> None:
        """Hold the key of an action, so that the action runs several times."""
        self.host.hold(self.scripts / f"ace-bridge_{name}.lua", presses)

    def messages(self, command: str = "") -> list[dict[str, Any]]:
        """Return the messages in the inbox that have this command (default: all messages), oldest first."""
        found = []
        for file in (self.home / "inbox").glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # a daemon has just read and removed the message
                found.append((file.stat().st_mtime_ns, json.loads(file.read_bytes())))
        found.sort(key=lambda one: one[0])
        return [one for _, one in found if one["command"] == command or not command]

    @property
    def instance(self) -> str:
        return str(json.loads(self.host.ext["ace-bridge", "instance"]))

    def outbox(self) -> dict[str, Any]:
        return outbox(self.home, self.instance)

    def until(self, look: Callable[[], Any], what: str = "", timeout: float = PATIENCE) -> Any:
        """Run the mock until `look` returns a true value; its clock pauses while a real daemon reads messages."""

        def tick() -> Any:
            if not (self.messages() and self._daemon_runs()):
                self.host.tick()
            assert not self.host.violations, self.host.violations
            return look() or None

        return until(tick, what or described(look), timeout)

    def _daemon_runs(self) -> bool:
        """Return whether a real daemon is running; on a busy machine, the daemon is slower than the mock."""
        try:
            os.kill(json.loads((self.home / "daemon.json").read_bytes())["pid"], 0)
        except (OSError, ValueError):
            return False
        return True

    def answer(self, **document: Any) -> None:
        """Write this instance's outbox as the daemon does."""
        empty = {"protocol": 1, "instance": self.instance, "updated": 0.0, "daemon": {"version": "0", "alive": True}}
        content = {**empty, "jobs": [], "place": [], "ask": None, "errors": [], **document}
        (self.home / "outbox" / f"{self.instance}.json").write_text(json.dumps(content))


def job(message_id: str, path: Path, *, state: str = "placing", count: int = 1, lead: float = 0.0, **more: Any) -> Any:
    """Return a job in the outbox's format; all results of the job are at `path`."""
    result = {
        "path": str(path), "sample_rate": 48_000, "samples": 48_000, "source_offset": lead, "offset_ms": 0.0,
        "gain_db": 0.0, "recipe": str(path) + ".json", "placed": False,
    }  # fmt: skip
    variations = [
        {
            "variation_id": f"v{clip}-{message_id[:4]}", "clip_id": f"clip-{clip + 1}", "index": 0, "seed": 7,
            "state": state, "reason": None, "stage": None, "progress": 1.0, "message": "", "queue_position": None,
            "result": result, "error": more.get("error"),
        }
        for clip in range(count)
    ]  # fmt: skip
    cost = {"currency": "USD", "estimated": 0.0, "billed_units": None, "billed": None}
    about = {"job_id": f"j-{message_id[:4]}", "message_id": message_id, "engine": "offline", "cost": cost}
    return {**about, "state": state, "warnings": [], "variations": variations}
