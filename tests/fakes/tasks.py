"""Tasks that misbehave in every way that the worker pool must handle."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.errors import SourceMissing
from tests.fakes import kills

Progress = Callable[[float], None]

NAMES = [
    "echo",
    "steps",
    "refuse",
    "fail",
    "crash",
    "crash_once",
    "leave",
    "hang",
    "pollute",
    "environment",
    "pid",
    "rubbish",
    "stdin",
    "remove_at_the_end",
]
TASKS = {name: f"tests.fakes.tasks:{name}" for name in NAMES} | {"absent": "tests.fakes.nowhere:absent"}


def echo(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return args


def steps(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    for number in range(args["count"]):
        progress(number / args["count"])
    return {}


def refuse(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    raise SourceMissing("The file is not there: é.wav.", hint="Look again.")


def fail(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    raise ZeroDivisionError("a defect of the task")


def crash(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    kills.kill()
    return {}


def crash_once(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    mark = Path(args["mark"])
    if not mark.exists():
        mark.touch()
        kills.kill()
    return {"pid": os.getpid()}


def leave(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    os._exit(3)


def hang(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    Path(args["started"]).write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)


def pollute(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    sys.stdout.write('{"result": "from Python"}\n')
    sys.stdout.flush()
    os.write(1, b'{"result": "from a C library"}\n')
    return {"clean": True}


def environment(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return dict(os.environ)


def pid(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return {"pid": os.getpid()}


def rubbish(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return {"unserialisable": object()}


def stdin(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return whether stdin is the null device and, if so, what this process and a child process read from stdin."""
    if not stat.S_ISCHR(os.fstat(0).st_mode):
        return {"null_device": False}
    child = subprocess.run([sys.executable, "-c", "print(input())"], stdout=subprocess.PIPE, check=False)
    return {"null_device": True, "own": os.read(0, 100).decode(), "of_a_child": child.stdout.decode()}


def remove_at_the_end(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Report progress until the pool closes the pipe, and then remove a file."""
    try:
        for number in range(1_000_000):
            progress(float(number))
    finally:
        Path(args["path"]).unlink()
    return {}
