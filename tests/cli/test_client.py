"""Tests the client's view of a daemon that is starting or busy."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bridge.client import Client, answers
from bridge.errors import AlreadyRunning, from_wire
from tests.waiting import PATIENCE


def ended_process() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(PATIENCE)
    return process


def test_a_start_waits_for_the_daemon_that_was_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another daemon holds the lock but does not answer yet when our process has ended because of it."""
    note = home / "start.json"
    note.write_text(json.dumps(AlreadyRunning("A daemon is already running.").to_wire()))
    about = {"pid": 1, "osc_port": 1}
    seen = iter([None, None, None, about])
    client = Client(home)
    monkeypatch.setattr(client, "daemon", lambda: next(seen))
    monkeypatch.setattr(client, "is_locked", lambda: True)
    process = ended_process()
    monkeypatch.setattr("bridge.client._end_rival", lambda process, pid: None)
    assert client._wait_until_up(process, note) == about


def test_a_start_that_fails_is_reported_at_once(home: Path) -> None:
    note = home / "start.json"
    wire = AlreadyRunning("A daemon is already running.").to_wire()
    note.write_text(json.dumps(wire))
    with pytest.raises(type(from_wire(wire)), match="already running"):
        Client(home)._wait_until_up(ended_process(), note)


def test_a_busy_daemon_is_asked_again() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 0))
        port.settimeout(PATIENCE)

        def reply() -> None:
            port.recvfrom(100)  # the first request is lost
            _, sender = port.recvfrom(100)
            port.sendto(b"/bridge/pong\0\0\0\0,\0\0\0", sender)

        replying = threading.Thread(target=reply)
        replying.start()
        assert answers(port.getsockname()[1])
        replying.join(PATIENCE)
    assert not answers(0)
