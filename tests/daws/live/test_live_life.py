"""A script's life: hello and bye, pauses, bursts, two of it, a missing bridge, a pad, the self-test."""

from __future__ import annotations

import json
import os
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from bridge.doctor.selftests import LIVE, found
from bridge.osc.packet import build, parse
from tests.daws.live import calls
from tests.daws.live.conftest import Start
from tests.daws.live.host import Clock, Host, put_clip
from tests.daws.live.music import write_clicks
from tests.daws.live.table import PLACING, VERSIONS
from tests.waiting import PATIENCE, until

BENT: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 3.84)], "last_tempo": 125.0}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", [0.5, 1.5, 2.5], 8.0)
    return tmp_path / "source.wav"


def ring(host: Host, address: str, times: int = 1) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.bind(("127.0.0.1", 0))
    channel.settimeout(PATIENCE)
    for _ in range(times):
        channel.sendto(build(address), ("127.0.0.1", host.script._bell.port))
    return channel


def live_with_clip(start_live: Start, file: Path, version: str = "12.3.6", **about: Any) -> Host:
    host = start_live(version, **about)
    put_clip(host.world, file, 8.0, end=4.0)
    host.tick(2)
    return host


@pytest.mark.parametrize("version", VERSIONS)
def test_hello_and_bye(start_live: Start, file: Path, home: Path, version: str) -> None:
    host = live_with_clip(start_live, file, version)
    (hello,) = host.messages("hello")
    assert hello["instance"] == host.id
    assert hello["args"]["daw"] == {"name": "live", "version": version}
    present = home / "live" / f"instance-{host.id}.json"
    assert json.loads(present.read_bytes())["port"] == host.script._bell.port
    host.script.disconnect()
    assert len(host.messages("bye")) == 1
    assert not present.exists()
    host.tick()


