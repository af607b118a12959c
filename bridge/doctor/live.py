"""Checks the script in Ableton Live: whether it replies, its version, and its errors in Live's log."""

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

TIMEOUT = 1.5  # seconds to wait for a reply; the script reads its socket ten times a second
REPORT = Path("live", "selftest.json")  # path of the self-test report in the bridge's home
TAIL = 1 << 18  # number of bytes to read from the end of the log
ERROR = "RemoteScriptError"  # text in every line of a script error in Live's log


def look(context: Context) -> Iterator[Finding]:
    """Check every script that has written its port to the bridge's home, and the log of the Live version last used."""
    for path in sorted((context.home / "live").glob("instance-*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            yield from _script(int(json.loads(path.read_bytes())["port"]), context.home / REPORT)
    for path in own_files(context.environ, context.platform, "Log.txt")[:1]:
        with contextlib.suppress(OSError):
            yield from _log(path)


def _script(port: int, report: Path) -> Iterator[Finding]:
    name, answer = "live.script", _ping(port)
    if answer is None:
        text = f"No Ableton Live script replies on port {port}."
        fix = "Close any open menu or dialog in Live. If Live is not running, ignore this."
        yield Finding(name, "hint", text, fix)
        return
    version = str(answer[0]) if answer else "unknown"
    if version != __version__:
        text = f"The script in Ableton Live is version {version}, but the bridge is {__version__}."
        yield Finding(name, "trouble", text, "Run `ace-bridge install live`, then restart Live.")
        return
    yield Finding(name, "well", f"The script in Ableton Live replies on port {port}.")
    if not report.exists():
        text = "Ableton Live's self-test has not run yet; it checks how this version of Live behaves."
        fix = f"Open an empty Set and run `ace-bridge send --port {port} /bridge/selftest`."
        yield Finding("live.selftest", "hint", text, fix)


def _ping(port: int) -> tuple[Any, ...] | None:
    """Ping the script. Return the arguments of the reply, or None if there is no reply."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(TIMEOUT)
        with contextlib.suppress(OSError, PacketError):
            channel.connect(("127.0.0.1", port))
            channel.send(build("/bridge/ping"))
            for message in parse(channel.recv(65_536), 65_536, 2):
                if message.address == "/bridge/pong":
                    return tuple(message.arguments)
    return None


def _log(path: Path) -> Iterator[Finding]:
    """Yield the script's last error in Live's log, which may be from an earlier run because Live appends to the log."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
    ours = [number for number, line in enumerate(lines) if ERROR in line and NAME in line]
    if not ours:
        return
    end = ours[-1]
    while end + 1 < len(lines) and ERROR in lines[end + 1]:
        end += 1
    message = lines[end].partition(ERROR)[2].strip(": ")[:200].rstrip(".")
    yield Finding(
        "live.log",
        "hint",
        f"Live's Log.txt has an error from the script {NAME}: {message}.",
        "Run `ace-bridge install live` and restart Live. If it happens again, report it with that part of Log.txt.",
    )
