"""Runs the example script that sends /bridge/clip from REAPER, with a real socket and a real daemon."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
import soundfile

from tests.daws.reaper.rig import Rig
from tests.fakes.processes import running

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "reaper_clip.lua"

# A replacement for LuaSocket's UDP sockets. It exchanges datagrams with the test as hexadecimal digits, because Lupa
# cannot pass binary strings.
LUASOCKET = """
local exchange = require 'test.udp'
local function digits(data) return (data:gsub('.', function(one) return ('%02x'):format(one:byte()) end)) end
local function bytes(text) return (text:gsub('..', function(one) return string.char(tonumber(one, 16)) end)) end
return { udp = function()
  return {
    settimeout = function(_, seconds) assert(seconds == 0, 'blocks REAPER') end,
    sendto = function(_, data, host, port) return exchange(digits(data), host, port) end,
    receive = function(_)
      local reply = exchange('', '', 0)
      return reply and bytes(reply)
    end,
    close = function() end,
  }
end }
"""


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    folder = rig.resources / "Scripts" / "Mavriq ReaScript Repository" / "Various" / "Mavriq-Lua-Sockets"
    folder.mkdir(parents=True)
    (folder / "socket.lua").write_text(LUASOCKET)
    shutil.copy(EXAMPLE, rig.scripts / EXAMPLE.name)
    return rig


def test_the_example_remixes_the_selected_item(rig: Rig, tmp_path: Path) -> None:
    with running(rig.home), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)

        def exchange(data: str, host: str, port: int) -> object:
            if port:
                return udp.sendto(bytes.fromhex(data), (host, port))
            try:
                return udp.recv(2000).hex()
            except BlockingIOError:
                return None

        rig.host.send_udp = exchange  # type: ignore[assignment]
        rig.item(4.0, 1.0, 0.5)
        rig.host.run(rig.scripts / EXAMPLE.name)
        rig.until(lambda: rig.host.console)
    (line,) = rig.host.console
    path = line.removeprefix("The remix is ready: ").rstrip("\n")
    assert soundfile.info(path).duration == 1.0
    assert not rig.host.busy()
    assert not rig.project.history
    rig.host.verify()


def test_without_a_daemon_the_example_says_what_to_do(rig: Rig) -> None:
    rig.item()
    rig.host.run(rig.scripts / EXAMPLE.name)
    assert rig.host.boxes == ["Start ace-bridge and select an audio item first."]
    assert not rig.project.history
    rig.host.verify()
