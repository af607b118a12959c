"""Tests notifying and starting the daemon, another protocol version, and the amount fader, with real datagrams."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.osc.packet import parse
from tests.daws.reaper.rig import SCRIPTS, Rig
from tests.waiting import PATIENCE

# A replacement for the module in the package "Mavriq Lua Sockets"; it sends through a real socket.
LUASOCKET = """
local send = require 'test.udp'
return { udp = function()
  return { sendto = function(_, data, host, port) return send(data, host, port) end, close = function() end }
end }
"""


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


@pytest.fixture
def bell() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
        bell.bind(("127.0.0.1", 0))
        bell.settimeout(PATIENCE)
        yield bell


def daemon(rig: Rig, port: int = 9123, protocol: int = 1) -> None:
    about = {"protocols": [protocol], "version": "0.9", "osc_port": port}
    (rig.home / "daemon.json").write_text(json.dumps(about))


def with_luasocket(rig: Rig, content: str = LUASOCKET) -> None:
    folder = rig.resources / "Scripts" / "Mavriq ReaScript Repository" / "Various" / "Mavriq-Lua-Sockets"
    folder.mkdir(parents=True)
    (folder / "socket.lua").write_text(content)

    def send(data: str, host: str, port: int) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            return one.sendto(data.encode(), (host, port))

    rig.host.send_udp = send


def test_luasocket_notifies_by_udp(rig: Rig, bell: socket.socket) -> None:
    with_luasocket(rig)
    daemon(rig, bell.getsockname()[1])
    rig.item()
    rig.act("Remix with last settings")
    (message,) = parse(bell.recv(2000), 2000, 1)
    assert (message.address, message.arguments) == ("/bridge/inbox", ())
    rig.host.verify()


@pytest.mark.parametrize("content", ["error('another Lua')", "return nil"])
def test_a_luasocket_that_does_not_load_is_ignored(rig: Rig, content: str) -> None:
    with_luasocket(rig, content)
    daemon(rig)
    rig.item()
    rig.act("Remix with last settings")
    assert len(rig.messages("remix")) == 1
    assert not rig.host.boxes


def test_no_notification_without_luasocket(rig: Rig) -> None:
    daemon(rig)
    rig.item()
    rig.act("Remix with last settings")
    assert len(rig.messages("remix")) == 1  # the daemon watches its inbox
    rig.host.verify()


def test_no_notification_without_a_daemon(rig: Rig) -> None:
    with_luasocket(rig)
    rig.host.send_udp = lambda data, host, port: rig.host.fail("a notification without a daemon")
    rig.item()
    rig.act("Remix with last settings")
    assert len(rig.messages("remix")) == 1
    rig.host.verify()


def test_a_daemon_with_another_protocol_is_reported_and_nothing_is_sent(rig: Rig) -> None:
    daemon(rig, protocol=2)
    rig.item()
    rig.act("Remix with last settings")
    assert "version 0.9" in rig.host.boxes[0]
    assert "ace-bridge install reaper" in rig.host.boxes[0]
    assert not rig.messages()
    rig.host.tick()
    assert not rig.host.busy()
    assert not rig.project.history
    rig.host.verify()


@pytest.mark.parametrize("in_flatpak", [True, False])
def test_flatpak_starts_the_daemon_outside_its_sandbox(home: Path, tmp_path: Path, in_flatpak: bool) -> None:
    name = ".var/app/fm.reaper.Reaper/config/REAPER" if in_flatpak else "REAPER"
    rig = Rig(home, tmp_path, name=name)
    rig.choose()
    rig.item()
    rig.act("Remix with last settings")
    rig.host.tick(60)
    (command,) = rig.host.executed
    assert command.startswith('/usr/bin/flatpak-spawn --host "python"') is in_flatpak
    assert command.endswith('"python" "-m" "bridge" "start"')


@pytest.mark.parametrize(
    ("controller", "amount"),
    [
        ((0, 127, 127.0, "midi:b0:07"), 1.0),
        ((0, 16383, 8192.0, "midi:b0:07"), 0.5),
        ((1, 127, -3.0, "midi:b0:07"), 0.37),
        ((-1, -1, -1.0, "osc:/my/fader:f=0.25"), 0.25),
    ],
)
def test_a_fader_sets_the_amount(rig: Rig, controller: tuple[int, int, float, str], amount: float) -> None:
    rig.choose(amount=0.4)
    rig.host.controller = controller
    rig.act("Amount (fader)")
    assert json.loads(rig.host.kept["ace-bridge", "wishes"])["remix"]["amount"] == amount
    assert not rig.host.boxes
    rig.host.verify()


def test_a_fader_loads_few_modules(rig: Rig) -> None:
    """A fader runs its action up to 30 times a second. `benchmarks/fader_script.py` measures the time."""
    rig.host.controller = (0, 127, 64.0, "midi:b0:07")
    rig.act("Amount (fader)")
    (script,) = rig.host.scripts.values()
    loaded = set(script.runtime.eval("package.loaded").keys())
    shipped = {path.stem for path in (SCRIPTS / "lib").glob("*.lua")}
    assert loaded & shipped == {
        "main", "undo", "error_guard", "home", "files", "folders", "json", "fader", "settings", "state"
    }  # fmt: skip


def test_the_amount_action_without_a_fader_explains_itself(rig: Rig) -> None:
    rig.act("Amount (fader)")
    assert "Bind a fader" in rig.host.boxes[0]
