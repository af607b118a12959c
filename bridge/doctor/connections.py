"""Checks whether a daemon of this version is running, which program uses the OSC port, and who can reach this port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

from bridge import __version__
from bridge.client import Client
from bridge.config.settings import NO_SECRET
from bridge.doctor.base import Context, Finding
from bridge.doctor.port_holders import holders
from bridge.util.addresses import is_loopback

RESTART = "Run `ace-bridge stop`, then `ace-bridge start`."


def look(context: Context) -> Iterator[Finding]:
    """Check the daemon and its OSC port."""
    about = Client(context.home).daemon()
    yield _daemon(context, about)
    yield _port(context, about)
    yield _reach(context)


def _daemon(context: Context, about: dict[str, Any] | None) -> Finding:
    if about is None:
        crashed = (context.home / "daemon.json").exists()
        text = "The bridge is not running" + (", and it was killed or crashed last time." if crashed else ".")
        return Finding("daemon", "hint", text, "Run `ace-bridge start`; the DAW's scripts start it too.")
    if about.get("version") != __version__:
        text = f"The running bridge is version {about.get('version')}, but this command is {__version__}."
        return Finding("daemon", "trouble", text, RESTART)
    return Finding("daemon", "well", f"The bridge is running (process {about['pid']}, OSC port {about['osc_port']}).")


def _port(context: Context, about: dict[str, Any] | None) -> Finding:
    host, port = context.settings.osc.host, context.settings.osc.port
    if about is not None:
        if port not in (0, about["osc_port"]):
            text = f"The setting [osc] port is {port}, but the bridge listens on port {about['osc_port']}."
            return Finding("port", "trouble", text, RESTART)
        return Finding("port", "well", f"Controllers reach the bridge on OSC port {about['osc_port']}.")
    if port == 0:
        text = "The OSC port changes at each start."
        return Finding("port", "hint", text, "Set a fixed [osc] port for controllers.")
    if _is_free(host, port):
        return Finding("port", "well", f"OSC port {port} is free.")
    names = ", ".join(holders(port, context.platform)) or "another program"
    text = f"OSC port {port} is in use by {names}, so the bridge cannot start."
    return Finding("port", "trouble", text, "Close that program, or set another [osc] port, here and on controllers.")


def _reach(context: Context) -> Finding:
    host = context.settings.osc.host
    if is_loopback(host):
        return Finding("reach", "well", "Only programs on this machine can reach the bridge.")
    no_secret = context.settings.osc.secret == NO_SECRET
    remixes = "but cannot request remixes" if no_secret else "and request remixes with the secret"
    text = f"The bridge listens on {host}: other devices on the network can control it, {remixes}."
    return Finding("reach", "hint", text, "Set [osc] host to 127.0.0.1 unless a tablet or console needs this.")


def _is_free(host: str, port: int) -> bool:
    """Return whether the port is free for both UDP and TCP, by binding it briefly."""
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
