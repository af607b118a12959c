"""Finds and kills processes that a test run has started but not ended.

pytest-xdist stores an ID of the run and the name of the worker in environment variables. Every process that a test
starts inherits these variables. When a worker crashes, the processes it has started are killed before the next test
starts. After the tests, `scripts/test` runs this module, which kills and lists all remaining processes; each of them
counts as a failure. It shows the test that started the process, the bridge's home, and where the process hangs:
with PYTHONFAULTHANDLER, a Python process writes this to its log at SIGABRT. This works only on Linux; on other systems,
no process is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

SHOWN = ("PYTEST_CURRENT_TEST", "ACE_BRIDGE_HOME")  # variables of a process that tell where it comes from
LAST = 6_000  # characters of a process's log to show
SECONDS_TO_END = 240.0  # time to let processes end after the last test, and time limit for killing the rest, s


def find(run: str, worker: str = "") -> dict[int, str]:
    """Return the processes started by a run or by one of its workers, as process ID → command line."""
    wanted = {f"PYTEST_XDIST_TESTRUNUID={run}".encode()}
    if worker:
        wanted.add(f"PYTEST_XDIST_WORKER={worker}".encode())
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended or belongs to another user
            if wanted <= set((process / "environ").read_bytes().split(b"\0")) and int(process.name) != os.getpid():
                found[int(process.name)] = (process / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
    return found


def kill(run: str, worker: str = "") -> dict[int, str]:
    """Kill the processes that `find` returns until it returns none, and return all killed processes."""
    killed: dict[int, str] = {}
    end = time.monotonic() + SECONDS_TO_END  # a limit, because a process that waits for a device cannot be killed
    while (found := find(run, worker)) and time.monotonic() < end:
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        killed |= found
        time.sleep(0.05)
    return killed


def describe(process: int) -> str:
    """Return what tells where a process comes from and where it hangs; a Python process ends by this."""
    folder = Path(f"/proc/{process}")
    try:
        environ = dict(
            one.partition("=")[::2] for one in (folder / "environ").read_text("utf-8", "replace").split("\0")
        )
        lines = [f"{name}={environ[name]}" for name in SHOWN if name in environ]
        log = (folder / "fd" / "2").resolve()
        if "PYTHONFAULTHANDLER" in environ and log.is_file():
            os.kill(process, signal.SIGABRT)
            end = time.monotonic() + 5.0
            while folder.exists() and time.monotonic() < end:
                time.sleep(0.05)
            lines.append(log.read_text("utf-8", "replace")[-LAST:])
    except OSError as problem:  # the process has just ended, or its log has been removed
        return f"{problem}"
    return "\n".join(lines)


def main(run: str, seconds_to_end: float = SECONDS_TO_END) -> int:
    """Kill all processes left over from a run. Return the exit status, which is 1 if there were any."""
    end = time.monotonic() + seconds_to_end
    while find(run) and time.monotonic() < end:
        time.sleep(0.1)
    about = {process: f"{process} {command}\n{describe(process)}" for process, command in find(run).items()}
    killed = kill(run)
    for text in (killed | about).values():
        sys.stdout.write(f"left running by a test, now killed: {text}\n")
    return 1 if killed or about else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], 0.0 if sys.argv[2:] == ["now"] else SECONDS_TO_END))
