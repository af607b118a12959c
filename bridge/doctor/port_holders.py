"""Names the programs that use a port."""

from __future__ import annotations

import contextlib
import csv
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from bridge.util import spawn

Run = Callable[..., subprocess.CompletedProcess[bytes]]
PATIENCE = 10.0  # s; time limit for each of the system's programs


def holders(port: int, platform: str, proc: Path = Path("/proc"), run: Run = spawn.run) -> list[str]:
    """Return the name and process ID of each program that uses the port and is visible to this user.

    Args:
        port: a UDP and TCP port.
        platform: the system's name, as in `sys.platform`.
        proc: the folder with Linux's processes.
        run: runs a program of the system.
    """
    if platform == "linux":
        return _from_proc(port, proc)
    with contextlib.suppress(OSError):
        if platform == "darwin":
            return _from_lsof(port, run)
        if platform == "win32":
            return _from_netstat(port, run)
    return []


def _from_lsof(port: int, run: Run) -> list[str]:
    command = ["/usr/sbin/lsof", "-nP", "-Fpc", f"-iUDP:{port}", f"-iTCP:{port}"]
    output = run(command, timeout_seconds=PATIENCE).stdout.decode(errors="replace")
    return [f"{name} (process {pid})" for pid, name in re.findall(r"^p(\d+)\nc(.*)$", output, re.MULTILINE)]


def _from_netstat(port: int, run: Run) -> list[str]:
    """Find the port among the local addresses, the second column, and the process ID in the last one.

    The words between them are in the user's language. A closed TCP connection belongs to process 0.
    """
    output = run(["netstat", "-ano"], timeout_seconds=PATIENCE).stdout.decode(errors="replace")
    rows = [fields for line in output.splitlines() if (fields := line.split())[:1] in (["UDP"], ["TCP"])]
    pids = {int(fields[-1]) for fields in rows if fields[1].endswith(f":{port}") and fields[-1].isdigit()}
    return [_named(pid, run) for pid in sorted(pids - {0})]


def _named(pid: int, run: Run) -> str:
    """Return a Windows process as text; its name is the first column of tasklist's CSV output."""
    command = ["tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH"]
    output = run(command, timeout_seconds=PATIENCE).stdout.decode(errors="replace")
    row = next(csv.reader(line for line in output.splitlines() if f'"{pid}"' in line), ["an unnamed program"])
    return f"{row[0]} (process {pid})"


def _from_proc(port: int, proc: Path) -> list[str]:
    """Find the port's socket inodes in /proc/net, and the processes with links to these inodes in fd/ (proc(5))."""
    inodes = set()
    for name in ("udp", "udp6", "tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / name).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port and fields[9] != "0":
                    inodes.add(f"socket:[{fields[9]}]")
    found = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        with contextlib.suppress(OSError):  # the process belongs to another user, or has just ended
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8", "replace").strip()
                found.append(f"{name} (process {process.name})")
    return found
