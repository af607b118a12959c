"""The bridge's tasks, with a `render` that kills its own process if a given file exists."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.workers.task_table import TASKS as REAL
from bridge.workers.tasks.render import render as real_render
from tests.fakes import kills

TASKS = {**REAL, "render": "tests.fakes.crashing_tasks:render"}


def render(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Kill this process if the file `$CRASHING` exists (only once if the file contains "once"); otherwise render."""
    crashing = Path(os.environ["CRASHING"])
    if crashing.exists():
        if crashing.read_text() == "once":
            crashing.unlink()
        kills.kill()
    return real_render(args, progress)
