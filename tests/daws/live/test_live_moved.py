"""Tests that Live's messages name the command of this copy of the bridge, and what is shown after it was moved."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.daws.live.conftest import Start, live_with_clip

GONE = "/removed/.venv/bin/python"


def test_live_says_that_the_bridge_was_moved_and_finds_it_again(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file, command=(GONE, "start"))
    host.ask()
    host.tick(40)
    assert host.said[-1].startswith(f"Remix: the bridge was moved or removed: {GONE} does not exist. Start it once")
    pointer = Path(host.package.__file__).with_name("ace-bridge.json")
    about = {**json.loads(pointer.read_text()), "command": [sys.executable, "-c", "pass"]}
    pointer.write_text(json.dumps(about))  # as a daemon does that starts elsewhere
    host.ask()
    host.tick(40)
    assert host.said[-1] == "Remix: the bridge does not respond. Starting it."
    host.script._starter.wait()


def test_live_names_the_command_of_this_copy_in_hints_too(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    error = {"message_id": "m", "code": "x", "text": "No key.", "hint": "Run `ace-bridge config set-key`."}
    host.outbox(errors=[error])
    host.tick(5)
    assert host.said[-1] == "No key. Run `/my/ace-bridge config set-key`."
