"""Tests that a rejected message is answered in its sender's outbox, whenever its content or file name names the sender.

The inbox and the message handler are real; only the engine is a fake.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.jobs.inbox import Inbox
from tests.fakes.studio import Studio

BODY = b'{"protocol": 1, "message_id": "m-1", "command": "remix", "instance": "reaper-1", "args": {"clips": [%s'


async def rejected(studio: Studio, name: str, data: bytes, largest: int = 100_000) -> list[dict[str, Any]]:
    """Put a file into the inbox, scan twice, and return the errors in the outbox of reaper-1."""
    inbox = Inbox(
        studio.home / "inbox",
        studio.handler.handle,
        studio.bus,
        native=False,
        poll_interval=60.0,
        safety_interval=60.0,
        largest=largest,
        refused=studio.handler.refuse,
    )
    path = studio.home / "inbox" / f"{name}.json"
    path.write_bytes(data)
    await inbox.scan()
    assert path.exists()  # it may be half-written, so nothing is reported yet
    assert [error["message_id"] for error in studio.document("reaper-1")["errors"]] == []
    await inbox.scan()
    assert (studio.home / "inbox" / "rejected" / path.name).exists()
    await inbox.stop()
    errors: list[dict[str, Any]] = studio.document("reaper-1")["errors"]
    return errors


@pytest.mark.parametrize(
    ("name", "data", "message_id", "code"),
    [
        ("m-1", BODY % b"", "m-1", "message_unreadable"),
        ("m-1", (BODY % b"").decode().encode("utf-16"), "m-1", "message_unreadable"),
        ("m-1", BODY % b'{"length": nan}]}}', "m-1", "message_unreadable"),
        ("m-1", BODY % (b"x" * 200_000), "m-1", "message_too_large"),
        ("m-1", b'{"instance": "reaper-1", "args', "m-1", "message_unreadable"),  # the name is the message_id
        ("m-1", b'{"protocol": 1, "instance": "reaper-1", "command": "remix"}', "m-1", "bad_request"),
        ("m-1", b'{"protocol": 1, "message_id": 7, "instance": "reaper-1", "command": "x"}', "m-1", "bad_request"),
        ("reaper-1-0007", b'{"protocol": 1, "comm', "reaper-1-0007", "message_unreadable"),
        ("reaper-1", b"", "reaper-1", "message_unreadable"),
    ],
    ids=["half", "utf-16", "nan", "large", "no id", "missing id", "wrong id", "name begins with it", "name"],
)
async def test_the_sender_is_told(home: Path, name: str, data: bytes, message_id: str, code: str) -> None:
    async with Studio(home) as studio:
        studio.outbox.open("reaper")  # another instance, whose name is shorter
        studio.outbox.open("reaper-1")
        (error,) = await rejected(studio, name, data)
        assert (error["message_id"], error["code"]) == (message_id, code)
        assert error["text"]
        assert error["hint"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("reaper-12", b'{"protocol": 1, "comm'),
        ("m-1", b'{"instance": "reaper-1", "instance": "reaper-2", "comm'),
        ("m-1", b'{"instance": "../reaper-1", "comm'),
    ],
)
async def test_nobody_is_told_if_the_sender_is_uncertain(home: Path, name: str, data: bytes) -> None:
    async with Studio(home) as studio:
        studio.outbox.open("reaper-1")
        assert await rejected(studio, name, data) == []


async def test_a_message_that_was_half_written_is_not_reported(home: Path) -> None:
    async with Studio(home) as studio:
        inbox = Inbox(
            home / "inbox",
            studio.handler.handle,
            studio.bus,
            native=False,
            poll_interval=60.0,
            safety_interval=60.0,
            largest=100_000,
            refused=studio.handler.refuse,
        )
        path = home / "inbox" / "m-2.json"
        path.write_bytes(b'{"protocol": 1, "message_id": "m-2", "instance": "reaper-1", "comm')
        await inbox.scan()
        with path.open("ab") as file:
            file.write(b'and": "hello", "args": {}}')
        assert list(await inbox.scan()) == ["m-2"]
        assert studio.document("reaper-1")["errors"] == []
        await inbox.stop()
