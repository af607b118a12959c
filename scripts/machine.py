"""This machine, for scripts/run.py: messages, commands and system packages. It runs on Python 3.8 or newer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parent.parent  # this copy of the project
SIGN_OF_LIFE = 15.0  # time between two lines while a command prints nothing, s
INTERRUPTED = 130  # exit status after Ctrl-C


class Stop(Exception):
    """The run cannot continue. The text tells the user what to do."""


def say(text: str) -> None:
    """Print a line on stderr, in bold in a terminal."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stderr.isatty() and not is_windows() else ("", "")
    sys.stderr.write(f"{bold}{text}{plain}\n")
    sys.stderr.flush()


def is_windows() -> bool:
    """Return whether this is Windows."""
    return sys.platform == "win32"


def is_mac() -> bool:
    """Return whether this is macOS."""
    return sys.platform == "darwin"


def is_debian() -> bool:
    """Return whether this is Debian or a system derived from it."""
    return bool(which("apt-get") and which("dpkg-query"))


def is_root() -> bool:
    """Return whether the user of a Unix system may install packages."""
    return subprocess.run(["id", "-u"], stdout=subprocess.PIPE, check=False).stdout.strip() == b"0"


def call(command: Sequence[str], cwd: Path = ROOT) -> int:
    """Run a command and return its exit status. Ctrl-C also reaches the command, which may then still clean up."""
    process = subprocess.Popen(_complete(command), cwd=str(cwd))
    interrupted = False
    while True:
        try:
            status = process.wait()
            return INTERRUPTED if interrupted else status
        except KeyboardInterrupt:
            interrupted = True
        except BaseException:
            process.terminate()
            raise


def succeeds(command: Sequence[str]) -> bool:
    """Run a command without its output, and return whether its exit status is 0."""
    nothing = subprocess.DEVNULL
    done = subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, cwd=str(ROOT), check=False)
    return done.returncode == 0


def wait_for(command: Sequence[str], cwd: Path = ROOT, *, must: bool = True) -> int:
    """Run a command that prints little, and print every 15 s how long it has taken. Its output goes to stderr.

    Raises:
        Stop: the command failed and `must` is true.
    """
    begin = time.monotonic()
    sys.stderr.flush()
    process = subprocess.Popen(_complete(command), cwd=str(cwd), stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        while True:
            try:
                status = process.wait(SIGN_OF_LIFE)
                break
            except subprocess.TimeoutExpired:
                say(f"  {time.monotonic() - begin:.0f} s so far")
    except BaseException:
        process.terminate()
        raise
    if must and status:
        raise Stop(f"This command failed:  {' '.join(command)}")
    return status


def _complete(command: Sequence[str]) -> list[str]:
    """Return a command with the path of its program, because Windows starts npm.cmd only under its full name."""
    return [which(command[0]) or command[0], *command[1:]]


def apt_install(packages: Sequence[str]) -> None:
    """Install Debian packages as root. Without root, raise `Stop` with the command to type."""
    if not is_root():
        raise Stop(f"Some system packages are missing. Run:  sudo apt-get install {' '.join(packages)}")
    say(f"Installing {' '.join(packages)}")
    if wait_for(["apt-get", "update", "-qq"], must=False):
        say("apt-get update failed; trying with the present package lists")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    wait_for(["env", "DEBIAN_FRONTEND=noninteractive", *install])


def confirm(text: str, *, yes: bool) -> None:
    """Ask whether to install what `text` names, unless the user has already agreed. Raise `Stop` after a no."""
    say(text)
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop("To install them, run:  scripts/test --all --yes")
    sys.stderr.write("Install them now? [y/N] ")
    sys.stderr.flush()
    if not sys.stdin.readline().lower().startswith("y"):
        raise Stop("Nothing was installed.")
