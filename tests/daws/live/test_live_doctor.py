"""Tests that the doctor queries the running script and reads Live's log."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.config.load import load
from bridge.doctor import live
from bridge.doctor.base import Context, Finding
from bridge.doctor.live import look
from tests.daws.live.conftest import Start
from tests.daws.live.host import Host

LOG = """2026-11-02T10:11:12.1 info: Started: Live 12.3.6
2026-11-02T10:11:13.1 info: RemoteScriptMessage: (AceBridge) AceBridge: no socket, so files are polled
2026-11-02T10:11:14.1 info: RemoteScriptError:   File "/u/Remote Scripts/Other/__init__.py", line 3
2026-11-02T10:11:14.1 info: RemoteScriptError: KeyError: 'theirs'
2026-11-02T10:11:14.2 info: nothing
"""
OURS = """2026-11-02T10:11:15.1 info: RemoteScriptError:   File "/u/Remote Scripts/AceBridge/script.py", line 3, in x
2026-11-02T10:11:15.1 info: RemoteScriptError:     from .place import Placing
2026-11-02T10:11:15.1 info: RemoteScriptError: ImportError: cannot import name 'Placing'
2026-11-02T10:11:16.1 info: something else
"""


def context_of(home: Path, folder: Path) -> Context:
    nothing: Callable[[str], None] = lambda _: None  # noqa: E731
    return Context(
        home, {"HOME": str(folder)}, "darwin", load(home, {}), "", time.time, nothing, str, str, list, lambda: None
    )


def findings(host: Host, home: Path) -> list[Finding]:
    """Run the doctor in another thread while Live ticks in this one; return its findings."""
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(lambda: list(look(context_of(home, home))))
        while not looking.done():
            host.tick()
            time.sleep(0.005)
    return looking.result()


def test_a_responding_script(start_live: Start, home: Path) -> None:
    """If no self-test has run, the doctor shows the command for the self-test, with the script's port."""
    host = start_live()
    one, test = findings(host, home)
    assert (one.check, one.level) == ("live.script", "well")
    assert (test.check, test.level) == ("live.selftest", "hint")
    assert f"--port {host.script._bell.port} /bridge/selftest" in test.fix
    (home / "live" / "selftest.json").write_text("{}")
    assert [found.check for found in findings(host, home)] == ["live.script"]


def test_an_outdated_script(start_live: Start, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = start_live()
    monkeypatch.setattr(host.package.script, "VERSION", "0.0.9")
    (one,) = findings(host, home)
    assert (one.check, one.level) == ("live.script", "trouble")
    assert "version 0.0.9" in one.text


def test_a_port_without_the_script(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TIMEOUT", 0.05)
    (home / "live").mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        (home / "live" / "instance-a.json").write_text(json.dumps({"port": deaf.getsockname()[1]}))
        (home / "live" / "instance-b.json").write_text("no json")
        (one,) = look(context_of(home, home))
    assert (one.check, one.level) == ("live.script", "hint")


@pytest.mark.parametrize(("text", "error"), [(LOG, ""), (LOG + OURS, "ImportError: cannot import name 'Placing'")])
def test_lives_log(home: Path, tmp_path: Path, text: str, error: str) -> None:
    log = tmp_path / "Library" / "Preferences" / "Ableton" / "Live 12.3.6" / "Log.txt"
    log.parent.mkdir(parents=True)
    log.write_text(text)
    found = list(look(context_of(home, tmp_path)))
    assert [one.check for one in found] == (["live.log"] if error else [])
    assert all(error in one.text and one.fix for one in found)
