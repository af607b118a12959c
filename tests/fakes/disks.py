"""Small disks of their own, that can be filled up, made read-only and taken away: a tmpfs that is really mounted.

Root mounts it where it is wanted. Anybody else mounts it in a namespace of their own, held by a process, and reaches it
through /proc; macOS makes a disk image.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


class Disk:
    """A mounted disk."""

    def __init__(self, path: Path, inside: list[str], mounted: str) -> None:
        self.path = path
        self._inside = inside  # what a command has to be put behind to reach the mount
        self._mounted = mounted

    def fill(self) -> None:
        """Leave not a byte on it."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for size in (2**20, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size):
                        pass

    def free(self) -> None:
        """Make room again."""
        (self.path / "filler").unlink()

    def read_only(self, on: bool) -> None:
        """Let nobody write to it, not even root."""
        run(*self._inside, "mount", "-o", f"remount,{'ro' if on else 'rw'}", self._mounted)

    def remove(self) -> None:
        """Take it away, with what is on it."""
        run(*self._inside, "umount", self._mounted)


@contextlib.contextmanager
def disk(path: Path, kibibytes: int) -> Iterator[Disk]:
    """A disk of that size, mounted at a folder that is made for it."""
    path.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={kibibytes}k,mode=0777", "tmpfs", str(path))
    if sys.platform == "darwin":
        yield from _image(path, kibibytes)
    elif os.geteuid() == 0:
        run("mount", *options)
        try:
            yield Disk(path, [], str(path))
        finally:
            subprocess.run(["umount", "-l", path], check=False, capture_output=True)
    else:
        yield from _namespace(path, options)


def _namespace(path: Path, options: tuple[str, ...]) -> Iterator[Disk]:
    script = 'mount "$@" && echo ready && exec cat'
    holder = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"ready\n", "neither root nor a user namespace: no disk can be mounted here"
    target = ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", str(holder.pid)]
    try:
        yield Disk(Path(f"/proc/{holder.pid}/root{path}"), target, str(path))
    finally:
        holder.communicate()


def _image(path: Path, kibibytes: int) -> Iterator[Disk]:
    image = path.with_suffix(".dmg")
    run("hdiutil", "create", "-size", f"{max(kibibytes, 1024)}k", "-fs", "HFS+", "-volname", "small", str(image))
    run("hdiutil", "attach", "-mountpoint", str(path), "-nobrowse", str(image))
    try:
        yield Disk(path, [], str(path))
    finally:
        subprocess.run(["hdiutil", "detach", "-force", path], check=False, capture_output=True)


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
