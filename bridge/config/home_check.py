"""Checks that the home is on a local disk and outside any cloud folder, since the journal could be damaged elsewhere.

The daemon does not start if its home is unsafe. SQLite's locks and shared memory need a local disk
(sqlite.org/wal.html), and cloud clients replace or remove files while they are open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bridge.errors import HomeElsewhere
from bridge.util import spawn

NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "davfs2", "afs", "ncpfs"),
        *("ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gvfsd-fuse", "fuse.davfs2"),
        *("fuse.glusterfs", "fuse.google-drive-ocamlfuse"),
    )
)
CLOUDS = (
    (r"Dropbox( \(.*\))?", "Dropbox"),
    (r"OneDrive( - .*)?", "OneDrive"),
    (r"Google ?Drive|GoogleDrive-.*|My Drive", "Google Drive"),
    (r"iCloud ?Drive|Mobile Documents|com~apple~CloudDocs", "iCloud"),
    (r"Nextcloud|ownCloud|pCloud ?Drive|MEGA|Box( Sync)?|Proton Drive|CloudStorage", "a cloud folder"),
)


def mounts(platform: str) -> str:
    """Return the system's table of mounted file systems as text, or "" if it is not available."""
    if platform == "linux":
        path = Path("/proc/self/mountinfo")
        return path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    if platform == "darwin":
        done = spawn.run(["/sbin/mount"], timeout_seconds=10.0)
        return done.stdout.decode("utf-8", "surrogateescape")
    return ""


def unsafe_location(folder: Path, platform: str, table: Callable[[str], str] = mounts) -> str | None:
    """Return why a folder is not safe for a journal (such as "it is on a network drive"), or None if it is safe.

    Args:
        folder: the home; it need not exist.
        platform: the system's name, as in `sys.platform`.
        table: returns the system's table of mounted file systems, as `mounts` does.
    """
    real = folder.resolve()
    for part in (*folder.parts, *real.parts):
        for pattern, name in CLOUDS:
            if re.fullmatch(pattern, part, re.IGNORECASE):
                return f"it is in {name} ({part}), which copies files while they are written"
    if platform == "win32" and str(real).startswith("\\\\"):
        return "it is on a network drive"
    found = file_system(real, table(platform))
    return f"it is on a network drive ({found})" if found in NETWORK else None


def require(folder: Path, platform: str, table: Callable[[str], str] = mounts) -> None:
    """Raise an error if the journal is not safe in the home.

    Raises:
        HomeElsewhere: the journal is not safe; the error text gives the reason.
    """
    why = unsafe_location(folder, platform, table)
    if why:
        raise HomeElsewhere(f"The bridge's home {folder} cannot be used: {why}.")


def file_system(folder: Path, table: str) -> str:
    """Return the type of the file system that a folder is on, or "" if the table does not list it."""
    found = [(point, kind) for point, kind in _entries(table) if point == folder or point in folder.parents]
    return max(found, key=lambda entry: len(entry[0].parts))[1] if found else ""


def _entries(table: str) -> list[tuple[Path, str]]:
    """Return the mount point and file-system type from each line of Linux's mountinfo (proc(5)) or macOS's `mount`."""
    found = []
    for line in table.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if dash and len(fields) > 4:
            point = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields[4])
            found.append((Path(point), after.split(" ")[0]))
        elif macos := re.fullmatch(r".* on (/.*) \((\w+)[,)].*", line):
            found.append((Path(macos[1]), macos[2]))
    return found
