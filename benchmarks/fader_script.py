"""Measures how long REAPER's fader action takes, from its start until it has stored the amount.

    .venv/bin/python benchmarks/fader_script.py [COUNT]

Each run has a new Lua state, as in REAPER. The functions of REAPER's API are empty, so their time is not included.
Prints the median and the slowest run in milliseconds, and for comparison those of an action that loads all modules.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lupa.lua54 import LuaRuntime

SCRIPTS = Path(__file__).resolve().parents[1] / "reaper_scripts"
ACTIONS = ("Amount (fader)", "List jobs")
REAPER = """
local resources, path = ...
local stored = {}
reaper = {
  get_action_context = function() return false, path, 0, 1, 0, 127, 64, 'midi:b0:07' end,
  GetAppVersion = function() return '7.60/linux-x86_64' end,
  GetResourcePath = function() return resources end,
  GetExtState = function(_, key) return stored[key] or '' end,
  SetExtState = function(_, key, value) stored[key] = value end,
  APIExists = function() return true end,
  set_action_options = function() end,
  defer = function() end,
  genGuid = function() return '{00000000-0000-0000-0000-000000000000}' end,
  ShowConsoleMsg = function() end,
  MB = function(text) error(text) end,
}
"""


def milliseconds(name: str, resources: Path) -> float:
    """Return the duration of one run of an action."""
    path = SCRIPTS / f"ace-bridge_{name}.lua"
    lua = LuaRuntime()
    lua.execute(REAPER, str(resources), str(path))
    run = lua.eval("function(path) loadfile(path)() end")
    start = time.perf_counter()
    run(str(path))
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        pointer = Path(folder) / "Scripts" / "ACE Bridge" / "ace-bridge.json"
        pointer.parent.mkdir(parents=True)
        pointer.write_text(json.dumps({"home": folder, "command": ["ace-bridge"], "version": "0"}))
        for name in ACTIONS:
            times = [milliseconds(name, Path(folder)) for _ in range(count)]
            print(f"{name:15} median {statistics.median(times):.2f} ms, slowest {max(times):.2f} ms")


if __name__ == "__main__":
    main()
