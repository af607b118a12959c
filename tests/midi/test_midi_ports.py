"""Tests the MIDI process: device names, hot-plugging, floods of messages, and crashes."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import BridgeError
from bridge.midi import port_host
from bridge.midi.port_host import AT_ONCE, MOST, Host, Wire
from bridge.midi.port_names import numbered, plain
from bridge.midi.port_process import ProcessPorts
from bridge.midi.ports import Devices, Listener
from tests.waiting import eventually


class Backend:
    """A fake MIDI system to which the test connects devices."""

    def __init__(self) -> None:
        self.present: dict[str, Hashable] = {}
        self.refuses: set[str] = set()
        self.heard: dict[str, Callable[[str, bytes], None]] = {}
        self.log: list[tuple[str, ...]] = []
        self.sent: list[tuple[str, bytes]] = []

    def inputs(self) -> dict[str, Hashable]:
        return dict(self.present)

    outputs = inputs

    def open_input(self, name: str, heard: Callable[[str, bytes], None]) -> None:
        if name in self.refuses:
            raise OSError("held by another program")
        self.heard[name] = heard
        self.log.append(("open in", name))

    def open_output(self, name: str) -> None:
        self.log.append(("open out", name))

    def close_input(self, name: str) -> None:
        self.log.append(("close in", name))

    def close_output(self, name: str) -> None:
        self.log.append(("close out", name))

    def send(self, name: str, data: bytes) -> None:
        if name not in self.present:
            raise OSError("gone")
        self.sent.append((name, data))

    def close(self) -> None:
        self.log.append(("close",))


@pytest.fixture
def midi() -> Backend:
    return Backend()


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def host(midi: Backend, lines: list[dict[str, Any]]) -> Host:
    return Host(midi, lines.append)


def devices(lines: list[dict[str, Any]]) -> list[Any]:
    return [line["devices"] for line in lines if "devices" in line]


def test_a_device_is_opened_and_reported_once(host: Host, midi: Backend, lines: list[dict[str, Any]]) -> None:
    host.handle({"want": [["Pad"], ["Pad"]]})
    midi.present = {"Pad": 1, "Piano": 2}
    for _ in range(3):
        host.scan()
    both = ["Pad", "Piano"]
    assert devices(lines) == [[[], [], [], []], [both, both, ["Pad"], ["Pad"]]]
    assert midi.log == [("open in", "Pad"), ("open out", "Pad")]


def test_a_device_that_reconnects_between_two_scans_is_reopened(
    host: Host, midi: Backend, lines: list[dict[str, Any]]
) -> None:
    midi.present = {"Pad": 1}
    host.handle({"want": [["Pad"], ["Pad"]]})
    host.handle({"last": ["Pad", ["900000"]]})
    midi.present = {"Pad": 2}
    host.scan()
    assert midi.log[2:] == [("close in", "Pad"), ("open in", "Pad"), ("close out", "Pad"), ("open out", "Pad")]
    assert midi.sent == []  # no farewell is sent: the device is a new one, whose lights are off
    assert len(devices(lines)) == 2
    assert {"closed": [[], []]} in lines or {"closed": [["Pad"], []]} in lines


def test_an_unwanted_device_is_turned_off_and_closed(host: Host, midi: Backend) -> None:
    midi.present = {"Pad": 1}
    host.handle({"want": [["Pad"], ["Pad"]]})
    host.handle({"last": ["Pad", ["902400"]]})
    host.handle({"send": ["Pad", ["90247f"]]})
    host.handle({"want": [[], []]})
    assert midi.sent == [("Pad", b"\x90\x24\x7f"), ("Pad", b"\x90\x24\x00")]
    assert ("close in", "Pad") in midi.log
    assert ("close out", "Pad") in midi.log


def test_a_device_that_cannot_be_opened_is_reported_once_and_retried(
    host: Host, midi: Backend, lines: list[dict[str, Any]]
) -> None:
    midi.present, midi.refuses = {"Pad": 1}, {"Pad"}
    host.handle({"want": [["Pad"], []]})
    host.scan()
    troubles = [line["trouble"] for line in lines if "trouble" in line]
    assert [trouble["code"] for trouble in troubles] == ["midi_unavailable"]
    assert "Pad cannot be opened: held by another program" in troubles[0]["text"]
    midi.refuses = set()
    host.scan()
    assert midi.log == [("open in", "Pad")]


def test_sending_to_a_disconnected_device_is_ignored(host: Host, midi: Backend) -> None:
    midi.present = {"Pad": 1}
    host.handle({"want": [[], ["Pad"]]})
    midi.present = {}
    host.handle({"send": ["Pad", ["902400"]]})
    host.handle({"send": ["Nobody", ["902400"]]})
    assert midi.sent == []


def test_an_unread_flood_keeps_the_newest_messages(host: Host) -> None:
    for number in range(MOST + 500):
        host.heard("Pad", number.to_bytes(4, "big"))
    assert host.waiting.qsize() <= MOST
    first = host.waiting.get()[1]
    assert int.from_bytes(first, "big") >= 499


def test_messages_are_sent_in_batches_and_in_order(host: Host) -> None:
    for number in range(3 * AT_ONCE):
        host.heard("Pad", number.to_bytes(2, "big"))
    read_end, write_end = os.pipe()
    with open(write_end, "wb", buffering=0) as writing:
        passing = threading.Thread(target=Wire(io.BytesIO(), writing).pass_on, args=(host.waiting,))  # type: ignore[arg-type]
        with open(read_end, "rb") as reading:
            passing.start()
            lines = [json.loads(reading.readline()) for _ in range(3)]
        host.heard("Pad", b"")  # wakes the thread, which ends because the pipe is closed
        passing.join()
    assert [data for line in lines for _, data in line["heard"]] == [f"{n:04x}" for n in range(3 * AT_ONCE)]


@pytest.mark.parametrize(
    ("system", "name", "device"),
    [
        ("alsa", "APC mini mk2:APC mini mk2 MIDI 1 24:0", "APC mini mk2 MIDI 1"),
        ("alsa", "Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 MI 20:1", "Launchpad Mini MK3 LPMiniMK3 MI"),
        ("alsa", "VMPK Output:out 128:0", "VMPK Output out"),
        ("windows", "nanoKONTROL2 1", "nanoKONTROL2"),
        ("windows", "APC mini mk2 0", "APC mini mk2"),
        ("mac", "nanoKONTROL2 SLIDER/KNOB", "nanoKONTROL2 SLIDER/KNOB"),
        ("jack", "APC mini mk2:out", "APC mini mk2"),
        ("jack", "a2j:APC mini mk2 [24] (capture): APC mini mk2 MIDI 1", "APC mini mk2 MIDI 1"),
        ("jack", "a2j:APC mini mk2 [24] (playback): APC mini mk2 MIDI 1", "APC mini mk2 MIDI 1"),
        ("jack", "Midi-Bridge:nanoKONTROL2:(capture_0) nanoKONTROL2 CTRL", "nanoKONTROL2 CTRL"),
    ],
)
def test_names_do_not_change_on_reconnection(system: str, name: str, device: str) -> None:
    assert plain(name, system) == device


def test_equal_names_are_numbered() -> None:
    assert numbered(["Pad", "Keys", "Pad", "Pad"]) == ["Pad", "Keys", "Pad #2", "Pad #3"]


# --- the daemon's side, with misbehaving processes -------------------------------------------------------------------


class Recorder:
    """A recorder of everything that the ports report."""

    def __init__(self) -> None:
        self.devices: list[Devices] = []
        self.troubles: list[BridgeError] = []
        self.messages: list[tuple[str, bytes]] = []

    def listener(self) -> Listener:
        return Listener(
            lambda device, data: self.messages.append((device, data)), self.devices.append, self.troubles.append
        )


def ports_of(tmp_path: Path, body: str) -> ProcessPorts:
    """Return ports whose MIDI process is a script with the given body."""
    script = tmp_path / "host.py"
    script.write_text("import json, os, sys\nsay = lambda line: print(json.dumps(line), flush=True)\n" + body)
    ports = ProcessPorts("auto")
    ports._command = (sys.executable, str(script))
    return ports


async def test_a_crashed_process_is_restarted_and_sent_everything(tmp_path: Path) -> None:
    body = f"""
