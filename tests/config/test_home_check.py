"""Tests that a home may be on a local disk, but not on a network drive or in a cloud folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config import home_check
from bridge.errors import HomeElsewhere
from tests.fakes.processes import environment
from tests.waiting import PATIENCE

LINUX = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/studio\040share rw,relatime shared:9 - nfs4 nas:/studio rw,vers=4.2
31 22 0:41 / /home/anna/far rw,nosuid - fuse.sshfs anna@far:/ rw
32 30 8:2 / /mnt/studio\040share/disk rw - ext4 /dev/sdb1 rw
33 22 0:42 / /mnt/nt rw - cifs //nt/share rw"""
MAC = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//anna@nas._smb._tcp.local/Studio on /Volumes/Studio (smbfs, nodev, nosuid, mounted by anna)"""


@pytest.mark.only_on("posix", because="the paths are those of other systems")
@pytest.mark.parametrize(
    ("folder", "platform", "table", "said"),
    [
        ("/home/anna/.local/share/ace-bridge", "linux", LINUX, None),
        ("/mnt/studio share/ace", "linux", LINUX, "nfs4"),
        ("/mnt/studio share/disk/ace", "linux", LINUX, None),  # a disk mounted inside a network share
        ("/home/anna/far/ace", "linux", LINUX, "fuse.sshfs"),
        ("/mnt/nt", "linux", LINUX, "cifs"),
        ("/mnt/ntfs/ace", "linux", LINUX, None),  # another folder with the same prefix
        ("/anywhere", "linux", "", None),
        ("/Volumes/Studio/ace", "darwin", MAC, "smbfs"),
        ("/Library/ace", "darwin", MAC, None),
        ("/home/anna/Dropbox/ace", "linux", LINUX, "Dropbox"),
        ("/Users/anna/Dropbox (Personal)/ace", "darwin", MAC, "Dropbox"),
        ("/Users/anna/OneDrive - Studio/ace", "darwin", MAC, "OneDrive"),
        ("/Users/anna/Library/Mobile Documents/ace", "darwin", MAC, "iCloud"),
        ("/Users/anna/Library/CloudStorage/GoogleDrive-a@b.c/My Drive/ace", "darwin", MAC, "CloudStorage"),
        ("/home/anna/Boxes/Dropboxes/ace", "linux", LINUX, None),
    ],
)
def test_network_drives_and_cloud_folders_are_found(folder: str, platform: str, table: str, said: str | None) -> None:
    found = home_check.unsafe_location(Path(folder), platform, lambda _: table)
    assert found is None if said is None else said in (found or "")


@pytest.mark.only_on("posix", because="only administrators may make links on Windows")
def test_a_link_into_a_cloud_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "Dropbox").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "Dropbox")
    assert "Dropbox" in (home_check.unsafe_location(tmp_path / "home", "linux", lambda _: "") or "")


def test_a_local_disk_is_accepted(tmp_path: Path) -> None:
    home_check.require(tmp_path, sys.platform)
    if sys.platform == "linux":
        assert home_check.file_system(tmp_path.resolve(), home_check.mounts("linux"))


def test_the_daemon_does_not_start_in_a_cloud_folder(tmp_path: Path) -> None:
    home = tmp_path / "Dropbox" / "ace"
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "run"],
        env=environment(home),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "home_elsewhere" in done.stderr
    assert "ACE_BRIDGE_HOME" in done.stderr
    assert not home.exists()
    with pytest.raises(HomeElsewhere):
        home_check.require(home, "linux", lambda _: "")
