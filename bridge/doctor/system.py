"""Checks this machine: clock, ffmpeg, optional packages, resampler and audio output."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec

from bridge import __version__
from bridge.doctor.base import Context, Finding
from bridge.errors import BridgeError, StorePython
from bridge.util.store_python import is_from_store
from bridge.util.this_copy import this_copy

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)  # any earlier date is wrong, because the bridge did not exist then
AHEAD = 300.0  # seconds by which a file's date may be in the future

PACKAGES = {
    "keyring": ("store the key in the system's keychain", "keychain"),
    "zeroconf": ("announce itself to tablets on the network", "lan"),
    "python_stretch": ("keep the pitch of clips with a changed play rate", "stretch"),
}


def look(context: Context) -> Iterator[Finding]:
    """Check this machine."""
    yield Finding(
        "version", "well", f"ace-bridge {__version__}, Python {platform.python_version()}, {context.platform}."
    )
    if is_from_store():
        yield Finding("python", "trouble", StorePython().text, StorePython.hint)
    yield _clock(context)
    yield _ffmpeg(context)
    yield from _packages()
    yield _resampler()
    yield audio(context)


def _clock(context: Context) -> Finding:
    now = context.clock()
    fix = "Let the system set its clock automatically (in the date and time settings)."
    date = datetime.fromtimestamp(now, UTC)
    if date < EARLIEST:
        text = f"The clock shows {date:%Y-%m-%d}, which is wrong; secure connections to fal fail."
        return Finding("clock", "trouble", text, fix)
    files = (path for path in (context.home / "daemon.json", context.home / "bridge.db") if path.exists())
    newest = max((path.stat().st_mtime for path in files), default=now)
    if newest > now + AHEAD:
        text = "The clock was set back: the bridge's files are in the future, so history and budget use wrong dates."
        return Finding("clock", "hint", text, fix)
    return Finding("clock", "well", f"The clock shows {date:%Y-%m-%d %H:%M} UTC.")


def _ffmpeg(context: Context) -> Finding:
    found = context.which("ffmpeg")
    if found:
        text = f"ffmpeg is installed ({found}), so AAC, ALAC, WavPack and WMA clips can be read."
        return Finding("ffmpeg", "well", text)
    commands = {"linux": "sudo apt install ffmpeg", "darwin": "brew install ffmpeg", "win32": "winget install ffmpeg"}
    unread = "AAC and ALAC (.m4a), WavPack and WMA clips cannot be read, and joined MP3 and Ogg files only in part"
    text = f"ffmpeg is not installed, so {unread}."
    command = commands.get(context.platform, commands["linux"])
    return Finding("ffmpeg", "hint", text, f"Run `{command}`, or export such clips as WAV.")


def _packages() -> Iterator[Finding]:
    for name, (purpose, extra) in PACKAGES.items():
        if find_spec(name) is None:
            text = f"The bridge cannot {purpose} ({name} is not installed)."
            yield Finding(f"package.{name}", "hint", text, f"Run `{this_copy().to_add(extra)}`.")
        else:
            yield Finding(f"package.{name}", "well", f"The bridge can {purpose} ({name} is installed).")


def _resampler() -> Finding:
    if find_spec("soxr") is None:
        text = "Sample rates are converted with numpy, because soxr is not installed. This takes longer."
        return Finding("resampler", "well", text)
    return Finding("resampler", "well", "Sample rates are converted with soxr.")


def audio(context: Context) -> Finding:
    """Check the audio output."""
    try:
        return Finding("audio", "well", f"The audio output for auditioning is “{context.device()}”.")
    except BridgeError as problem:
        text = f"Auditioning does not work: {problem.text} Remixing does not need it."
        sound = "Open results in a player or in the DAW, and check the system's sound settings."
        return Finding("audio", "hint", text, problem.hint if context.platform == "linux" else sound)