mark = {str(tmp_path / "mark")!r}
say({{"devices": [["Pad"], ["Pad"], ["Pad"], ["Pad"]]}})
if not os.path.exists(mark):
    open(mark, "w").close()
    os.abort()
for line in sys.stdin:
    say({{"heard": [["Pad", line.encode().hex()]]}})
"""
    recorder, ports = Recorder(), ports_of(tmp_path, body)
    ports.want({"Pad"}, {"Pad"})
    ports.set_farewell("Pad", [b"\x90\x24\x00"])
    await ports.start(recorder.listener())
    await eventually(lambda: len(recorder.messages) >= 2)
    requests = [json.loads(data) for _, data in recorder.messages]
    assert {"last": ["Pad", ["902400"]]} in requests
    assert {"want": [["Pad"], ["Pad"]]} in requests
    lit = frozenset({"Pad"})
    assert recorder.devices == [Devices(("Pad",), ("Pad",), lit, lit), Devices(), Devices(("Pad",), ("Pad",), lit, lit)]
    await ports.stop()


async def test_lines_that_are_not_messages_are_logged_and_listening_continues(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = """
say({"devices": [["Pad"], ["Pad"], ["Pad"], ["Pad"]]})
print("ALSA lib \\x1b[31mconf.c\\x1b[0m " + 1000 * "x", flush=True)
say([1])
say({"heard": [["Pad", "9"]]})
say({"heard": [["Pad", 144]]})
say({"devices": "none"})
say({"heard": [["Pad", "902400"]]})
sys.stdin.read()
"""
    recorder, ports = Recorder(), ports_of(tmp_path, body)
    await ports.start(recorder.listener())
    await eventually(lambda: bool(recorder.messages))
    assert recorder.messages == [("Pad", b"\x90\x24\x00")]
    assert len(recorder.devices) == 1, "the process was not restarted"
    await ports.stop()
    ignored = [message for message in caplog.messages if message.startswith("ignored a line")]
    assert len(ignored) == 5
    assert r"ALSA lib \x1b[31mconf.c\x1b[0m xxx" in ignored[0]
    assert all(len(message) < 300 and message.isprintable() for message in ignored)


async def test_a_listener_that_fails_is_logged_and_the_process_is_restarted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.midi.port_process.AGAIN", (0.0,))
    recorder, calls = Recorder(), []

    def fail_once(device: str, data: bytes) -> None:
        calls.append(data)
        if len(calls) == 1:
            raise RuntimeError("a fault of the surface")

    ports = ports_of(tmp_path, 'say({"heard": [["Pad", "902400"]]})\nsay({"devices": [[], [], [], []]})\n')
    await ports.start(Listener(fail_once, recorder.devices.append, recorder.troubles.append))
    await eventually(lambda: len(calls) >= 2)
    await ports.stop()
    assert "reading from the MIDI process failed; it is restarted" in caplog.messages


async def test_a_device_that_crashes_the_process_is_blocked_until_it_is_disconnected(tmp_path: Path) -> None:
    body = f"""
