"""Tests the messages of the Ardour scripts without Ardour: commands that they name, and a bridge that was moved."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.config import resources

TERMINAL = r"'C:\Zoë''s %1 tools\ace-bridge.exe'"  # with characters that have a meaning in Lua's patterns
GONE = "/removed/.venv/bin/python"


class Ardour:
    """The scripts' modules in Ardour's Lua 5.3, with a mock of its message boxes."""

    def __init__(self, folder: Path) -> None:
        self.boxes: list[str] = []
        lua = importlib.import_module("lupa.lua53").LuaRuntime(unpack_returned_tuples=True)
        lua.globals().record = self.boxes.append
        lua.execute(
            "local function message (_, text) record (text) return { run = function () return 1 end } end\n"
            "LuaDialog = { Message = message, MessageType = {}, ButtonType = {}, Response = { Yes = 1 } }"
        )
        self.core = lua.eval("function (folder) return loadfile (folder .. '/core.lua') (folder) end")(str(folder))

    def module(self, name: str) -> Any:
        return self.core.need(name)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The folder in which the installer puts the modules, with the pointer file."""
    folder = tmp_path / "ace-bridge"
    folder.mkdir()
    lib = resources.folder("ardour_scripts") / "lib"
    shared = [resources.file("reaper_scripts", f"lib/{name}.lua") for name in ("files", "json", "wave")]
    for path in (*lib.glob("*.lua"), *shared):
        (folder / path.name).write_bytes(path.read_bytes())
    about = {"home": str(tmp_path), "command": [GONE, "start"], "version": "1", "terminal": TERMINAL}
    (folder / "ace-bridge.json").write_text(json.dumps(about), "utf-8")
    return folder


def test_ardour_names_the_command_of_this_copy(scripts: Path) -> None:
    ardour = Ardour(scripts)
    ardour.module("show").problem("Run `ace-bridge doctor`.")
    assert ardour.boxes == [f"Run `{TERMINAL} doctor`."]
    (scripts / "ace-bridge.json").unlink()
    ardour.module("show").problem("Run `ace-bridge doctor`.")
    assert ardour.boxes[1:] == ["Run `ace-bridge doctor`."]


def test_ardour_notices_that_the_bridge_was_moved(scripts: Path) -> None:
    lost = Ardour(scripts).module("link").lost_program
    assert lost() == GONE
    pointer = scripts / "ace-bridge.json"
    pointer.write_text(json.dumps({**json.loads(pointer.read_text("utf-8")), "command": [sys.executable, "start"]}))
    assert lost() is None