def test_a_set_that_gets_a_name_says_hello_again(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.world.path = "/music/named.als"
    host.tick(25)
    assert [hello["args"]["project"]["path"] for hello in host.messages("hello")] == [None, "/music/named.als"]


def test_a_datagram_asks_and_a_burst_asks_once(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix", 50).close()
    host.tick(5)
    assert len(host.messages("selection")) == 1


def test_a_modal_of_30_seconds_makes_what_came_meanwhile_stale(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix", 20).close()
    host.outbox(ask={"id": "old", "command": "selection"})
    host.clock.now += 30.0  # type: ignore[attr-defined]
    host.wall.now += 30.0
    host.tick(5)
    assert host.messages("selection") == []
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert len(host.messages("selection")) == 1


def test_a_stale_burst_that_takes_more_than_one_tick_is_stale_to_its_end(start_live: Start, file: Path) -> None:
    """Live draws its window in the same thread, so a tick takes packets for 8 ms only; here that is eight of them."""
    host = live_with_clip(start_live, file)
    clock = host.clock
    assert isinstance(clock, Clock)
    ring(host, "/bridge/remix", 60).close()
    clock.now += 30.0
    real = host.script._bell.messages

    def slow(within: Any) -> Any:
        for one in real(within):
            clock.now += 0.001
            yield one

    host.script._bell.messages = slow
    host.tick(3)
    assert not host.script._bell.drained
    host.tick(12)
    assert host.script._bell.drained
    assert host.messages("selection") == []
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert len(host.messages("selection")) == 1


def test_one_question_is_answered_once(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    for _ in range(3):
        host.outbox(ask={"id": "same", "command": "selection"})
        host.tick(20)
    assert len(host.messages("selection")) == 1


def test_a_tick_takes_messages_for_8_ms_and_not_longer(start_live: Start, file: Path) -> None:
    class Slow:
        now = 0.0

        def __call__(self) -> float:
            self.now += 0.001
            return self.now

    host = start_live(clock=Slow())
    put_clip(host.world, file, 8.0, end=4.0)
    host.tick()
    ring(host, "/bridge/heartbeat", 100).close()
    taken = []
    real = host.script._bell.messages
    host.script._bell.messages = lambda within: (taken.append(one) or one for one in real(within))
    host.tick()
    assert 0 < len(taken) <= 8
    host.tick(20)
    assert len(taken) == 100


def test_rubbish_and_pings(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    with ring(host, "/bridge/ping") as channel:
        for rubbish in (b"", b"\0", b"/bridge/remix\0\0\0,s\0\0abc", b"#bundle\0", b"\xff" * 40):
            channel.sendto(rubbish, ("127.0.0.1", host.script._bell.port))
        host.tick(2)
        (pong,) = parse(channel.recv(1000), 1000, 2)
    assert (pong.address, pong.arguments) == ("/bridge/pong", (host.package.VERSION, 1))
    assert host.messages("selection") == []


def test_two_slots_of_one_live(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    second = host.start()
    assert "another control surface slot" in host.said[-1]
    second.update_display()
    second.disconnect()
    host.tick()
    assert len(host.messages("hello")) == 1
    assert host.messages("bye") == []


def test_two_lives_keep_apart(start_live: Start, file: Path) -> None:
    one, other = live_with_clip(start_live, file), live_with_clip(start_live, file)
    assert one.id != other.id
    one.ask()
    assert [message["instance"] for message in one.messages("selection")] == [one.id]


def test_live_without_an_installed_bridge(start_live: Start) -> None:
    host = start_live(installed=False)
    host.tick(3)
    assert "ace-bridge install live" in host.said[-1]


def test_create_instance_is_what_live_calls(home: Path, start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.script.disconnect()
    made = host.package.create_instance(host.instance)
    made.update_display()
    assert len(host.messages("hello")) == 2
    made.disconnect()


def test_no_daemon_takes_the_request_so_it_is_started(start_live: Start, file: Path, tmp_path: Path) -> None:
    host = live_with_clip(start_live, file)
    mark = tmp_path / "started"
    command = [sys.executable, "-c", f"open({str(mark)!r}, 'w').close()"]
    host.script._pointer = host.script._pointer._replace(command=command)
    host.ask()
    host.tick(40)
    assert "it is being started" in host.said[-1]

    def ended() -> bool:
        host.tick()
        return host.script._starter is None

    until(ended, "the end of the starter")
    assert mark.exists()


def test_a_port_that_nobody_of_ours_holds(start_live: Start, file: Path, home: Path) -> None:
    """Another program has the daemon's port: what it says is rubbish, and the files still count."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        (home / "daemon.json").write_text(json.dumps({"osc_port": other.getsockname()[1]}))
        host = live_with_clip(start_live, file)
        other.sendto(b"GET / HTTP/1.1", ("127.0.0.1", host.script._bell.port))
        host.ask()
    assert len(host.messages("selection")) == 1
    host.tick(3)


def test_no_socket_at_all(start_live: Start, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no sockets here")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        host = start_live()
    put_clip(host.world, file, 8.0, end=4.0)
    host.ask()
    assert len(host.messages("selection")) == 1


def test_an_inbox_that_cannot_be_written(start_live: Start, file: Path, home: Path) -> None:
    host = live_with_clip(start_live, file)
    (home / "inbox").rename(home / "elsewhere")
    host.ask()
    assert "cannot write" in host.said[-1]
    (home / "elsewhere").rename(home / "inbox")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            {"daemon": {"version": "9.9.9", "alive": True}},
            "The bridge is 9.9.9, this script 0.1.0: run `ace-bridge install",
        ),
        ({"daemon": {"version": "0.0.9", "alive": True}}, "The bridge is 0.0.9, this script 0.1.0: restart the bridge"),
        ({"protocol": 2}, "This script and the bridge are too far apart"),
        ({"errors": [{"message_id": "m", "text": "No preset.", "hint": "See the list."}]}, "No preset. See the list."),
    ],
)
def test_the_daemon_is_another_one_or_refuses(start_live: Start, content: dict[str, Any], text: str) -> None:
    host = start_live()
    host.outbox(**content)
    host.tick(4)
    assert text in host.said[-1]
    host.tick(10)
    assert sum(text in one for one in host.said) == 1


def test_another_protocol_is_not_acted_upon(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.outbox(protocol=2, ask={"id": "x", "command": "selection"}, place=["v"])
    host.tick(4)
    assert host.messages("selection") == []


def test_a_daemon_of_another_protocol_is_not_asked(start_live: Start, file: Path, home: Path) -> None:
    (home / "daemon.json").write_text(json.dumps({"protocols": [2, 3]}))
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert "too far apart" in host.said[-1]
    assert host.messages("selection") == []


def test_a_home_that_cannot_be_used(start_live: Start, file: Path, home: Path) -> None:
    (home / "live").write_text("a file where the folder should be")
    host = start_live()
    host.tick(2)
    assert "cannot use the bridge's folder" in host.said[-1]
    (home / "live").unlink()
    again = host.start()
    assert "is here" in host.said[-1]
    again.disconnect()


def test_what_is_old_goes_and_what_is_the_users_stays(start_live: Start, home: Path) -> None:
    folder = home / "live"
    folder.mkdir()
    old, young = str(uuid.uuid4()), str(uuid.uuid4())
    crashed = f"instance-{uuid.uuid4()}"
    for name in (old, young, crashed, "pad", "selftest"):
        (folder / f"{name}.json").write_text("{}")
        if name != young:
            os.utime(folder / f"{name}.json", (1e9, 1e9))
    host = start_live()
    there = {path.stem for path in folder.iterdir()}
    assert there == {young, "pad", "selftest", f"instance-{host.id}"}


# --- the pad ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pad", "on", "off", "asked"),
    [
        ({"note": 36, "channel": 10}, (0x99, 36, 100), (0x89, 36, 0), ("forward_midi_note", 9, 36)),
        ({"note": 36}, (0x90, 36, 100), (0x90, 36, 0), ("forward_midi_note", 0, 36)),
        ({"cc": 20, "channel": 1}, (0xB0, 20, 127), (0xB0, 20, 0), ("forward_midi_cc", 0, 20)),
    ],
)
def test_a_pad_has_to_be_held(
    start_live: Start, file: Path, home: Path, pad: dict[str, int], on: Any, off: Any, asked: Any
) -> None:
    (home / "live").mkdir()
    (home / "live" / "pad.json").write_text(json.dumps(pad))
    host = live_with_clip(start_live, file)
    host.script.build_midi_map(1)
    assert host.world.forwarded == [asked]
    host.script.receive_midi(on)
    host.tick(2)
    host.script.receive_midi(off)
    host.tick(10)
    assert host.messages("selection") == []
    assert host.said[-1].startswith("Hold the pad")
    host.script.receive_midi(on)
    host.tick(8)
    assert len(host.messages("selection")) == 1
    host.script.receive_midi(off)
    job = {"job_id": "j", "message_id": "m", "state": "running", "variations": [{"variation_id": "v", "progress": 0.4}]}
    host.outbox(jobs=[job])
    host.tick(4)
    assert [midi[2] for midi in host.instance.midi] == [0, 1, 0, 1, 0, 127]
    assert "Remix: 40 % running" in host.said
    host.script.disconnect()
    assert host.instance.midi[-1][2] == 0


@pytest.mark.parametrize("pad", ["{}", "[1]", '{"note": 200}', '{"note": "C1"}', "no json"])
def test_no_pad_or_a_wrong_one(start_live: Start, file: Path, home: Path, pad: str) -> None:
    (home / "live").mkdir()
    (home / "live" / "pad.json").write_text(pad)
    host = live_with_clip(start_live, file)
    host.script.build_midi_map(1)
    host.script.receive_midi((0x90, 36, 100))
    host.tick(10)
    assert host.world.forwarded == []
    assert host.messages("selection") == []
    assert host.instance.midi == []
    assert "pad.json names no note" in host.said[0]


# --- the self-test ---------------------------------------------------------------------------------------------------


def probed(host: Host, home: Path) -> dict[str, Any]:
    """Run the self-test and return its report."""
    with ring(host, "/bridge/selftest") as channel:
        host.tick(12)
        (answer,) = parse(channel.recv(1000), 1000, 2)
    assert "selftest.json" in answer.arguments[0]
    report: dict[str, Any] = json.loads((home / "live" / "selftest.json").read_bytes())
    assert report["finished"]
    return report


@pytest.mark.parametrize("version", VERSIONS)
def test_the_self_test_reports_and_leaves_nothing(start_live: Start, file: Path, home: Path, version: str) -> None:
    host = live_with_clip(start_live, file, version)
    clip = put_clip(host.world, file, 8.0, slot=1, end=8.0, **BENT)
    report = probed(host, home)
    assert "error" not in report
    assert (report["live"], report["script"]) == (version, host.package.VERSION)
    assert report["can_place"] == (version in PLACING)
    assert report["file_written"]
    assert report["markers_editable"] == (version != "11.0.0")
    assert report["beat_to_sample_time"] == "samples"
    assert len(host.world.state.tracks) == 3
    assert host.world.state.detail_clip == clip.ptr
    assert host.world.shown == {"Detail", "Detail/Clip"}
    assert not (home / "live" / "selftest.wav").exists()
    if version in PLACING:
        good = {"track_returned", "clip_returned", "slot_clip_returned", "slot_filled", "path_as_given", "data_kept"}
        good |= {"warping_next_tick", "markers_next_tick", "pitch_and_gain", "span_set", "length_follows_markers"}
        assert {name for name in good if report[name] is not True} == set()
        assert report["plain_in_seconds"]
        assert not report["start_moves_clip"]
    else:
        assert host.world.undo_steps == []


def test_the_doctor_knows_every_fact_of_the_self_test(start_live: Start, file: Path, home: Path) -> None:
    report = probed(live_with_clip(start_live, file), home)
    about = {"live", "script", "python", "when", "finished", "auto_warped", "markers", "beat_to_sample_time"}
    assert set(report) - about == {fact.key for fact in LIVE}
    levels = {one.check: one.level for one in found("live", "Ableton Live", report)}
    assert levels == {"live.selftest": "well"}


def test_the_self_test_finds_a_live_that_differs(start_live: Start, file: Path, home: Path) -> None:
    late = frozenset({"warping", "pitch_coarse"})
    about = {"start_moves_clip": True, "returns_clips": False, "auto_warp": False, "late": late}
    report = probed(live_with_clip(start_live, file, **about), home)
    assert report["start_moves_clip"]
    assert not report["clip_returned"]
    assert not report["slot_clip_returned"]
    assert (report["warping_at_once"], report["warping_next_tick"]) == (False, True)


def test_a_self_test_that_fails_takes_its_track_away(
    start_live: Start, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("No more warp markers")

    host = live_with_clip(start_live, file)
    monkeypatch.setitem(calls.METHODS, ("Clip", "add_warp_marker"), (("WarpMarker",), True, refuse))
    assert probed(host, home)["error"] == "RuntimeError: No more warp markers"
    assert len(host.world.state.tracks) == 3


@pytest.mark.parametrize("what", ["recording", "redo", "dialogs"])
def test_the_self_test_does_not_disturb(start_live: Start, file: Path, home: Path, what: str) -> None:
    host = live_with_clip(start_live, file)
    setattr(host.world, what, 1)
    with ring(host, "/bridge/selftest") as channel:
        host.tick(3)
        (answer,) = parse(channel.recv(1000), 1000, 2)
    assert "does not run" in answer.arguments[0]
    assert not (home / "live" / "selftest.json").exists()


def test_an_error_in_a_tick_does_not_end_the_script(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    real, host.script._hear = host.script._hear, lambda *_: 1 / 0
    host.tick()
    assert "Log.txt" in host.said[-1]
    assert "ZeroDivisionError" in host.instance.logged.pop()
    host.script._hear = real
    host.ask()
    assert len(host.messages("selection")) == 1
