"""Ableton Live: does the script answer that runs there, is it of this version, what does Live's own log say of it?"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.doctor.base import Context, Finding
from bridge.installers.live import NAME, own_files
from bridge.osc.packet import PacketError, build, parse

PATIENCE = 1.5  # s: Live looks at its socket ten times a second
REPORT = Path("live", "selftest.json")  # in the home
TAIL = 1 << 18  # bytes of the log's end that are read
TROUBLE = "RemoteScriptError"  # begins each line of a script's error in Live's log


def look(context: Context) -> Iterator[Finding]:
    """Look at every script that says where it listens, and at the log of the Live that ran last."""
    for path in sorted((context.home / "live").glob("instance-*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            yield from _script(int(json.loads(path.read_bytes())["port"]), context.home / REPORT)
    for path in own_files(context.environ, context.platform, "Log.txt")[:1]:
        with contextlib.suppress(OSError):
            yield from _log(path)


def _script(port: int, report: Path) -> Iterator[Finding]:
    check, answer = "live.script", _ping(port)
    if answer is None:
        text = f"No script of Ableton Live answers at port {port}."
        fix = "Close Live's menu or dialog if one is open. If Live has ended, all is well."
        yield Finding(check, "hint", text, fix)
        return
    version = str(answer[0]) if answer else "unknown"
    if version != __version__:
        text = f"Ableton Live runs the script of version {version}, the bridge is {__version__}."
        yield Finding(check, "trouble", text, "ace-bridge install live, then restart Live.")
        return
    yield Finding(check, "well", f"The script in Ableton Live answers at port {port}.")
    if not report.exists():
        text = "Ableton Live's self-test was not run yet; it settles what is not certain of this Live."
        yield Finding("live.selftest", "hint", text, f"In an empty Set: ace-bridge send --port {port} /bridge/selftest")


def _ping(port: int) -> tuple[Any, ...] | None:
    """Return what the script says of itself, or None when it says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(PATIENCE)
        with contextlib.suppress(OSError, PacketError):
            channel.connect(("127.0.0.1", port))
            channel.send(build("/bridge/ping"))
            for message in parse(channel.recv(65_536), 65_536, 2):
                if message.address == "/bridge/pong":
                    return tuple(message.arguments)
    return None


def _log(path: Path) -> Iterator[Finding]:
    """Yield the last error of the script that Live has noted; each start of Live adds to the same file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
    ours = [number for number, line in enumerate(lines) if TROUBLE in line and NAME in line]
    if not ours:
        return
    end = ours[-1]
    while end + 1 < len(lines) and TROUBLE in lines[end + 1]:
        end += 1
    said = lines[end].partition(TROUBLE)[2].strip(": ")[:200].rstrip(".")
    yield Finding(
        "live.log",
        "hint",
        f"Live's Log.txt has an error of the script {NAME}: {said}.",
        "ace-bridge install live, restart Live; if it comes back, please report it with that part of Log.txt.",
    )
