"""The parts of the test run that need more than Python, with the programs and files that each part needs.

A test names its parts with a marker, for example `@pytest.mark.needs("ardour")`. `scripts/test` skips these tests.
`scripts/test --all` runs this module to list the missing system packages, and then runs every test. The module uses
only the standard library, because it runs before anything is installed.
"""

from __future__ import annotations

import glob
import importlib.util
import shutil
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAST, SLOW = "fast", "slow"  # parts without requirements: all unmarked tests, and tests marked `slow`


@dataclass(frozen=True)
class Part:
    """A part of the test run, with its requirements."""

    tests: str  # what the tests in this part check; shown in the table in CONTRIBUTING.md
    programs: dict[str, str] = field(default_factory=dict)  # program → Debian package
    files: dict[str, str] = field(default_factory=dict)  # glob patterns, separated by “|” → Debian package
    modules: tuple[str, ...] = ()  # Python modules from the dependency group “real”
    build: dict[str, str] = field(default_factory=dict)  # files (as in `files`) that pip needs to build the modules
    systems: tuple[str, ...] = ("linux", "darwin")  # supported values of sys.platform


LIBRARIES = "/usr/lib/*/{0}|/usr/lib64/{0}|/usr/lib/{0}"
HEADERS = f"python{sys.version_info.major}.{sys.version_info.minor}-dev"
COMPILER = {
    "/usr/bin/cc|/usr/local/bin/cc": "gcc libc6-dev",
    f"{sysconfig.get_path('include')}/Python.h": HEADERS,
    "/usr/include/linux/input.h": "linux-libc-dev",
}
SCREEN = {"Xvfb": "xvfb", "xdotool": "xdotool"}
BREW = {"ffprobe": "ffmpeg", "npm": "node"}  # programs whose Homebrew package has a different name

PARTS = {
    "ardour": Part(
        "the Ardour scripts in a real Ardour on a virtual screen",
        programs={"ardour": "ardour", **SCREEN, "import": "imagemagick"},
        systems=("linux",),
    ),
    "jack": Part(
        "MIDI ports on a JACK server",
        programs={"jackd": "jackd2"},
        files={LIBRARIES.format("libjack.so.0"): "libjack-jackd2-0"},
        systems=("linux",),
    ),
    "pulseaudio": Part(
        "playback, recorded from a PulseAudio server",
        programs={"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils"},
        files={
            LIBRARIES.format("libportaudio.so.2"): "libportaudio2",
            LIBRARIES.format("alsa-lib/libasound_module_pcm_pulse.so"): "libasound2-plugins",
        },
        systems=("linux",),
    ),
    "keyboard": Part(
        "hotkeys, pressed on a virtual screen",
        programs=dict(SCREEN),
        modules=("pynput",),
        build=COMPILER,
        systems=("linux",),
    ),
    "judges": Part(
        "our requests compared with those of fal's own clients (Python and JavaScript), over TLS",
        programs={"openssl": "openssl", "node": "nodejs", "npm": "npm"},
    ),
    "systemd": Part(
        "the unit that starts the bridge at login, checked by systemd",
        programs={"systemd-analyze": "systemd"},
        systems=("linux",),
    ),
    "codecs": Part(
        "audio files compared with ffmpeg and SoX",
        programs={"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "sox": "sox"},
    ),
    "installers": Part(
        "the double-click installer and the shell scripts",
        programs={"curl": "curl", "shellcheck": "shellcheck"},
    ),
    "lua": Part(
        "the Lua scripts, compiled by Lua 5.4 and checked by luacheck",
        programs={"lua5.4": "lua5.4", "luac5.4": "lua5.4", "luacheck": "lua-check"},
        systems=("linux",),
    ),
    "music": Part(
        "signal processing on real recordings",
        files={
            "/usr/share/tuxmath/sounds/03_gravity.ogg": "tuxmath-data",
            "/usr/share/games/xmoto/Textures/Musics/speeditup.ogg": "xmoto-data",
        },
        systems=("linux",),
    ),
    "network": Part(
        "a second machine on the network, in a network namespace",
        programs={"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"},
        systems=("linux",),
    ),
    "disks": Part("disks that fill up, turn read-only or disappear", programs={"mount": "mount"}),
    "roots": Part(
        "programs in a root of another Debian release",
        programs={"debootstrap": "debootstrap", "unshare": "util-linux", "mount": "mount"},
        systems=("linux",),
    ),
    "wheels": Part("that pip needs no compiler on any system, asked from the package index", modules=("uv",)),
    "strace": Part("the order of system calls", programs={"strace": "strace"}, systems=("linux",)),
}


def missing(name: str) -> list[str]:
    """Return the requirements of a part that this machine lacks. If there are none, the part's tests can run."""
    part = PARTS[name]
    if sys.platform not in part.systems:
        return [f"an operating system of {', '.join(part.systems)}"]
    return [*_programs(part), *_files(part.files), *(one for one in part.modules if not _has_module(one))]


def packages(name: str) -> list[str]:
    """Return the missing Debian packages for a part, including those needed to build the part's Python modules."""
    part = PARTS[name]
    if sys.platform not in part.systems:
        return []
    wanted = [part.programs[program] for program in _programs(part)]
    wanted += [part.files[pattern] for pattern in _files(part.files)]
    if not all(_has_module(one) for one in part.modules):
        wanted += [part.build[pattern] for pattern in _files(part.build)]
    return wanted


def part_of(names: tuple[str, ...], *, slow: bool) -> str:
    """Return the part to which the table in CONTRIBUTING.md assigns a test."""
    if slow:
        return SLOW
    return names[0] if names else FAST


def _programs(part: Part) -> list[str]:
    return [program for program in part.programs if shutil.which(program) is None]


def _files(patterns: dict[str, str]) -> list[str]:
    return [one for one in patterns if not any(glob.glob(path) for path in one.split("|"))]


def _has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def to_install(manager: str) -> list[str]:
    """Return what the package manager (“apt”, “brew” or another) must install so that every test can run."""
    if manager == "apt":
        found = [package for name in PARTS for package in packages(name)]
    else:
        parts = [part for part in PARTS.values() if sys.platform in part.systems]
        found = [one for part in parts for one in (*_programs(part), *_files(part.files))]
    if manager == "brew":
        found = [BREW.get(program, program) for program in found]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    sys.stdout.write(" ".join(to_install(sys.argv[1])))
