"""The lines into the bridge: does the daemon run, is it of this version, who holds its port, who can reach it?"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.client import Client
from bridge.config.settings import NO_SECRET
from bridge.doctor.base import Context, Finding
from bridge.util.addresses import is_loopback


def look(context: Context) -> Iterator[Finding]:
    """Look at daemon and ports."""
    about = Client(context.home).daemon()
    yield _daemon(context, about)
    yield _port(context, about)
    yield _reach(context)


def _daemon(context: Context, about: dict[str, Any] | None) -> Finding:
    if about is None:
        crashed = (context.home / "daemon.json").exists()
        text = "The bridge does not run" + (", and did not end by itself last time." if crashed else ".")
        return Finding("daemon", "hint", text, "ace-bridge start; the DAW's scripts start it too.")
    if about.get("version") != __version__:
        text = f"The bridge that runs is version {about.get('version')}, this command is {__version__}."
        return Finding("daemon", "trouble", text, "ace-bridge stop, then ace-bridge start.")
    return Finding("daemon", "well", f"The bridge runs (process {about['pid']}, OSC port {about['osc_port']}).")


def _port(context: Context, about: dict[str, Any] | None) -> Finding:
    host, port = context.settings.osc.host, context.settings.osc.port
    if about is not None:
        if port not in (0, about["osc_port"]):
            text = f"Controllers shall find the bridge at port {port}, and it listens at {about['osc_port']}."
            return Finding(
                "port", "trouble", text, "ace-bridge stop, then ace-bridge start: then it takes the new one."
            )
        return Finding("port", "well", f"Controllers reach the bridge at OSC port {about['osc_port']}.")
    if port == 0:
        return Finding(
            "port", "hint", "The OSC port is another one at each start.", "Controllers need a fixed [osc] port."
        )
    if _is_free(host, port):
        return Finding("port", "well", f"OSC port {port} is free for the bridge.")
    names = ", ".join(holders(port, context.platform)) or "another program"
    text = f"OSC port {port} is held by {names}, so the bridge cannot start."
    return Finding("port", "trouble", text, "End that program, or set another [osc] port here and in your controller.")


def _reach(context: Context) -> Finding:
    host = context.settings.osc.host
    if is_loopback(host):
        return Finding("reach", "well", "Only programs of this machine reach the bridge.")
    may = "cannot order remixes" if context.settings.osc.secret == NO_SECRET else "order remixes with the secret"
    text = f"The bridge listens on {host}: other devices of the network may control it, and {may}."
    return Finding("reach", "hint", text, "If no tablet or console needs that, set [osc] host to 127.0.0.1.")


def _is_free(host: str, port: int) -> bool:
    """Try to have the port, over UDP and TCP, and let go of it at once."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
            with socket.socket(family, kind) as trial:
                if kind == socket.SOCK_STREAM:
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
        except OSError:
            return False
    return True


def holders(port: int, platform: str, proc: Path = Path("/proc")) -> list[str]:
    """Return name and process id of the programs that hold a port, as far as this user may know them."""
    if platform == "linux":
        return _from_proc(port, proc)
    if platform == "darwin":
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            asked = ["/usr/sbin/lsof", "-nP", "-Fpc", f"-iUDP:{port}", f"-iTCP:{port}"]
            said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout
            return [f"{name} (process {pid})" for pid, name in re.findall(r"^p(\d+)\nc(.*)$", said, re.MULTILINE)]
    return []


def _from_proc(port: int, proc: Path) -> list[str]:
    """Read who has a port's sockets: /proc/net has them by inode, each process's fd/ links to its own (proc(5))."""
    inodes = set()
    for name in ("udp", "udp6", "tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / name).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port and fields[9] != "0":
                    inodes.add(f"socket:[{fields[9]}]")
    found = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        with contextlib.suppress(OSError):  # others' processes, and those that end meanwhile
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8", "replace").strip()
                found.append(f"{name} (process {process.name})")
    return found
