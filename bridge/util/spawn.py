"""Starts all other processes of the bridge: the daemon, helper processes, and programs such as ffmpeg.

On Windows, a console program opens a console window unless its parent has a console or asks for none. A window over the
DAW would be in the way, and closing it would end the daemon. DETACHED_PROCESS is no solution: the daemon would have no
console, so each of its children would open a window. With CREATE_NO_WINDOW, the daemon has a console without a window,
and all its children use it. See
https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath
from typing import IO, TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:
    import asyncio

Role = Literal["daemon", "helper"]  # a daemon continues after its parent has ended

CREATE_NEW_PROCESS_GROUP = 0x00000200  # Ctrl-C in the parent's console does not reach the process
BELOW_NORMAL_PRIORITY_CLASS = 0x00004000
CREATE_NO_WINDOW = 0x08000000
WINDOWS_FLAGS: Mapping[Role, int] = {
    "daemon": CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP,
    "helper": CREATE_NO_WINDOW,
}
LAUNCHER = "__PYVENV_LAUNCHER__"  # environment variable that tells Python on Windows which virtual environment to use
NICENESS = 10  # added to a worker's niceness on Linux and macOS
CURRENT_PROCESS = -1  # handle of the calling process on Windows


def start(command: Sequence[str], role: Role, output: IO[bytes], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process without waiting for it; its stdin is empty.

    Args:
        command: the program and its arguments.
        role: whether the process continues after its parent has ended.
        output: file for its stdout and stderr.
        environ: its environment.

    Raises:
        OSError: the program cannot be started.
    """
    words, environ = direct(command, environ)
    null = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=null, stdout=output, stderr=output, env=environ, **options(role))


async def start_with_pipes(
    command: Sequence[str], environ: Mapping[str, str], *, line_limit: int, log: bool
) -> asyncio.subprocess.Process:
    """Start a process whose stdin and stdout are pipes.

    Args:
        command: the program and its arguments.
        environ: its environment.
        line_limit: maximum length of a line on its stdout, bytes.
        log: whether its stderr is a pipe, too; otherwise it is discarded.

    Raises:
        OSError: the program cannot be started.
    """
    import asyncio  # imported only here, because workers do not need it

    words, environ = direct(command, environ)
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *words, stdin=pipe, stdout=pipe, stderr=pipe if log else null, env=environ, limit=line_limit, **options()
    )


def run(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, timeout_seconds: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, with an empty stdin, and return its exit code and its output.

    Raises:
        OSError: the program cannot be started.
        TimeoutError: it did not end within `timeout_seconds`, and was killed.
    """
    words, environ = direct(command, os.environ if environ is None else environ)
    null = subprocess.DEVNULL
    try:
        return subprocess.run(
            words, stdin=null, capture_output=True, env=environ, timeout=timeout_seconds, check=False, **options()
        )
    except subprocess.TimeoutExpired as late:
        raise TimeoutError(f"{command[0]} did not end within {timeout_seconds:g} s") from late


def restart(arguments: Sequence[str]) -> NoReturn:
    """Replace this process with a new Python process. Only for POSIX: on Windows, the parent would not wait for it."""
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - the same program, without a shell


def give_way(platform: str = sys.platform) -> None:
    """Lower the priority of this process and its future children, so that the DAW plays on without dropouts.

    Args:
        platform: the system's name, as in `sys.platform`.
    """
    if platform == "win32":
        import ctypes

        kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
        kernel.SetPriorityClass(ctypes.c_void_p(CURRENT_PROCESS), BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(NICENESS)


def options(role: Role = "helper", platform: str = sys.platform) -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` for a role on a platform (as in `sys.platform`)."""
    if platform == "win32":
        return {"creationflags": WINDOWS_FLAGS[role]}
    return {"start_new_session": True} if role == "daemon" else {}


def direct(
    command: Sequence[str],
    environ: Mapping[str, str],
    platform: str = sys.platform,
    python: str = sys.executable,
    base: str = getattr(sys, "_base_executable", sys.executable),
) -> tuple[list[str], dict[str, str]]:
    """Return a command and an environment with which Windows starts this Python without the launcher.

    In a virtual environment on Windows, python.exe is a launcher that starts the real Python as its child: its process
    ID is not the daemon's, and killing it may leave the real Python running (python/cpython#85785). As in
    `multiprocessing`, the real Python is started instead, and a variable names the virtual environment. Without a
    console (pythonw.exe), children still use python.exe, because they write to pipes.

    Args:
        command: the program and its arguments; changed only if the program is `python`.
        environ: the environment to extend.
        platform: the system's name, as in `sys.platform`.
        python: this Python, as in `sys.executable`.
        base: the Python from which the virtual environment was made.
    """
    words, variables = list(command), dict(environ)
    if platform != "win32" or words[0] != python:
        return words, variables
    words[0] = _with_console(base)
    if PureWindowsPath(base) != PureWindowsPath(python):
        variables[LAUNCHER] = _with_console(python)
    return words, variables


def _with_console(python: str) -> str:
    path = PureWindowsPath(python)
    return str(path.with_name("python.exe")) if path.name.lower() == "pythonw.exe" else python
