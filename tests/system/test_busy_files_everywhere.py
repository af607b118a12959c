"""Tests each part of the bridge that replaces or removes files while another program has a file open, as on Windows."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.client import Client
from bridge.config.credentials import set_key
from bridge.engines.offline import _write_order
from bridge.errors import HomeError, OutputUnwritable
from bridge.events import EventBus
from bridge.installers.base import Installation, Own
from bridge.installers.installer import Installer, Pointer
from bridge.jobs.inbox import Inbox
from bridge.jobs.stages import fetch
from bridge.store import backup, job_folder, partial_files, retention
from bridge.util import atomic, busy_files
from tests.fakes.windows_files import WindowsFiles, sharing_violation
from tests.jobs.test_inbox import Door, inbox, put


def written(path: Path, text: str = "old") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def writes_json(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "daemon.json")
    return path, lambda: atomic.write_json(path, {"osc_port": 1})


def settles(home: Path) -> tuple[Path, Callable[[], object]]:
    path, partial = written(home / "result.wav"), written(home / "partial.wav", "new")
    return path, lambda: atomic.settle(partial, path)


def stores_a_key(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "credentials", "FAL_KEY=old:old\n")
    return path, lambda: set_key(home, "a-new-key:with-a-secret")


def sets_a_broken_result_aside(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "jobs" / "a" / "raw.part")
    written(path.with_name(fetch.BROKEN), "older")
    return path, lambda: fetch._set_aside(path)


def submits_offline(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "jobs" / "a" / "offline.wav")
    return path, lambda: _write_order(path.parent, {"tags": "dub"})


def voids_an_order(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "jobs" / "a" / job_folder.ORDER)
    return path, lambda: job_folder.remove_order(path.parent)


def removes_an_old_job(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / "jobs" / "a" / "1" / "raw.audio")
    return path, lambda: retention.remove(home / "jobs" / "a")


def removes_partial_files(home: Path) -> tuple[Path, Callable[[], object]]:
    path = written(home / f"{partial_files.DRAFT}a" / "clip.wav")
    return path, lambda: partial_files.remove_partial_files(home, (), 0.0)


def rotates_backups(home: Path) -> tuple[Path, Callable[[], object]]:
    backup.open_database(home, lambda: 1e9, 1).close()
    path = backup.copy(home, 1e9, 1)
    return path, lambda: backup.copy(home, 2e9, 1)


def uninstalls(home: Path) -> tuple[Path, Callable[[], object]]:
    target = home.parent / "daw"
    plan = Installation(
        daw="reaper",
        title="REAPER",
        pointer=target / "ace-bridge.json",
        files=(Own(target / "script.lua", b"--"),),
        busy=lambda: None,
    )
    installer = Installer(Pointer(home, ("python", "start"), "1"))
    installer.install(plan)
    return target / "script.lua", lambda: installer.uninstall(plan)


PARTS = (
    writes_json,
    settles,
    stores_a_key,
    sets_a_broken_result_aside,
    submits_offline,
    voids_an_order,
    removes_an_old_job,
    removes_partial_files,
    rotates_backups,
    uninstalls,
)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_part_waits_until_the_reader_has_closed_the_file(
    home: Path, windows_files: WindowsFiles, part: Callable[[Path], tuple[Path, Callable[[], object]]]
) -> None:
    path, act = part(home)
    before = path.read_bytes()
    with path.open("rb") as reader:
        windows_files.on_pause = lambda count: reader.close() if count == 4 else None
        act()
    assert windows_files.pauses == list(busy_files.PAUSES[:4])
    assert not path.exists() or path.read_bytes() != before


def test_a_write_that_stays_refused_keeps_the_old_content(home: Path, windows_files: WindowsFiles) -> None:
    path = written(home / "daemon.json")
    with path.open("rb"), pytest.raises(OutputUnwritable):
        atomic.write_json(path, {"osc_port": 1})
    assert path.read_text("utf-8") == "old"
    assert list(home.glob(".*.tmp")) == []


class TestInbox:
    async def test_a_handled_message_that_is_held_is_removed_later(
        self, home: Path, windows_files: WindowsFiles, caplog: pytest.LogCaptureFixture
    ) -> None:
        door = Door()
        box, _ = inbox(home, door, native=False)
        first, second = put(home), put(home)
        for age, name in enumerate((second, first)):
            os.utime(home / "inbox" / f"{name}.json", (1000 - age, 1000 - age))
        with (home / "inbox" / f"{first}.json").open("rb"):
            for _ in range(3):
                await box.scan()
        assert door.taken == [first, second, first, first]  # the second is handled although the first stays
        assert [one.levelno for one in caplog.records if "cannot be removed" in one.message] == [logging.ERROR]
        await box.scan()
        assert list((home / "inbox").glob("*.json")) == []

    async def test_a_message_that_another_program_keeps_open_is_not_rejected(
        self, home: Path, windows_files: WindowsFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        door = Door()
        box, _ = inbox(home, door, native=False)
        message_id = put(home)
        path, opened = home / "inbox" / f"{message_id}.json", os.open
        held = True

        def refusing(name: Path, *flags: int) -> int:
            if held and name == path:
                raise sharing_violation(path, None)
            return opened(name, *flags)

        monkeypatch.setattr("bridge.jobs.inbox.os.open", refusing)
        for _ in range(4):
            await box.scan()
        assert path.exists()
        assert door.taken == []
        held = False
        await box.scan()
        assert door.taken == [message_id]
        assert not path.exists()


class TestReaders:
    """A reader that meets a file while it is replaced must wait, and not conclude that there is no such file."""

    @pytest.fixture
    def busy(self, monkeypatch: pytest.MonkeyPatch, windows_files: WindowsFiles) -> list[str]:
        """Refuse the first two reads of every file."""
        seen: list[str] = []
        read = Path.read_bytes

        def refused(path: Path) -> bytes:
            seen.append(path.name)
            if seen.count(path.name) <= 2:
                raise sharing_violation(path, None)
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", refused)
        return seen

    def test_the_client_finds_the_daemon(self, home: Path, busy: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        written(home / "daemon.json", json.dumps({"osc_port": 9123, "pid": os.getpid(), "token": "t"}))
        monkeypatch.setattr("bridge.client.answers", lambda port: port == 9123)
        monkeypatch.setattr(Client, "is_locked", lambda client: True)
        assert Client(home).need_daemon()["osc_port"] == 9123
        assert busy == ["daemon.json"] * 3

    def test_the_client_finds_a_refusal(self, home: Path, busy: list[str]) -> None:
        client = Client(home)
        refusal = {"message_id": "a", "code": "home_unusable", "text": "No.", "hint": ""}
        written(home / "outbox" / f"{client.instance}.json", json.dumps({"errors": [refusal]}))
        with pytest.raises(HomeError, match=r"No\."):
            client.answer("a")

    def test_the_client_finds_a_rejection(self, home: Path, busy: list[str]) -> None:
        reason = {"code": "home_unusable", "text": "No.", "hint": ""}
        written(home / "inbox" / "rejected" / "a.json.error", json.dumps(reason))
        with pytest.raises(HomeError, match=r"No\."):
            Client(home).answer("a")

    def test_the_job_folder_is_read(self, home: Path, busy: list[str]) -> None:
        assert job_folder.read(written(home / "jobs" / "a" / "job.json", '{"id": "a"}')) == {"id": "a"}


async def test_the_event_loop_runs_while_the_inbox_waits(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a held file happens in another thread."""
    threads: list[bool] = []

    def pause(seconds: float) -> None:
        del seconds
        try:
            asyncio.get_running_loop()
            threads.append(True)
        except RuntimeError:
            threads.append(False)

    strict = WindowsFiles(monkeypatch)
    monkeypatch.setattr(busy_files, "sleep", pause)
    box = Inbox(
        home / "inbox", Door().take, EventBus(), native=False, poll_interval=1.0, safety_interval=1.0, largest=9999
    )
    name = put(home)
    with (home / "inbox" / f"{name}.json").open("rb"):
        await box.scan()
    assert strict.refused
    assert threads == [False] * len(busy_files.PAUSES)
