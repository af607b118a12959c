"""Tests that an entry in the inbox that is not a readable file blocks no message and keeps no file open."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.errors import MessageUnreadable
from bridge.events import Alert, EventBus
from bridge.jobs.inbox import Inbox
from tests.fakes.open_files import open_files
from tests.jobs.test_inbox import Door, inbox, put
from tests.waiting import eventually

pytestmark = pytest.mark.only_on("posix", because="the entries exist on POSIX systems only")


@pytest.fixture
def door() -> Door:
    return Door()


def folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.json").write_text("{}", encoding="utf-8")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have about 100 bytes
        try:
            one.bind(path.name)
        finally:
            os.chdir(here)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def not_utf_8(path: Path) -> None:
    (path.parent / os.fsdecode(b"gr\xfcn.json")).write_text("not JSON", encoding="utf-8")


ENTRIES = (folder, pipe, listener, loop, dangling, not_utf_8)


@pytest.mark.parametrize("make", ENTRIES, ids=lambda make: make.__name__)
async def test_the_entry_is_rejected_and_the_others_are_handled(
    home: Path, door: Door, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    make(home / "inbox" / "first.json")
    box, events = inbox(home, door, native=False)
    before = open_files()
    message_id = put(home)
    for _ in range(20):
        await box.scan()
    assert door.taken == [message_id]
    assert [path.name for path in (home / "inbox").iterdir()] == ["rejected"]
    assert len(list((home / "inbox" / "rejected").iterdir())) == 2  # the entry, and the reason
    alerts = [event for event in events if isinstance(event, Alert)]
    assert [alert.code for alert in alerts] == [MessageUnreadable.code]
    alerts[0].text.encode()  # OSC carries UTF-8
    assert len([record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]) == 1
    assert open_files() - before == set()
    await box.stop()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files cannot be counted")
async def test_an_entry_that_cannot_be_moved_is_ignored_with_one_log_line(
    home: Path, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "inbox" / "rejected").rmdir()
    (home / "inbox" / "rejected").write_text("a file in the way", encoding="utf-8")
    folder(home / "inbox" / "first.json")
    box, events = inbox(home, door, native=False)
    before = open_files()
    for _ in range(5):
        await box.scan()
    message_id = put(home)
    for _ in range(5):
        await box.scan()
    assert door.taken == [message_id]
    assert (home / "inbox" / "first.json").is_dir()
    assert len([event for event in events if isinstance(event, Alert)]) == 1
    assert len([record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]) == 1
    assert open_files() - before == set()
    await box.stop()


async def test_an_unreadable_file_is_rejected(home: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of the system stands for a disk error too; the tests may run as a user who can read every file."""
    bad = home / "inbox" / "first.json"
    bad.write_text("{}", encoding="utf-8")
    real = os.open

    def refuse(path: Path, *args: int) -> int:
        if Path(path) == bad:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args)

    box, events = inbox(home, door, native=False)
    with monkeypatch.context() as patch:
        patch.setattr("bridge.jobs.inbox.os.open", refuse)
        message_id = put(home)
        for _ in range(3):
            await box.scan()
    assert door.taken == [message_id]
    assert (home / "inbox" / "rejected" / "first.json").exists()
    assert len([event for event in events if isinstance(event, Alert)]) == 1
    await box.stop()


async def test_two_rejected_folders_of_one_name_are_both_kept(home: Path, door: Door) -> None:
    box, _ = inbox(home, door, native=False)
    for _ in range(2):
        folder(home / "inbox" / "first.json")
        await box.scan()
        await box.scan()
    found = [path for path in (home / "inbox" / "rejected").iterdir() if path.is_dir()]
    assert sorted(path.name for path in found) == ["first-2.json", "first.json"]
    await box.stop()


async def test_an_inbox_that_is_gone_is_reported_once_and_read_when_it_is_back(
    home: Path, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "inbox").rename(home / "away")
    box = Inbox(
        home / "inbox", door.take, EventBus(), native=False, poll_interval=0.01, safety_interval=1.0, largest=10_000
    )
    box.start()
    await eventually(lambda: bool(caplog.records))
    await asyncio.sleep(0.1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    (home / "away").rename(home / "inbox")
    message_id = put(home)
    await eventually(lambda: door.taken == [message_id])
    await box.stop()
