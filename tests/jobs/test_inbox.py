"""Tests the inbox with a real folder: every file is either handled once or rejected with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchfiles import awatch

from bridge.errors import RequestError
from bridge.events import Alert, Event, EventBus
from bridge.jobs.inbox import Inbox, Receipt
from bridge.protocol.request import parse
from tests.waiting import eventually


class Door:
    """A fake message handler that records the IDs of the messages."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def take(self, data: bytes) -> Receipt:
        message = parse(data)
        self.taken.append(message.message_id)
        return Receipt(message.message_id, None)

    def and_then(self, call: Callable[[], None]) -> Callable[[bytes], Awaitable[Receipt]]:
        async def take(data: bytes) -> Receipt:
            receipt = await self.take(data)
            call()
            return receipt

        return take


@pytest.fixture
def door() -> Door:
    return Door()


def inbox(home: Path, door: Door, *, native: bool = True, **changes: Any) -> tuple[Inbox, list[Event]]:
    bus, events = EventBus(), []
    bus.subscribe(events.append)
    settings = {"poll_interval": 0.02, "safety_interval": 60.0, "largest": 10_000, **changes}
    return Inbox(home / "inbox", door.take, bus, native=native, **settings), events


def put(home: Path, message_id: str | None = None, text: str | None = None) -> str:
    message_id = message_id or str(uuid.uuid4())
    message = {"protocol": 1, "message_id": message_id, "command": "hello", "instance": "test", "args": {}}
    partial = home / "inbox" / f".{message_id}.tmp"
    partial.write_text(text if text is not None else json.dumps(message), encoding="utf-8")
    partial.replace(home / "inbox" / f"{message_id}.json")
    return message_id


@pytest.mark.parametrize("native", [True, False])
async def test_a_file_is_noticed_without_an_osc_message(home: Path, door: Door, native: bool) -> None:
    box, _ = inbox(home, door, native=native)
    box.start()
    await asyncio.sleep(0.3)  # after the first scan, only the watch or a poll can notice a new file
    message_id = put(home)
    await eventually(lambda: door.taken == [message_id])
    await eventually(lambda: not list((home / "inbox").glob("*.json")))
    await box.stop()


async def test_files_present_at_the_start_are_handled_oldest_first(home: Path, door: Door) -> None:
    ids = [put(home) for _ in range(5)]
    for age, message_id in enumerate(ids):
        os.utime(home / "inbox" / f"{message_id}.json", (1000 - age, 1000 - age))
    box, _ = inbox(home, door)
    await box.scan()
    assert door.taken == ids[::-1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"protocol": 1, "message_id"', "message_unreadable"),
        ("", "message_unreadable"),
        ("\x00" * 50, "message_unreadable"),
        ("[1, 2]", "bad_request"),
        ('{"protocol": 2, "words": "other"}', "protocol_unsupported"),
        ("x" * 20_000, "message_too_large"),
    ],
)
async def test_an_unreadable_file_is_read_twice_and_rejected(home: Path, door: Door, text: str, code: str) -> None:
    name = put(home, text=text)
    box, events = inbox(home, door)
    await box.scan()
    assert (home / "inbox" / f"{name}.json").exists()
    await box.scan()
    rejected = home / "inbox" / "rejected"
    assert (rejected / f"{name}.json").read_text(encoding="utf-8") == text
    assert json.loads((rejected / f"{name}.json.error").read_bytes())["code"] == code
    assert [event.code for event in events if isinstance(event, Alert)] == [code]
    assert door.taken == []
    await box.stop()


async def test_a_half_written_file_is_handled_once_complete(home: Path, door: Door) -> None:
    path = home / "inbox" / "slow.json"
    path.write_text('{"protocol": 1, "message_id": "slow", "comm', encoding="utf-8")
    box, _ = inbox(home, door)
    await box.scan()
    with path.open("a", encoding="utf-8") as file:
        file.write('and": "hello", "instance": "test"}')
    await box.scan()
    assert door.taken == ["slow"]
    assert not path.exists()
    await box.stop()


WHOLE = '{"protocol": 1, "message_id": "grows", "command": "hello", "instance": "test"}'


