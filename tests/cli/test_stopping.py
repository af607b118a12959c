"""Tests how commands end the daemon: a real daemon by `/bridge/stop`, and stand-ins for daemons that do not obey."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from pythonosc.osc_message import OscMessage

from bridge import client as client_module
from bridge.cli import stopping
from bridge.cli.stopping import stop_daemon
from bridge.client import Client, ask_to_stop
from bridge.errors import HomeError, NotPossibleNow
from bridge.util import lock_check
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.osc_clients import UdpClient
from tests.fakes.processes import Daemon, fal_environment, outbox, put
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE, until


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the processes that get a signal instead of sending it, so that only the message can end a daemon.

    A daemon on a busy machine may reply late.
    """
    monkeypatch.setattr(client_module, "STOP_REPLY", PATIENCE)
    sent: list[int] = []
    monkeypatch.setattr(stopping, "os", SimpleNamespace(kill=lambda pid, number: sent.append(pid)))
    return sent


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(zero_delay=True) as server:
        yield server


# --- a real daemon ---------------------------------------------------------------------------------------------------


def test_a_submission_in_flight_is_finished_and_every_outbox_says_that_the_daemon_ended(
    home: Path, tmp_path: Path, fal: FalServer, signals: list[int]
) -> None:
    fal.fail("submit", Fault("held"))
    daemon = Daemon(home, **fal_environment(fal.url))
    try:
        daemon.wait_until_up()
        put(home, "remix", remix_args(write_tone(tmp_path / "tone.wav"), remix={"engine": "fal"}))
        fal.wait_for("submit")
        told: list[str] = []
        stopped: list[int | None] = []
        stopping_it = threading.Thread(target=lambda: stopped.append(stop_daemon(Client(home), told.append)))
        stopping_it.start()
        until(lambda: bool(told), "why stopping takes long")
        assert daemon.process.poll() is None
        fal.let_go()
        stopping_it.join(PATIENCE)
        assert stopped == [daemon.process.pid]
        assert daemon.process.wait(PATIENCE) == 0
    finally:
        daemon.kill()
    assert told == ["The bridge is stopping, and waits for the answer to the submission of tone."]
    assert signals == []
    assert not (home / "daemon.json").exists()
    shown = outbox(home)
    assert shown["daemon"]["alive"] is False
    (variation,) = shown["jobs"][0]["variations"]
    assert variation["state"] in ("queued", "running", "submitting")
    with_daemon = Daemon(home, **fal_environment(fal.url))
    try:
        until(lambda: any(job["state"] == "done" for job in outbox(home)["jobs"]), "the result")
    finally:
        with_daemon.kill()
    assert sum(fal.queue.submits().values()) == 1


async def test_a_wrong_token_stops_nothing(home: Path) -> None:
    daemon = Daemon(home)
    try:
        about = daemon.wait_until_up()
        sender = UdpClient(about["osc_port"])
        sender.send("/bridge/stop", "guessed")
        assert (await sender.hear("/bridge/error"))[1] == "token_wrong"
        sender.close()
        assert Client(home).daemon() is not None
        assert stop_daemon(Client(home), lambda _: None) == daemon.process.pid
    finally:
        daemon.kill()


# --- daemons that do not obey ----------------------------------------------------------------------------------------

HOLD = """
import sys, filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def stand_in(home: Path, *replies: bytes | None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that holds the home's lock, and a UDP port that gives these replies, the last one for ever."""
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("127.0.0.1", 0))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home / "daemon.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().split() == [b"held"]
    about = {"pid": holder.pid, "osc_port": port.getsockname()[1], "token": "secret-token", "version": "0.0.9"}
    (home / "daemon.json").write_text(json.dumps(about))

    def reply() -> None:
        for number in range(10**6):
            data, sender = port.recvfrom(4096)
            if not data:
                return
            message = OscMessage(data)
            assert message.address == "/bridge/stop"
            assert message.params[0] == "secret-token"
            assert str(message.params[1]).startswith("press:")
            answer = replies[min(number, len(replies) - 1)]
            if answer is not None:
                port.sendto(answer, sender)

    replying = threading.Thread(target=reply)
    replying.start()
    try:
        yield holder
    finally:
        port.sendto(b"", port.getsockname())
        replying.join(PATIENCE)
        port.close()
        holder.kill()
        holder.wait(PATIENCE)
        for pipe in (holder.stdin, holder.stdout):
            if pipe is not None:
                pipe.close()


ACK = b"/bridge/ack\0,s\0\0press:1\0"
UNKNOWN = b"/bridge/error\0\0\0,sss\0\0\0\0\0\0\0\0unknown_command\0"