mark = {str(tmp_path / "mark")!r}
devices = ["Bad", "Pad"]
say({{"devices": [devices, devices, [], []]}})
for line in sys.stdin:
    request = json.loads(line)
    if "Bad" in request.get("want", [[]])[0] and not os.path.exists(mark):
        say({{"opening": "Bad"}})
        os.abort()
    say({{"heard": [["Pad", line.encode().hex()]]}})
    if request.get("send"):
        open(mark, "w").close()
        say({{"devices": [["Pad"], ["Pad"], ["Pad"], []]}})
"""
    recorder, ports = Recorder(), ports_of(tmp_path, body)
    ports.want({"Bad", "Pad"}, set())
    await ports.start(recorder.listener())
    await eventually(lambda: bool(recorder.messages))
    assert json.loads(recorder.messages[0][1]) == {"want": [["Pad"], []]}
    assert [trouble.code for trouble in recorder.troubles] == ["midi_unavailable"]
    assert "Bad cannot be opened" in recorder.troubles[0].text
    ports.send("Pad", [b"\x90"])
    await eventually(lambda: recorder.devices[-1].inputs == ("Pad",))
    ports.want({"Bad", "Pad"}, set())
    await eventually(lambda: json.loads(recorder.messages[-1][1]) == {"want": [["Bad", "Pad"], []]})
    await ports.stop()


async def test_a_system_without_midi_is_reported_once_and_retried(tmp_path: Path) -> None:
    body = """
say({"trouble": {"code": "midi_unavailable", "text": "MIDI cannot be used: no JACK server runs.", "hint": ""}})
"""
    recorder, ports = Recorder(), ports_of(tmp_path, body)
    await ports.start(recorder.listener())
    await eventually(lambda: len(recorder.devices) >= 2)  # the process has run and ended twice
    assert [trouble.code for trouble in recorder.troubles] == ["midi_unavailable"]
    await ports.stop()


async def test_a_process_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.midi.port_process.PATIENCE", 0.3)
    recorder = Recorder()
    ports = ports_of(tmp_path, 'say({"devices": [[], [], [], []]})\nimport time\ntime.sleep(1000)\n')
    await ports.start(recorder.listener())
    child = ports._child
    await ports.stop()
    assert child is not None
    assert child.process.returncode is not None


async def test_a_missing_package_is_reported_and_not_retried(tmp_path: Path) -> None:
    recorder = Recorder()
    ports = ports_of(
        tmp_path, 'say({"trouble": {"code": "midi_missing", "text": "MIDI needs rtmidi2.", "hint": "x"}})\n'
    )
    await ports.start(recorder.listener())
    assert ports._supervising is not None
    await ports._supervising
    assert [trouble.code for trouble in recorder.troubles] == ["midi_missing"]
    assert len(recorder.devices) == 1
    await ports.stop()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi2", None)
    monkeypatch.delitem(sys.modules, "bridge.midi.port_rtmidi", raising=False)
    with pytest.raises(BridgeError) as caught:
        port_host.backend("auto")
    assert caught.value.code == "midi_missing"
    assert "rtmidi2" in caught.value.text
