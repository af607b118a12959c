"""Tests that a daemon ends in order however it is asked to end, and the handler for closed consoles on Windows."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from bridge.util.end_signals import CLOSED, closing
from tests.fakes.processes import Daemon, put
from tests.waiting import PATIENCE, until

SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
CTRL_C, CTRL_BREAK, CTRL_CLOSE = 0, 1, 2


@pytest.mark.only_on("posix", because="sends POSIX signals")
@pytest.mark.parametrize("name", SIGNALS)
def test_each_signal_ends_the_daemon_in_order(home: Path, name: str) -> None:
    daemon = Daemon(home)
    try:
        daemon.wait_until_up()
        daemon.process.send_signal(getattr(signal, name))
        output, _ = daemon.process.communicate(timeout=PATIENCE)
        assert daemon.process.returncode == 0, output
    finally:
        daemon.kill()
    assert not (home / "daemon.json").exists()


@pytest.mark.only_on("posix", because="uses nohup")
def test_nohup_keeps_the_daemon_running_without_its_terminal(home: Path) -> None:
    daemon = Daemon(home, prefix=("nohup",))
    try:
        daemon.wait_until_up()
        daemon.process.send_signal(signal.SIGHUP)
        message_id = put(home, "bye", {})
        message = home / "inbox" / f"{message_id}.json"
        until(lambda: not message.exists() or daemon.process.poll() is not None, "the message to be read")
        assert daemon.process.poll() is None
        daemon.stop()
        assert daemon.process.returncode == 0
    finally:
        daemon.kill()


@pytest.mark.parametrize("event", CLOSED)
def test_a_closed_console_waits_until_the_daemon_has_ended(event: int) -> None:
    asked, ended = threading.Event(), threading.Event()
    answers: list[bool] = []
    handle = closing(asked.set, ended)
    system = threading.Thread(target=lambda: answers.append(handle(event)))
    system.start()
    assert asked.wait(PATIENCE)
    assert answers == [], "returning would end the process"
    ended.set()
    system.join(PATIENCE)
    assert answers == [True]


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_ctrl_c_is_left_to_the_signals(event: int) -> None:
    asked = threading.Event()
    assert closing(asked.set, threading.Event())(event) is False
    assert not asked.is_set()


def test_a_console_that_is_closed_after_the_end_changes_nothing() -> None:
    def closed() -> None:
        raise RuntimeError("Event loop is closed")

    ended = threading.Event()
    ended.set()
    assert closing(closed, ended)(CTRL_CLOSE) is True
