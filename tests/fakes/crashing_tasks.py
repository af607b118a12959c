"""The signal tasks of the bridge, where reading a clip kills the process as long as a file tells it to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.workers.task_table import TASKS as REAL
from bridge.workers.tasks.render import render as really

TASKS = {**REAL, "render": "tests.fakes.crashing_tasks:render"}


def render(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Die while CRASHING names a file; the word "once" in it is good for one death."""
    crashing = Path(os.environ["CRASHING"])
    if crashing.exists():
        if crashing.read_text() == "once":
            crashing.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return really(args, progress)
