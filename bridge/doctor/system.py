"""This machine: its clock, its audio output, the programs and packages that the bridge can use."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec

from bridge import __version__
from bridge.doctor.base import Context, Finding
from bridge.errors import BridgeError

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)  # before the bridge existed: a clock that says so is wrong
AHEAD = 300.0  # s that a file of ours may lie in the future

PACKAGES = {
    "keyring": ("keep the key in the system's keychain", "keychain"),
    "zeroconf": ("be found by tablets in the network, when it listens there", "lan"),
    "python_stretch": ("keep the pitch of clips that play faster or slower", "stretch"),
}


def look(context: Context) -> Iterator[Finding]:
    """Look at the machine."""
    yield Finding(
        "version", "well", f"ace-bridge {__version__}, Python {platform.python_version()}, {context.platform}."
    )
    yield _clock(context)
    yield _ffmpeg(context)
    yield from _packages()
    yield _device(context)


def _clock(context: Context) -> Finding:
    now = context.clock()
    fix = "Let the system set its clock by itself (date and time settings)."
    said = datetime.fromtimestamp(now, UTC)
    if said < EARLIEST:
        text = f"The clock says {said:%Y-%m-%d}, which cannot be; secure connections to fal fail with that."
        return Finding("clock", "trouble", text, fix)
    files = (path for path in (context.home / "daemon.json", context.home / "bridge.db") if path.exists())
    newest = max((path.stat().st_mtime for path in files), default=now)
    if newest > now + AHEAD:
        text = (
            "The clock was set back: the bridge's own files lie in the future, so history and budget go by wrong days."
        )
        return Finding("clock", "hint", text, fix)
    return Finding("clock", "well", f"The clock says {said:%Y-%m-%d %H:%M} UTC.")


def _ffmpeg(context: Context) -> Finding:
    found = context.which("ffmpeg")
    if found:
        return Finding(
            "ffmpeg", "well", f"ffmpeg is there ({found}), so clips in AAC, ALAC, WavPack and WMA can be read."
        )
    ways = {"linux": "sudo apt install ffmpeg", "darwin": "brew install ffmpeg", "win32": "winget install ffmpeg"}
    text = (
        "ffmpeg is not installed, so clips in AAC or ALAC (.m4a), WavPack or WMA cannot be read; the usual others can."
    )
    return Finding("ffmpeg", "hint", text, f"{ways.get(context.platform, ways['linux'])}, or export such clips as WAV.")


def _packages() -> Iterator[Finding]:
    for name, (purpose, extra) in PACKAGES.items():
        if find_spec(name) is None:
            text = f"The optional package that lets the bridge {purpose} is not installed."
            yield Finding(f"package.{name}", "hint", text, f"pip install 'ace-bridge[{extra}]'")
        else:
            yield Finding(f"package.{name}", "well", f"The bridge can {purpose} ({name} is installed).")


def _device(context: Context) -> Finding:
    try:
        return Finding("audio", "well", f"Previews play through “{context.device()}”.")
    except BridgeError as problem:
        text = f"Previews cannot be played: {problem.text} Remixing does not need that."
        return Finding("audio", "hint", text, problem.hint)
