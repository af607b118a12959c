"""Tests helper processes that exchange JSON lines, with real processes that answer, hang, crash or do not end."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from bridge.util import child_process
from bridge.util.child_process import ChildProcess
from bridge.util.redact import SECRETS, without_secrets
from tests.fakes import kills
from tests.waiting import eventually

Start = Callable[..., Awaitable[ChildProcess]]

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
DEAF = "import time\nprint('{\"deaf\": true}', flush=True)\ntime.sleep(100)"  # does not notice the end of its stdin
LONG = 100  # s; a time limit that is long enough even on a busy machine


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Return a function that starts a helper process with the given Python code."""
    started: list[ChildProcess] = []

    async def begin(code: str, kind: type[ChildProcess] = ChildProcess, **how: Any) -> ChildProcess:
        child = await kind.start(sys.executable, "-c", code, **how)
        started.append(child)
        return child

    yield begin
    for child in started:
        if child.alive:
            child.process.kill()
        await child.process.wait()


async def test_lines_are_exchanged_until_its_stdin_is_closed(start: Start) -> None:
    child = await start(ECHO)
    await child.send({"name": "Ö 🎸", "empty": None})
    child.write({})
    assert await child.read(LONG) == {"name": "Ö 🎸", "empty": None}
    assert await child.read(LONG) == {}
    assert child.alive
    assert await child.end(LONG) is True
    assert child.how_it_ended == "exit code 0"
    assert await child.read() is None


async def test_it_gets_no_api_key(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = "import json, os\nprint(json.dumps(dict(os.environ)), flush=True)"
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    environ = dict(os.environ)
    for given in (None, environ):
        child = await start(tell, environ=given)
        seen = await child.read(LONG)
        assert seen is not None
        assert not set(SECRETS) & set(seen)
        assert seen["PATH"] == environ["PATH"]
    assert environ["FAL_KEY"] == "secret", "the given environment is unchanged"


def test_only_the_api_keys_are_removed() -> None:
    given = {"FAL_KEY": "a", "FAL_KEY_ID": "b", "FAL_KEY_SECRET": "c", "FAL_KEYS": "d", "PATH": "e"}
    assert without_secrets(given) == {"FAL_KEYS": "d", "PATH": "e"}


async def test_reading_continues_after_a_timeout(start: Start) -> None:
    child = await start(ECHO)
    with pytest.raises(TimeoutError):
        await child.read(0.01)
    await child.send({"late": 1})
    assert await child.read(LONG) == {"late": 1}


@pytest.mark.parametrize("line", ["rubbish", "7", "[]", '{"a": "' + 300 * "a" + '"}'])
async def test_a_line_that_is_too_long_or_not_an_object_is_an_error(start: Start, line: str) -> None:
    child = await start(f"print({line!r}, flush=True)\nprint('{{}}', flush=True)", line_limit=200)
    with pytest.raises(ValueError, match=r"."):
        await child.read(LONG)


async def test_lines_that_are_not_json_objects_are_logged_and_skipped(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    code = (
        f"import os\nos.write(1, b'\\xff\\x07\\r{300 * 'a'}\\n7\\n')\nprint(200_000 * '[')\nprint('{{}}', flush=True)"
    )
    child = await start(code)
    assert await child.read_valid(LONG) == {}
    assert await child.read_valid(LONG) is None
    assert len(caplog.messages) == 3
    assert r"\x07\raaa" in caplog.messages[0]
    assert "7" in caplog.messages[1]
    assert all(len(message) < 300 and message.isprintable() for message in caplog.messages)


async def test_reading_continues_after_a_line_that_is_too_long(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    child = await start("print(100_000 * 'a')\nprint('{}', flush=True)", line_limit=1000)
    assert await child.read_valid(LONG) == {}
    assert any("longer than the limit" in message for message in caplog.messages)
    assert all(len(message) < 300 for message in caplog.messages)


async def test_invalid_lines_do_not_extend_the_time_limit(start: Start) -> None:
    child = await start("import time\nwhile True: print('rubbish', flush=True), time.sleep(0.001)")
    assert await child.process.stdout.read(1)  # type: ignore[union-attr]  # the process has started to write
    with pytest.raises(TimeoutError):
        await child.read_valid(0.2)


async def test_an_incomplete_last_line_is_the_end(start: Start) -> None:
    child = await start("print('{\"a\": 1}', end='', flush=True)")
    assert await child.read(LONG) is None


@pytest.mark.parametrize(
    ("last", "how"),
    [
        ("sys.exit(3)", "exit code 3"),
        pytest.param(
            "os.kill(os.getpid(), 9)", "signal 9", marks=pytest.mark.only_on("posix", because="Windows has no signals")
        ),
    ],
)
async def test_its_exit_status_is_known_and_writing_to_it_fails(start: Start, last: str, how: str) -> None:
    child = await start(f"import os, sys\n{last}")
    assert await child.read(LONG) is None
    assert await child.wait_for_end(LONG) is True
    assert child.how_it_ended == how
    with pytest.raises(ConnectionError):
        await child.send({"hello": 1})
    child.write({"hello": 1})


async def test_a_process_that_does_not_end_is_killed(start: Start) -> None:
    child = await start(DEAF)
    assert await child.read(LONG) == {"deaf": True}
    assert await child.end(0.01) is False
    assert not child.alive
    assert child.how_it_ended != "exit code 0"


async def test_a_process_that_cannot_be_killed_is_not_waited_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """For example, a process blocked by a disconnected drive survives the kill signal."""
    monkeypatch.setattr(child_process, "KILL_SECONDS", 0.01)
    child = await start(DEAF)
    signals: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(child.process, "kill", lambda: signals.append("kill"))
        assert await child.end(0.01) is False
    assert signals == ["kill"]
    assert child.alive


class Chatty(ChildProcess):
    LOG_NAME = "chatterbox"


@pytest.mark.parametrize("kind", [ChildProcess, Chatty])
@pytest.mark.parametrize("killed", [False, True])
async def test_its_pipes_are_closed_although_another_process_holds_them(
    start: Start, monkeypatch: pytest.MonkeyPatch, kind: type[ChildProcess], killed: bool
) -> None:
    monkeypatch.setattr(child_process, "KILL_SECONDS", 0.5)
    code = (
        "import json, subprocess, sys\n"
        "heir = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        "print(json.dumps({'heir': heir.pid}), flush=True)\n"
    )
    child = await start(code + ("input()" if killed else ""), kind)
    heir = await child.read(LONG)
    assert heir is not None
    try:
        await (child.kill() if killed else child.wait_for_end())
        await eventually(lambda: not child.alive)
        await child.wait_for_end()
        assert await child.read(LONG) is None, "its output is still open"
    finally:
        kills.kill(heir["heir"])


COMPLAIN = "import os, sys\nos.write(2, 'no ☂\\n'.encode())\nprint('{}', flush=True)\nsys.stdin.read()"


async def test_stderr_is_logged_under_its_name_or_discarded(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    quiet = await start(COMPLAIN)
    assert await quiet.read(LONG) == {}
    assert await quiet.end(LONG) is True
    child = await start(COMPLAIN, Chatty)
    await eventually(lambda: bool(caplog.messages))
    assert caplog.messages == [f"chatterbox {child.process.pid}: no ☂"]


async def test_a_missing_program_is_an_oserror() -> None:
    with pytest.raises(OSError, match=r"no such helper|WinError 2"):
        await ChildProcess.start("/no such helper")
