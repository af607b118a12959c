"""Tests `ace-bridge send` with a real OSC server: the filled-in arguments, the listening time and the output."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.cli.main import main
from bridge.control.api import ClipAsk
from bridge.events import Alert, JobChanged, JobProgress, VariationChanged
from tests.fakes.osc_stage import TOKEN, Stage
from tests.waiting import eventually

Output = pytest.CaptureFixture[str]


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch, home: Path) -> AsyncIterator[Stage]:
    stage = Stage()
    stage.port = await stage.surface.start()
    about = {"osc_port": stage.port, "token": TOKEN}
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(home))
    monkeypatch.setattr("bridge.client.Client.daemon", lambda client: about)
    yield stage
    await stage.close()


async def send(*arguments: str) -> int:
    return await asyncio.to_thread(main, ["send", *arguments])


async def test_the_token_is_filled_in_and_the_path_becomes_absolute(
    stage: Stage, capsys: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also test that `send` listens until the result's path arrives."""
    monkeypatch.chdir(tmp_path)
    sending = asyncio.create_task(send("/bridge/clip", "token", "808", "1", "8"))
    await eventually(lambda: bool(stage.bridge.asked))
    assert stage.bridge.asked == [("clip", ClipAsk(os.fspath(tmp_path / "808"), 1.0, 8.0, None, ""))]
    stage.bus.publish(JobProgress("job-1", 0.5, "half"))
    stage.bus.publish(VariationChanged("job-1", "v-1", "done", "/results/a.wav"))
    assert await sending == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "/bridge/accepted message-1 job-1"
    assert "/bridge/job/job-1/message half" in lines
    assert lines[-1] == "/bridge/job/job-1/path /results/a.wav v-1"


async def test_it_listens_until_the_error(stage: Stage, capsys: Output) -> None:
    sending = asyncio.create_task(send("/bridge/clip", "token", "/a.wav"))
    await eventually(lambda: bool(stage.bridge.asked))
    stage.bus.publish(JobChanged("job-1", "failed", 0.0))
    stage.bus.publish(Alert("source_missing", "It is not there.", "job-1"))
    assert await sending == 1
    assert "It is not there." in capsys.readouterr().err


async def test_a_cancelled_job_ends_without_a_path(
    stage: Stage, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.commands.send.LAST_REPLY", 0.05)
    sending = asyncio.create_task(send("/bridge/clip", "token", "/a.wav", "--json"))
    await eventually(lambda: bool(stage.bridge.asked))
    stage.bus.publish(JobChanged("job-1", "cancelled", 0.0))
    assert await sending == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event": "answer", "address": "/bridge/job", "arguments": ["job-1", "cancelled"]} in lines


async def test_the_wait_ends_when_the_daemon_stops(
    stage: Stage, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.commands.send.LAST_REPLY", 0.05)
    sending = asyncio.create_task(send("/bridge/clip", "token", "/a.wav"))
    await eventually(lambda: bool(stage.bridge.asked))
    monkeypatch.setattr("bridge.client.Client.daemon", lambda client: None)
    assert await sending == 1
    assert "[not_running]" in capsys.readouterr().err


async def test_a_wrong_token_is_reported_at_once(stage: Stage, capsys: Output) -> None:
    assert await send("/bridge/clip", "guess", "/a.wav") == 1
    assert "[token_wrong]" in capsys.readouterr().err
    assert stage.bridge.asked == []


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (("/bridge/preset/select", "roots-dub"), "roots-dub"),
        (("/bridge/preset/next",), "step 1"),
        (("/bridge/preset/previous",), "step -1"),
    ],
)
async def test_the_selected_preset_is_printed(
    stage: Stage, message: tuple[str, ...], name: str, capsys: Output
) -> None:
    assert await send(*message) == 0
    assert capsys.readouterr().out == f"/bridge/preset/select {name}\n"


async def test_a_subscriber_gets_no_echo_of_its_own_selection(stage: Stage) -> None:
    client = await stage.subscribed()
    client.send("/bridge/preset/select", "ambient")
    await stage.settle()
    assert client.of("/bridge/preset/select") == []
    client.send("/bridge/preset/next")
    await client.hear("/bridge/preset/select", "step 1")
    await stage.settle()
    assert client.of("/bridge/preset/select") == [("step 1",)]


async def test_an_address_begins_with_a_slash(stage: Stage, capsys: Output) -> None:
    assert await send("bridge/ping") == 1
    assert capsys.readouterr().err.startswith("ace-bridge: An OSC address begins with /, for example /bridge/ping.\n")
    assert stage.bridge.asked == []
    assert await send("/bridge/ping") == 0
    assert capsys.readouterr().out == "/bridge/pong 1.2.3 1\n"


async def test_the_wait_for_a_lost_message_ends(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """A datagram can be lost, and the daemon does not reply to a packet that the daemon cannot read."""
    monkeypatch.setattr("bridge.cli.commands.send.FIRST_REPLY", 0.05)
    monkeypatch.setattr("bridge.cli.commands.send.LAST_REPLY", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        about = {"osc_port": deaf.getsockname()[1], "token": TOKEN}
        monkeypatch.setattr("bridge.client.Client.daemon", lambda client: about)
        assert await send("/bridge/clip", "token", "/a.wav") == 1
    assert "may be lost" in capsys.readouterr().err
