"""The environment of an Ardour test: an Ardour with the bridge's scripts, a daemon and a session."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.installers import ardour_slots
from tests.daws.ardour import saved
from tests.daws.ardour.rig import Ardour
from tests.fakes.processes import Daemon, end, environment, outbox
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[3]
OPEN = ("new", "waiting", "rendering", "uploading", "submitting", "queued", "running", "fetching", "fitting", "ready")

IMPORT = """
local files = C.StringVector () files:push_back ("{path}")
local make = {embed}
if make then
  Editor:do_embed (files, Editing.ImportDistinctFiles, Editing.ImportAsTrack, Temporal.timepos_t (0),
    ARDOUR.PluginInfo (), ARDOUR.Track ())
else
  Editor:do_import (files, Editing.ImportDistinctFiles, Editing.ImportAsTrack, ARDOUR.SrcQuality.SrcBest,
    ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore, Temporal.timepos_t (0),
    ARDOUR.PluginInfo (), ARDOUR.Track (), false)
end
local region
for route in Session:get_tracks ():iter () do
  if route:name () == "{name}" then
    for one in route:to_track ():playlist ():region_list ():iter () do region = one end
  end
end
region:trim_end (Temporal.timepos_t ({start} + {length}))
region:trim_front (Temporal.timepos_t ({start}))
region:set_position (Temporal.timepos_t ({position}))
return region:to_stateful ():id ():to_s ()
"""

SELECT = """
local list, count = ArdourUI.SelectionList (), 0
for route in Session:get_tracks ():iter () do
  for region in route:to_track ():playlist ():region_list ():iter () do
    if ({ids})[region:to_stateful ():id ():to_s ()] then
      local view = Editor:regionview_from_region (region)
      if view then list:push_back (view) count = count + 1 end
    end
  end
end
if count > 0 then Editor:set_selection (list, ArdourUI.SelectionOp.Set) end
local selected = 0
for _ in Editor:get_selection ().regions:regionlist ():iter () do selected = selected + 1 end
return selected
"""

REGION = """
local function region (id)
  for route in Session:get_tracks ():iter () do
    for one in route:to_track ():playlist ():region_list ():iter () do
      if one:to_stateful ():id ():to_s () == id then return one, route end
    end
  end
