"""What the tests leave out because of Wine. Each entry shows its fault without the project, in at most ten lines.

An entry whose program no longer shows the fault fails the run, so that the tests it excuses come back.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.progress import say
from tests.windows.python import Windows

MOST = 10  # entries, and lines of each program


@dataclass(frozen=True)
class WineFault:
    """A fault of Wine."""

    name: str  # what Wine does differently from Windows
    tests: tuple[str, ...]  # node IDs of the tests to leave out
    program: str  # prints “fault” as its last line under Wine, and “fine” on Windows


CLOSED_PORT = """
import socket
one, two = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
one.bind(("127.0.0.1", 0))
two.sendto(b"x", (one.getsockname(), one.close())[0])
two.settimeout(2)
try:
    two.recv(9)
except OSError as error:
    print("fine" if isinstance(error, ConnectionResetError) else "fault")
"""
OPEN_FILE = """
import os, tempfile
os.chdir(tempfile.mkdtemp())
os.mkdir("one")
with open("one/file", "w"):
    try:
        os.rename("one", "two")
        print("fault")
    except PermissionError:
        print("fine")
"""
FAULTS = (
    WineFault(
        "a socket learns nothing of a closed port",
        ("tests/osc/test_osc_subscribers.py::test_a_dead_subscriber_is_dropped_without_affecting_others",),
        CLOSED_PORT,
    ),
    WineFault(
        "a folder with open files can be renamed",
        (
            "tests/util/test_busy_files.py::test_the_call_succeeds_once_the_reader_has_closed_the_file"
            "[renames_its_folder]",
            "tests/util/test_busy_files.py::test_the_error_is_raised_after_a_second[renames_its_folder]",
        ),
        OPEN_FILE,
    ),
)


def left_out(faults: Sequence[WineFault] = FAULTS) -> list[str]:
    """Return pytest's arguments that leave out the tests."""
    return [f"--deselect={test}" for fault in faults for test in fault.tests]


def stale(windows: Windows, faults: Sequence[WineFault] = FAULTS) -> bool:
    """Run each program, and return whether an entry no longer shows its fault."""
    found = False
    for fault in faults:
        words = windows.command([r"C:\Python\python.exe", "-c", fault.program])
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.stdout.split()[-1:] != ["fault"]:
            say(f"Wine's fault “{fault.name}” is not there; remove its entry. {done.stdout}{done.stderr}")
            found = True
    return found
