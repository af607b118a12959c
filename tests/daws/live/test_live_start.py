"""Tests how Live's script starts the daemon: with the flags of the bridge's own processes, and without a window."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import Any

import pytest

from bridge.config import resources
from bridge.util.spawn import options

SCRIPT = resources.folder("live_script") / "AceBridge"
SPEC = importlib.util.spec_from_file_location(
    "AceBridge", SCRIPT / "pointer.py", submodule_search_locations=[str(SCRIPT)]
)


@pytest.mark.parametrize(("name", "platform"), [("nt", "win32"), ("posix", "linux")])
def test_live_starts_the_daemon_without_a_window(monkeypatch: pytest.MonkeyPatch, name: str, platform: str) -> None:
    assert SPEC is not None
    assert SPEC.loader is not None
    pointer = importlib.util.module_from_spec(SPEC)
    monkeypatch.setitem(sys.modules, "AceBridge", pointer)  # the other modules of the script
    SPEC.loader.exec_module(pointer)
    started: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: started.append((command, how)) or "process")
    monkeypatch.setattr(os, "name", name)
    assert pointer.start(["python", "-m", "bridge", "start"]) == "process"
    monkeypatch.undo()
    ((command, how),) = started
    assert command == ["python", "-m", "bridge", "start"]
    assert {how.pop(stream) for stream in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}
    assert how == options("helper", platform)
