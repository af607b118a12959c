"""Kills processes so that they cannot react, on every system."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no signals: os.kill ends a process at once
STATUS = int(KILL) if os.name == "nt" else -KILL  # exit status of a process that was killed, as subprocess reports it


def kill(pid: int | None = None) -> None:
    """Kill a process, by default this one."""
    os.kill(os.getpid() if pid is None else pid, KILL)


def gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie counts as ended."""
    if sys.platform == "win32":
        import ctypes

        kernel, code = ctypes.windll.kernel32, ctypes.c_ulong()
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        running = handle and kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value == 259  # STILL_ACTIVE
        kernel.CloseHandle(handle)
        return not running
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc").is_dir():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