class Growing:
    """A patch that makes a file grow once, at a given moment while the file is read."""

    def __init__(self, path: Path, moment: str, more: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._moment = moment
        self._more = more
        self._fstat, self._fdopen = os.fstat, os.fdopen
        monkeypatch.setattr("bridge.jobs.inbox.os.fstat", self.fstat)
        monkeypatch.setattr("bridge.jobs.inbox.os.fdopen", self.fdopen)

    def at(self, moment: str) -> None:
        if moment == self._moment:
            self._moment = ""
            with self._path.open("a", encoding="utf-8") as file:
                file.write(self._more)

    def fstat(self, number: int) -> os.stat_result:
        about = self._fstat(number)
        self.at("before it is read")
        return about

    def fdopen(self, number: int, mode: str) -> Any:
        return self._reading(number) if mode == "rb" else self._fdopen(number, mode)

    @contextlib.contextmanager
    def _reading(self, number: int) -> Iterator[Growing]:
        with self._fdopen(number, "rb") as self._file:
            yield self

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, limit: int) -> bytes:
        data: bytes = self._file.read(limit)
        self.at("after it is read")
        return data


@pytest.mark.parametrize(
    ("moment", "more", "taken", "code"),
    [
        ("before it is read", "   ", ["grows"], ""),
        ("after it is read", "   ", ["grows"], ""),
        ("before it is read", " " * 20_000, [], "message_too_large"),
        ("after it is read", " " * 20_000, [], "message_too_large"),
        ("before it is read", ', "second half"}', [], "message_unreadable"),
        ("after it is read", ', "second half"}', [], "message_unreadable"),
        ("after it is taken", ', "second half"}', ["grows"], "message_unreadable"),
    ],
)
async def test_a_file_that_grows_while_it_is_read_is_never_cut(
    home: Path, door: Door, monkeypatch: pytest.MonkeyPatch, moment: str, more: str, taken: list[str], code: str
) -> None:
    path = home / "inbox" / "grows.json"
    path.write_text(WHOLE, encoding="utf-8")
    box, events = inbox(home, door)
    growing = Growing(path, moment, more, monkeypatch)
    box._take = door.and_then(lambda: growing.at("after it is taken"))
    await box.scan()
    assert path.read_text(encoding="utf-8") == WHOLE + more
    assert door.taken == (taken if moment == "after it is taken" else [])
    for _ in range(2):
        await box.scan()
    assert door.taken == taken
    assert not path.exists()
    assert [event.code for event in events if isinstance(event, Alert)] == [code][: bool(code)]
    if code:
        assert (home / "inbox" / "rejected" / "grows.json").read_text(encoding="utf-8") == WHOLE + more
    await box.stop()


async def test_symlinks_are_refused(home: Path, door: Door, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.json"
    secret.write_text('{"protocol": 1, "message_id": "x", "command": "hello", "instance": "test"}', encoding="utf-8")
    (home / "inbox" / "link.json").symlink_to(secret)
    box, _ = inbox(home, door)
    await box.scan()
    await box.scan()
    assert door.taken == []
    assert not (home / "inbox" / "link.json").exists()
    assert secret.exists()
    await box.stop()


async def test_other_files_and_folders_are_left_alone(home: Path, door: Door) -> None:
    (home / "inbox" / "notes.txt").write_text("mine", encoding="utf-8")
    (home / "inbox" / ".hidden.json").write_text("{}", encoding="utf-8")
    box, _ = inbox(home, door)
    await box.scan()
    assert (home / "inbox" / "notes.txt").exists()
    assert (home / "inbox" / ".hidden.json").exists()


async def test_an_error_in_one_message_does_not_block_the_others(home: Path) -> None:
    taken: list[str] = []

    async def take(data: bytes) -> Receipt:
        message = parse(data)
        if message.message_id == "bad":
            raise RequestError("no")
        taken.append(message.message_id)
        return Receipt(message.message_id, None)

    box = Inbox(home / "inbox", take, EventBus(), native=False, poll_interval=0.01, safety_interval=1.0, largest=10_000)
    put(home, "bad")
    put(home, "good")
    await box.scan()
    assert taken == ["good"]
    await box.stop()


async def test_a_file_that_arrives_before_the_watch_is_handled(
    home: Path, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = asyncio.Event()

    async def late(*folders: Path, **options: Any) -> AsyncIterator[set[tuple[Any, str]]]:
        await watching.wait()
        async for news in awatch(*folders, **options):
            yield news

    monkeypatch.setattr("bridge.jobs.inbox.awatch", late)
    box, _ = inbox(home, door)
    box.start()
    first = put(home)
    await eventually(lambda: door.taken == [first])
    second = put(home)
    await asyncio.sleep(0.1)
    assert door.taken == [first], "no watch reports it yet"
    watching.set()
    await eventually(lambda: door.taken == [first, second])
    await box.stop()
