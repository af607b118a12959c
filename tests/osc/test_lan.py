"""Tests access from a tablet. The daemon runs in one network namespace, and OSC and mDNS clients run in another."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.lan import HERE, THERE, Lan, lan
from tests.fakes.processes import environment
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.needs("network")

SECRET = "Zx9-marked-secret"

# Script for the tablet, which sends each message given as an argument to the bridge and prints the replies.
TALK = """
import json, socket, sys, time
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
host, port, messages = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
channel.settimeout(200)
heard = []
for address, *arguments in messages:
    time.sleep(0.15)  # equal messages in a shorter time are duplicates
    channel.sendto(build_msg(address, arguments).dgram, (host, port))
    while True:
        message = OscMessage(channel.recv(65536))
        if message.address in ("/bridge/pong", "/bridge/error", "/bridge/unlocked", "/bridge/preset/select"):
            heard.append([message.address, *message.params])
            break
print(json.dumps(heard))
"""

# Script for the tablet, which searches by mDNS for the given number of seconds and prints the services it found.
BROWSE = """
import json, sys, time
from zeroconf import ServiceBrowser, Zeroconf
found = {}
class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, 1000 * float(sys.argv[2]))
        if info:
            properties = {key.decode(): value.decode() for key, value in info.properties.items()}
            found[kind] = [name, info.parsed_addresses()[0], info.port, properties]
    update_service = add_service
    def remove_service(self, zc, kind, name): found.pop(kind, None)
zc = Zeroconf(interfaces=[sys.argv[1]])
browser = ServiceBrowser(zc, ["_osc._udp.local.", "_oscjson._tcp.local."], Listener())
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end and len(found) < 2: time.sleep(0.05)
zc.close()
print(json.dumps(found))
"""

GET = """
import json, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=200) as answer: print(answer.read().decode())
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Lan]:
    with lan() as made:
        yield made


class LanDaemon:
    """A daemon in the network namespace of the bridge's machine."""

    def __init__(self, network: Lan, home: Path, *words: str, **environ: str) -> None:
        self.network, self.home = network, home
        command = network.command(HERE, "-m", "bridge", "run", "--quiet", *words)
        self.process = subprocess.Popen(command, env=environment(home, **environ), cwd=Path(__file__).parents[2])
        try:
            self.about: dict[str, Any] = until(self._look, "daemon.json")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> LanDaemon:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the daemon if it is still running, as after a failed assertion."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def _look(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, (self.home / "logs/bridge.log").read_text()
        path = self.home / "daemon.json"
        return json.loads(path.read_bytes()) if path.exists() else None

    def talk(self, *messages: list[Any], machine: str = THERE, host: str = HERE) -> list[list[Any]]:
        port = str(self.about["osc_port"])
        heard: list[list[Any]] = self.network.on(machine, TALK, host, port, json.dumps(messages))
        return heard

    def stop(self) -> str:
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE) == 0
        return (self.home / "logs/bridge.log").read_text()


def test_a_tablet_controls_and_spends_only_with_the_secret(network: Lan, home: Path) -> None:
    with LanDaemon(
        network, home, "--listen", HERE, ACE_BRIDGE_OSC_SECRET=SECRET, ACE_BRIDGE_OSC_ADVERTISE="off"
    ) as bridge:
        heard = bridge.talk(
            ["/bridge/ping"],
            ["/bridge/preset/next", 1.0],
            ["/bridge/remix", 1.0],
            ["/bridge/clip", "guessed-token", "/etc/hostname"],
            ["/bridge/unlock", "not-the-secret"],
            ["/bridge/unlock", SECRET],
            ["/bridge/remix", 1.0],
        )
        assert [one[0] for one in heard[:2]] == ["/bridge/pong", "/bridge/preset/select"]
        codes = [one[2] if one[0] == "/bridge/error" else one[0] for one in heard[2:]]
        assert codes == ["secret_needed", "token_wrong", "secret_wrong", "/bridge/unlocked", "daw_missing"]
        assert bridge.talk(["/bridge/remix", 1.0])[0][2] == "secret_needed", "another sender on the same machine"
        tree = network.on(THERE, GET, f"http://{HERE}:{bridge.about['http_port']}/?HOST_INFO")
        assert tree["OSC_PORT"] == bridge.about["osc_port"]
        log = bridge.stop()
    assert SECRET not in log
    assert "sent a wrong secret" in log


def test_it_is_advertised_only_while_it_listens(network: Lan, home: Path) -> None:
    with LanDaemon(network, home, "--listen", HERE) as bridge:
        found = network.on(THERE, BROWSE, THERE, str(PATIENCE))
        bridge.stop()
        for kind, port in (("_osc._udp.local.", "osc_port"), ("_oscjson._tcp.local.", "http_port")):
            name, address, at, properties = found[kind]
            assert name.startswith("ace-bridge on ")
            assert (address, at, properties) == (HERE, bridge.about[port], {"txtvers": "1"})
        assert network.on(THERE, BROWSE, THERE, "1.5") == {}


def test_without_listen_it_is_neither_reachable_nor_advertised(network: Lan, home: Path) -> None:
    with LanDaemon(network, home) as bridge:
        assert bridge.about["osc_host"] == "127.0.0.1"
        assert bridge.talk(["/bridge/ping"], machine=HERE, host="127.0.0.1")[0][0] == "/bridge/pong"
        assert network.on(THERE, BROWSE, THERE, "1.5") == {}
        for port in (bridge.about["osc_port"], bridge.about["http_port"]):
            program = f"import socket, json; print(socket.socket().connect_ex(('{HERE}', {port})))"
            assert network.on(THERE, program) != 0
        bridge.stop()


def test_listen_without_an_address_listens_everywhere(network: Lan, home: Path) -> None:
    with LanDaemon(network, home, "--listen", ACE_BRIDGE_OSC_ADVERTISE="off") as bridge:
        assert bridge.about["osc_host"] == "0.0.0.0"
        assert bridge.talk(["/bridge/ping"])[0][0] == "/bridge/pong"
        about = network.on(THERE, GET, f"http://{HERE}:{bridge.about['http_port']}/?HOST_INFO")
        assert "OSC_IP" not in about, "OSC uses the address of the HTTP request"
        words = ("-m", "bridge", "start", "--listen", "127.0.0.1")
        command = network.command(HERE, *words)
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment(home), timeout=PATIENCE, check=False
        )
        assert done.returncode == 1
        assert "listens on 0.0.0.0" in done.stderr
        command = network.command(HERE, "-m", "bridge", "status")
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment(home), timeout=PATIENCE, check=False
        )
        assert f"control it at {HERE}" in done.stdout or "(no network at the moment)" in done.stdout
        bridge.stop()
