"""Tests the removal of the bridge's home: only what the bridge has written, and never the user's own work."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli.setup.first_remix import CLIP
from bridge.errors import HomeError, NotPossibleNow
from bridge.installers.home_contents import check_own, clear, contents
from tests.fakes.processes import running


def write(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_everything_that_the_daemon_writes_is_removed(home: Path) -> None:
    with running(home):
        pass
    write(home / "credentials", b"FAL_KEY=x\n")
    write(home / "midi" / "pads.toml")
    write(home / CLIP)
    write(home / "jobs" / "one" / "clip-1" / "sent.flac", bytes(1000))
    sizes = {one.what: one.size for one in contents(home)}
    assert sizes["the audio sent and received"] == 1000
    assert sizes["the stored fal key"] == 10
    clear(home)
    assert not home.exists()


def test_the_users_own_work_and_foreign_files_stay(home: Path) -> None:
    mine = {
        write(home / "results" / "song" / "a.wav"),
        write(home / "presets" / "mine.toml"),
        write(home / "notes.txt"),
        write(home / "my folder" / "bridge.db"),
    }
    assert [one.what for one in contents(home) if one.stays] == ["results in the bridge's home", "your own presets"]
    clear(home)
    assert {path for path in home.rglob("*") if path.is_file()} == mine
    assert {path.name for path in home.iterdir()} == {"results", "presets", "notes.txt", "my folder"}


def test_a_link_is_removed_but_not_its_target(home: Path, tmp_path: Path) -> None:
    target = write(tmp_path / "big disk" / "jobs" / "one" / "raw.audio")
    (home / "jobs").rmdir()
    (home / "jobs").symlink_to(target.parents[1])
    clear(home)
    assert target.exists()
    assert not home.exists()


def test_named_files_stay(home: Path) -> None:
    record, other = write(home / "installed" / "reaper-1.json"), write(home / "installed" / "live-1.json")
    backup = write(home / "installed" / "reaper-1-backup" / "one")
    clear(home, [record, backup.parent])
    assert (record.exists(), backup.exists(), other.exists()) == (True, True, False)
    assert [path.name for path in home.iterdir()] == ["installed"]


def test_a_home_that_does_not_exist_has_no_contents(tmp_path: Path) -> None:
    assert contents(tmp_path / "none") == []
    clear(tmp_path / "none")


def test_what_cannot_be_removed_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path / "open file"))

    monkeypatch.setattr("bridge.installers.home_contents.busy_files.remove_tree", refuse)
    with pytest.raises(HomeError, match=r"open file cannot be removed: Permission denied"):
        clear(home)


@pytest.mark.only_on("posix", because="the names are those of Linux")
def test_a_home_with_the_users_own_folders_is_refused(tmp_path: Path) -> None:
    user = tmp_path / "user"
    user.mkdir()
    (tmp_path / "link").symlink_to(user)
    for home in (user, tmp_path / "link", tmp_path, Path(tmp_path.anchor)):
        with pytest.raises(NotPossibleNow, match="your own files"):
            check_own(home, user)
    check_own(user / "bridge", user)
    check_own(tmp_path / "elsewhere", user)
