"""Small disks that tests can fill, make read-only and remove.

On Linux, each disk is a tmpfs. Root mounts the disk directly; for other users, a helper process mounts the disk in the
helper's own mount namespace, which is accessible through /proc. On macOS, each disk is a disk image.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import PATIENCE


class Disk:
    """A mounted disk."""

    def __init__(self, path: Path, inside: list[str], mounted: str) -> None:
        self.path = path
        self._inside = inside  # command prefix that enters the namespace of the mount
        self._mounted = mounted

    def fill(self) -> None:
        """Fill the disk completely."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for size in (2**20, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size):
                        pass

    def free(self) -> None:
        """Free the space that `fill` used."""
        (self.path / "filler").unlink()

    def read_only(self, on: bool) -> None:
        """Make the disk read-only, even for root, or writable again."""
        run(*self._inside, "mount", "-o", f"remount,{'ro' if on else 'rw'}", self._mounted)

    def remove(self) -> None:
        """Unmount the disk; its content is lost."""
        run(*self._inside, "umount", self._mounted)


@contextlib.contextmanager
def disk(path: Path, kibibytes: int) -> Iterator[Disk]:
    """Mount a disk of this size at a new folder, yield the disk, and unmount it at the end."""
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
    assert holder.stdout.readline() == b"ready\n", "mounting a disk needs root or user namespaces"
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


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