def ended(holder: subprocess.Popen[bytes]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()


@pytest.mark.only_on("posix", because="Windows has no SIGTERM")
def test_a_daemon_that_does_not_reply_gets_sigterm(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STOP_REPLY", 0.01)
    with stand_in(home, None) as holder:
        sent: list[int] = []
        kill = lambda pid, number: (sent.append(pid), ended(holder))  # noqa: E731
        monkeypatch.setattr(stopping, "os", SimpleNamespace(kill=kill))
        assert stop_daemon(Client(home), lambda _: None) == holder.pid
        assert sent == [holder.pid]


def test_a_lost_message_is_sent_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STOP_REPLY", 0.2)
    with stand_in(home, None, None, ACK) as holder:
        found = threading.Thread(target=stop_daemon, args=(Client(home), lambda _: None))
        found.start()
        found.join(1.5)
        assert found.is_alive(), "it waits for the process to end"
        ended(holder)
        found.join(PATIENCE)
        assert not found.is_alive()


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_a_daemon_of_an_older_version(home: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    with stand_in(home, UNKNOWN) as holder:
        sent: list[int] = []
        kill = lambda pid, number: (sent.append(pid), ended(holder))  # noqa: E731
        monkeypatch.setattr(stopping, "os", SimpleNamespace(kill=kill))
        client = Client(home)
        monkeypatch.setattr(client, "is_locked", partial(lock_check.is_locked, home / "daemon.lock", sys.platform))
        monkeypatch.setattr(stopping, "sys", SimpleNamespace(platform=platform))
        if platform == "win32":
            with pytest.raises(NotPossibleNow, match=r"version 0\.0\.9") as refused:
                stop_daemon(client, lambda _: None)
            assert str(holder.pid) in refused.value.hint
            assert sent == []
        else:
            assert stop_daemon(client, lambda _: None) == holder.pid
            assert sent == [holder.pid]


def test_a_daemon_that_takes_too_long_is_reported(home: Path) -> None:
    with stand_in(home, ACK) as holder, pytest.raises(HomeError, match=f"process {holder.pid}") as late:
        stop_daemon(Client(home), lambda _: None, patience=0.1)
    assert "nothing is lost" in late.value.hint


def test_the_file_of_a_dead_daemon_counts_as_none(home: Path) -> None:
    with stand_in(home, ACK):
        pass
    assert (home / "daemon.json").exists()
    assert stop_daemon(Client(home), lambda _: None) is None
    assert Client(home).daemon() is None


def test_no_reply_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    for token in ("ä", "\ud800"):
        assert ask_to_stop({"token": token, "osc_port": port}) == b""


@pytest.mark.only_on("posix", because="Windows has no SIGTERM")
def test_a_process_that_may_not_be_signalled_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(stopping, "os", SimpleNamespace(kill=refuse))
    with stand_in(home, UNKNOWN) as holder, pytest.raises(HomeError, match=f"process {holder.pid}"):
        stop_daemon(Client(home), lambda _: None, patience=0.1)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        "null",
        '"pid"',
        "{}",
        '{"pid": 7, "osc_port": 2}',
        '{"pid": "7", "osc_port": 2, "token": ""}',
        '{"pid": true, "osc_port": 2, "token": ""}',
        '{"pid": 0, "osc_port": 2, "token": ""}',  # os.kill would signal this process group
        '{"pid": -1, "osc_port": 2, "token": ""}',  # every process of this user
        '{"pid": 99999999999999999999, "osc_port": 2, "token": ""}',
        '{"pid": 7, "osc_port": 65536, "token": ""}',
        '{"pid": 7, "osc_port": -2, "token": ""}',
    ],
)
def test_a_damaged_daemon_json_describes_no_daemon(home: Path, content: str) -> None:
    (home / "daemon.json").write_text(content)
    assert Client(home).described() is None
    assert Client(home).daemon() is None


def test_a_starting_daemon_removes_the_file_of_a_killed_one(home: Path) -> None:
    """While the new daemon starts, `stop` must neither ask nor signal a process that has the old process ID."""
    with closing(sqlite3.connect(home / "bridge.db")) as newer:  # so the start fails before a new file is written
        newer.execute("PRAGMA user_version = 9999")
    (home / "daemon.json").write_text(json.dumps({"pid": 1, "osc_port": 9, "token": "of a killed daemon"}))
    daemon = Daemon(home)
    output, _ = daemon.process.communicate(timeout=PATIENCE)
    assert "[store_newer]" in output
    assert not (home / "daemon.json").exists()