end
"""


class Studio:
    """An Ardour, the bridge's folder and a session."""

    def __init__(self, ardour: Ardour, home: Path, session: Path, rate: int) -> None:
        self.ardour, self.home, self.session, self.rate = ardour, home, session, rate
        self.daemon: Daemon | None = None

    # --- bridge ------------------------------------------------------------------------------------------------------

    def bridge(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `ace-bridge` with this Ardour's HOME."""
        environ = {**environment(self.home), "HOME": str(self.ardour.home), "XDG_CONFIG_HOME": ""}
        return subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=check,
            timeout=PATIENCE,
        )

    def start_daemon(self, **environ: str) -> None:
        self.daemon = Daemon(self.home, **environ)
        self.daemon.wait_until_up()

    def osc_port(self) -> int:
        return int(json.loads((self.home / "daemon.json").read_bytes())["osc_port"])

    def settings(self, **remix: Any) -> None:
        """Write the settings that the action "Remix with last settings" uses."""
        placement = {"mode": remix.pop("mode", "new_track"), "source": remix.pop("source", "keep")}
        text = json.dumps({"remix": remix, "placement": placement})
        (self.home / "ardour-last.json").write_text(text)

    def memory(self) -> dict[str, Any]:
        return self.memory_of(self.session)

    def memory_of(self, session: Path) -> dict[str, Any]:
        """Return the state that the scripts have stored for a session, or an empty state if there is none."""
        for path in self.home.glob("ardour-????????????????.json"):
            found: dict[str, Any] = json.loads(path.read_text())
            if found["project"] == str(session.parent):
                return found
        return {}

    def requests(self) -> list[dict[str, Any]]:
        """Return the arguments of every remix request that the daemon has accepted."""
        with contextlib.closing(sqlite3.connect(self.home / "bridge.db")) as database:
            rows = database.execute("SELECT value FROM jobs ORDER BY created")
            return [json.loads(value)["request"] for (value,) in rows]

    def outbox(self) -> dict[str, Any]:
        return outbox(self.home, str(self.memory().get("instance")))

    def variations(self) -> list[dict[str, Any]]:
        return [one for job in self.outbox()["jobs"] for one in job["variations"]]

    def finished(self, count: int = 1, timeout: float = PATIENCE) -> list[dict[str, Any]]:
        """Wait until there are at least `count` variations and all variations have ended; return all variations."""

        def look() -> list[dict[str, Any]] | None:
            found = self.variations()
            ended = [one for one in found if one["state"] in ("done", "failed", "cancelled", "unknown")]
            return found if len(found) >= count and len(ended) == len(found) else None

        try:
            return until(look, "the remix", timeout)
        except AssertionError as error:
            log = self.home / "logs" / "bridge.log"
            tail = log.read_text()[-1500:] if log.exists() else ""
            raise AssertionError(f"{error}: {json.dumps(self.outbox(), indent=1)}\n{tail}") from None

    # --- Ardour ------------------------------------------------------------------------------------------------------

    def lua(self, code: str) -> str:
        return self.ardour.run(code)

    def clip(self, path: Path, *, position: int, start: int, length: int, embed: bool = False) -> str:
        """Put a file on a new track, trim the new region, and return the region's ID."""
        code = IMPORT.format(
            path=path, name=path.stem, position=position, start=start, length=length, embed=str(embed).lower()
        )
        return self.lua(code)

    def select(self, *ids: str) -> None:
        wanted = "{" + ",".join(f'["{one}"]=true' for one in ids) + "}"
        code = SELECT.replace("{ids}", wanted)
        until(lambda: self.lua(code) == str(len(ids)), "the selection")

    def selected(self) -> list[str]:
        """Return the IDs of the selected regions."""
        return self.lua(
            """
            local ids = {}
            for region in Editor:get_selection ().regions:regionlist ():iter () do
              ids[#ids + 1] = region:to_stateful ():id ():to_s ()
            end
            return table.concat (ids, " ")
            """
        ).split()

    def change(self, id_: str, code: str) -> None:
        """Run Lua code in which `one` is a region and `route` is the region's track."""
        self.lua(f'{REGION}\nlocal one, route = region ("{id_}")\n{code}')

    def action(self, name: str) -> None:
        """Trigger one of the bridge's actions over Ardour's OSC control surface."""
        self.ardour.action(self.slot(name))

    def slot(self, name: str) -> str:
        numbers = ardour_slots.numbers((self.ardour.config / "ui_scripts").read_bytes())
        return next(f"LuaAction/script-{number}" for title, number in numbers.items() if name in title)

    def window(self, title: str) -> str:
        """Wait for a window with this title, and return the window's ID."""
        return until(lambda: self.windows(title) or None, f"a window “{title}”")

    def windows(self, title: str) -> str:
        return self.ardour.hands("search", "--onlyvisible", "--name", title).strip()

    def answer(self, title: str, key: str) -> None:
        """Press a key repeatedly in the window with this title until the window closes."""
        window = self.window(title).split()[0]

        def closed() -> bool:
            self.ardour.hands("mousemove", "--window", window, "20", "20", "windowfocus", window, "key", key)
            return not self.windows(title)

        until(closed, f"the end of “{title}”")

    def agree(self, title: str) -> None:
        """Click OK, in the lower right corner of the window with this title, repeatedly until the window closes."""
        window = self.window(title).split()[0]

        def closed() -> bool:
            said = self.ardour.hands("getwindowgeometry", "--shell", window)
            size = dict(line.split("=") for line in said.splitlines())
            if size:
                corner = str(int(size["WIDTH"]) - 40), str(int(size["HEIGHT"]) - 22)
                self.ardour.hands("mousemove", "--window", window, *corner, "click", "1")
            return not self.windows(title)

        until(closed, f"the end of “{title}”")

    def ask(self, *ids: str) -> None:
        """Select regions and remix them with the last settings; wait until the job is in the outbox."""
        before = len(self.outbox()["jobs"])
        self.select(*ids)
        self.action("last settings")
        until(lambda: len(self.outbox()["jobs"]) > before, "the job")

    def ticks(self, count: int = 12) -> None:
        """Wait for `count` ticks of the hooks' timer; each Lua call that a test makes takes one tick."""
        for _ in range(count):
            self.lua("return 1")

    def save(self) -> list[saved.Track]:
        """Save the session, and return its tracks."""
        self.lua('Session:save_state ("", false, false, false, false, false)')
        return saved.tracks(self.session, self.rate)

    def close(self) -> None:
        if self.ardour.process is not None:
            end(self.ardour.process)
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.stop()
        elif (self.home / "daemon.json").exists():  # Ardour started this daemon
            self.bridge("stop")


def music(path: Path, rate: int = 48_000, seconds: float = 8.0, channels: int = 2, subtype: str = "PCM_24") -> Path:
    """Write a file with chords over a beat at 120 BPM; the channels differ."""
    rng = np.random.default_rng(5)
    t = np.arange(round(seconds * rate)) / rate
    beat = rng.normal(0, 0.3, len(t)) * np.exp(-40 * (t % 0.5))
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)) / 3 * np.exp(-2 * (t % 2.0))
    sides = [0.4 * (beat + chord * (1 - 0.4 * side) + 0.02 * rng.normal(0, 1, len(t))) for side in range(channels)]
    soundfile.write(path, np.stack(sides, axis=1).clip(-0.95, 0.95), rate, subtype=subtype)
    return path
