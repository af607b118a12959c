"""Tests a real daemon and its MIDI process. A device is simulated on a JACK server without audio hardware."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO

import pytest

from tests.fakes import kills
from tests.fakes.jack.device import Device
from tests.fakes.jack.server import Sandbox, jack_server, sandbox
from tests.fakes.processes import Daemon, running
from tests.midi.bytes_of import pressed, released
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.needs("jack")

ROOT = Path(__file__).parents[2]
DEVICE = "APC mini mk2"
MAPPING = """version = 1
device = "APC mini mk2"
[[control]]
command = "preset.next"
message = "note"
number = 1
light = "plain"
[[control]]
command = "remix"
message = "note"
number = 2
light = "plain"
[[control]]
command = "param"
argument = "guidance_scale"
message = "cc"
number = 7
kind = "fader"
take_over = "jump"
[[control]]
command = "preset.select"
argument = "roots-dub"
message = "note"
number = 3
light = "plain"
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox("midi") as made, jack_server(made, tmp_path / "jack.log", period=512, patient=True):
        yield made


@pytest.fixture
def pad(room: Sandbox) -> Iterator[Device]:
    plugged = Device(DEVICE, room)
    yield plugged
    plugged.unplug()


@pytest.fixture
def daemon(home: Path, room: Sandbox, pad: Device) -> Iterator[Daemon]:
    """Start a daemon with the mapping, and wait until the pad's lights are set."""
    (home / "midi").mkdir()
    (home / "midi" / "pad.toml").write_text(MAPPING)
    with running(home, prefix=room.prefix, ACE_BRIDGE_MIDI_SYSTEM="jack", **room.environ) as started:
        pad.wait_until_heard()
        until(lambda: len(pad.received) >= 3)
        yield started


class Subscriber:
    """An OSC client that has subscribed to the daemon."""

    def __init__(self, daemon: Daemon) -> None:
        from pythonosc.osc_message import OscMessage
        from pythonosc.udp_client import SimpleUDPClient

        self._client = SimpleUDPClient("127.0.0.1", daemon.wait_until_up()["osc_port"])
        self._client._sock.bind(("127.0.0.1", 0))
        self._client._sock.setblocking(False)
        self._read = OscMessage
        self.heard: list[tuple[str, list[object]]] = []
        self._client.send_message("/bridge/subscribe", [])
        self.of("/bridge/preset/select")

    def take(self) -> None:
        while True:
            try:
                message = self._read(self._client._sock.recv(65_507))
            except BlockingIOError:
                return
            self.heard.append((message.address, list(message.params)))

    def of(self, address: str) -> list[list[object]]:
        """Wait for a message to an address, and return the arguments of all messages to it."""

        def look() -> list[list[object]] | None:
            self.take()
            return [arguments for heard, arguments in self.heard if heard == address] or None

        return until(look, address)

    def presets(self) -> list[str]:
        """Return the received presets in order, leaving out repetitions."""
        self.take()
        return [name for name, _ in groupby(str(one[0]) for kind, one in self.heard if kind == "/bridge/preset/select")]

    def close(self) -> None:
        self._client._sock.close()


@pytest.fixture
def subscriber(daemon: Daemon) -> Iterator[Subscriber]:
    subscriber = Subscriber(daemon)
    yield subscriber
    subscriber.close()


def cli(daemon: Daemon, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "midi", *words],
        env=daemon.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


