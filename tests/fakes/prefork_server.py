"""A server process that imports modules once and then forks children, so that a daemon starts within milliseconds.

Forking makes hundreds of runs affordable. The children run the real program; they skip only Python's start and
the imports. `python -m tests.fakes.prefork_server SOCKET MODULE…` runs the server.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE, until

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG in prctl(2); ensures that no process outlives the test run
LARGEST = 2**20  # longest request, bytes
ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def prefork_server(path: Path, *modules: str) -> Iterator[Path]:
    """Run a server that imports these modules, and yield the path of the server's socket."""
    command = [sys.executable, "-m", "tests.fakes.prefork_server", str(path), *modules]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)  # the server ends when its stdin closes
    try:

        def up() -> bool:
            if path.exists():
                return True
            assert process.poll() is None, "the prefork server ended"
            return False

        until(up, "the prefork server")
        yield path
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=PATIENCE)


def fork_child(path: Path, function: str, args: Mapping[str, Any], fds: tuple[int, int, int]) -> int:
    """Fork a child that calls a function; return the child's process ID.

    Args:
        path: the prefork server's socket.
        function: the function to call, as `module:function`; its return value is the child's exit status.
        args: the function's argument; less than LARGEST bytes as JSON.
        fds: file descriptors for the child's stdin, stdout and stderr.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.connect(str(path))
        socket.send_fds(link, [json.dumps({"function": function, "args": dict(args)}).encode()], list(fds))
        return int(link.recv(64))


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait up to `seconds` for a process that is not our child to end; return whether the process has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def serve(path: str, modules: list[str]) -> None:
    """Import the modules, then fork children on request until stdin ends."""
    for name in modules:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leave no zombies
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(f"{path}.new")
        door.listen(64)
        os.rename(f"{path}.new", path)
        while True:
            ready, _, _ = select.select([door, 0], [], [])
            if 0 in ready and not os.read(0, 1):
                return
            if door in ready:
                link, _ = door.accept()
                _fork(link, door)


def _fork(link: socket.socket, door: socket.socket) -> None:
    with link:
        try:
            data, fds, _, _ = socket.recv_fds(link, LARGEST, 3)
        except ConnectionResetError:
            data = b""
        if not data:  # the client was killed after connecting but before sending
            return
        request = json.loads(data)
        pid = os.fork()
        if pid:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client was killed
                link.send(str(pid).encode())
            for fd in fds:
                os.close(fd)
            return
    door.close()
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    status = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115
        module, _, name = request["function"].partition(":")
        status = int(getattr(importlib.import_module(module), name)(request["args"]) or 0)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