@contextmanager
def talking(daemon: Daemon, *words: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run `ace-bridge midi`, and yield its process and its output; kill it if the test fails."""
    command = [sys.executable, "-m", "bridge", "midi", *words]
    with subprocess.Popen(command, env=daemon.environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


def test_a_press_runs_once_and_sets_the_light(daemon: Daemon, pad: Device, subscriber: Subscriber) -> None:
    pad.play(pressed(1))
    until(lambda: pad.shown(1) == (1, 127))
    pad.play(released(1))
    until(lambda: pad.shown(1) == (1, 0))
    until(lambda: len(subscriber.presets()) == 2)  # otherwise the next one may be sent in its place
    pad.play(pressed(3))
    until(lambda: subscriber.presets()[-1:] == ["roots-dub"])
    assert len(subscriber.presets()) == 3, "the first one, the next one, and the selected one"


def test_a_flood_does_not_block_and_ends_with_its_last_value(
    daemon: Daemon, pad: Device, subscriber: Subscriber
) -> None:
    values = [number % 128 for number in range(20_000)]
    for number, value in enumerate(values):  # the button press among these values must run its command exactly once
        pad.play(bytes([0xB0, 7, value]))
        if number == 10_000:
            pad.play(pressed(1), released(1))
    pad.play(bytes([0xB0, 7, 100]))
    until(lambda: pad.is_silent())
    assert cli(daemon, "list").count(DEVICE) == 4  # the daemon still answers
    expected = pytest.approx(1 + 100 / 127 * 29, abs=1e-4)
    until(lambda: subscriber.of("/bridge/param/guidance_scale")[-1] == [expected])
    until(lambda: len(subscriber.presets()) == 2)
    pad.play(pressed(3))
    until(lambda: subscriber.presets()[-1:] == ["roots-dub"])
    assert len(subscriber.presets()) == 3, "the first one, the next one, and the selected one"


def test_a_device_is_reconnected(daemon: Daemon, pad: Device, room: Sandbox, subscriber: Subscriber) -> None:
    pad.play(pressed(3))
    until(lambda: pad.shown(3) == (1, 127))
    until(lambda: subscriber.presets()[-1:] == ["roots-dub"])
    pad.unplug()
    until(lambda: "(away)" in cli(daemon, "devices"))
    again = Device(DEVICE, room)
    try:
        again.wait_until_heard()
        until(lambda: len(again.received) >= 3)
        until(lambda: again.shown(3) == (1, 127))  # the light of the preset that was already selected
        before = subscriber.presets()
        again.play(pressed(1))
        until(lambda: subscriber.presets() != before)
        assert subscriber.presets()[:-1] == before
        until(lambda: again.shown(3) == (1, 0))
    finally:
        again.unplug()


def test_the_jack_server_may_restart(home: Path, tmp_path: Path) -> None:
    (home / "midi").mkdir()
    (home / "midi" / "pad.toml").write_text(MAPPING)
    with (
        sandbox("again") as room,
        running(home, prefix=room.prefix, ACE_BRIDGE_MIDI_SYSTEM="jack", **room.environ) as daemon,
    ):
        until(lambda: "MIDI cannot be used: no JACK server runs" in cli(daemon, "devices"))
        for _ in range(2):
            with jack_server(room, tmp_path / "jack.log", period=512, patient=True):
                plugged = Device(DEVICE, room)
                plugged.wait_until_heard()
                until(lambda: len(plugged.received) >= 3)  # noqa: B023  # called before the next round
                plugged.unplug()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, kills.KILL])
def test_lights_go_off_however_the_daemon_ends(home: Path, room: Sandbox, pad: Device, end: signal.Signals) -> None:
    (home / "midi").mkdir()
    (home / "midi" / "pad.toml").write_text(MAPPING)
    daemon = Daemon(home, prefix=room.prefix, ACE_BRIDGE_MIDI_SYSTEM="jack", **room.environ)
    try:
        pad.wait_until_heard()
        until(lambda: len(pad.received) >= 3)
        pad.play(pressed(3))
        until(lambda: pad.shown(3) == (1, 127))
        daemon.process.send_signal(end)
        daemon.process.communicate(timeout=PATIENCE)
        until(lambda: {pad.shown(number) for number in (1, 2, 3)} == {(1, 0)})
        until(lambda: not pad.is_heard())
    finally:
        if daemon.process.poll() is None:
            daemon.kill()


def test_learning_from_the_command_line(daemon: Daemon, pad: Device, subscriber: Subscriber) -> None:
    with talking(daemon, "learn", "amount") as (learning, lines):
        assert lines.readline() == f"Listening to {DEVICE}.\n"
        assert "Move the control for amount" in lines.readline()
        for value in (10, 11, 12, 13):
            pad.play(bytes([0xB0, 48, value]))
        said, _ = learning.communicate(timeout=PATIENCE)
        assert learning.returncode == 0
    assert f"{DEVICE}: cc 48, channel 1 (fader) → param amount" in said
    assert "Saved in" in said
    pad.play(bytes([0xB0, 48, 127]))
    until(lambda: subscriber.of("/bridge/param/amount")[-1] == [1.0])
    taken = cli(daemon, "learn", "cancel", "--wait", "1")
    assert "[midi_not_heard]" in taken
    assert "cc 48" in cli(daemon, "unlearn", "amount")
    assert "cc 48" not in cli(daemon, "list")


def test_ctrl_c_cancels_learning(daemon: Daemon, pad: Device, subscriber: Subscriber) -> None:
    before = (daemon.home / "midi" / "pad.toml").read_text()
    with talking(daemon, "learn", "cancel") as (learning, lines):
        lines.readline()
        learning.send_signal(signal.SIGINT)
        said, _ = learning.communicate(timeout=PATIENCE)
    assert "Nothing was changed." in said
    assert learning.returncode == 130
    subscriber.heard.clear()

    def works_again() -> bool:
        pad.play(pressed(3), released(3))
        time.sleep(0.1)
        subscriber.take()
        return ("/bridge/preset/select", ["roots-dub"]) in subscriber.heard

    until(works_again, "the preset of the third pad")
    assert (daemon.home / "midi" / "pad.toml").read_text() == before


def test_monitor_and_json(daemon: Daemon, pad: Device) -> None:
    with talking(daemon, "monitor", "--wait", str(PATIENCE), "--json") as (watching, lines):
        assert '"ready"' in lines.readline()
        pad.play(pressed(60, 33))
        assert re.search(r'"heard".*"note 60, channel 1", 33', lines.readline())
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=PATIENCE)
        assert watching.returncode == 130
    with talking(daemon, "monitor", "--wait", "1") as (watching, _):
        watching.communicate(timeout=PATIENCE)
        assert watching.returncode == 0
