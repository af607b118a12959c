"""Tests the script's life cycle: hello and bye messages, two instances, a missing bridge, another daemon version."""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.conftest import Start, live_with_clip, ring
from tests.daws.live.table import VERSIONS
from tests.waiting import until


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


def test_a_renamed_set_sends_hello_again(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.world.path = "/music/named.als"
    host.tick(25)
    assert [hello["args"]["project"]["path"] for hello in host.messages("hello")] == [None, "/music/named.als"]


def test_two_control_surface_slots_of_one_live(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    second = host.start()
    assert "another control surface slot" in host.said[-1]
    second.update_display()
    second.disconnect()
    host.tick()
    assert len(host.messages("hello")) == 1
    assert host.messages("bye") == []


def test_two_lives_are_independent(start_live: Start, file: Path) -> None:
    one, other = live_with_clip(start_live, file), live_with_clip(start_live, file)
    assert one.id != other.id
    one.ask()
    assert [message["instance"] for message in one.messages("selection")] == [one.id]


def test_live_without_an_installed_bridge(start_live: Start) -> None:
    host = start_live(installed=False)
    host.tick(3)
    assert "ace-bridge install live" in host.said[-1]


def test_live_calls_create_instance(home: Path, start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.script.disconnect()
    made = host.package.create_instance(host.instance)
    made.update_display()
    assert len(host.messages("hello")) == 2
    made.disconnect()


def test_the_daemon_is_started_if_it_does_not_read_the_request(start_live: Start, file: Path, tmp_path: Path) -> None:
    host = live_with_clip(start_live, file)
    mark = tmp_path / "started"
    command = [sys.executable, "-c", f"open({str(mark)!r}, 'w').close()"]
    pointer = Path(host.package.__file__).with_name("ace-bridge.json")
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), "command": command}))
    host.ask()
    host.tick(40)
    assert "Starting it" in host.said[-1]

    def ended() -> bool:
        host.tick()
        return host.script._starter is None

    until(ended, "the end of the starter")
    assert mark.exists()


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
            "The bridge is version 9.9.9, this script 0.1.0: run `/my/ace-bridge install",
        ),
        (
            {"daemon": {"version": "0.0.9", "alive": True}},
            "The bridge is version 0.0.9, this script 0.1.0: restart the bridge",
        ),
        ({"protocol": 2}, "This script and the bridge are incompatible"),
        ({"errors": [{"message_id": "m", "text": "No preset.", "hint": "See the list."}]}, "No preset. See the list."),
    ],
)
def test_version_differences_and_errors_are_shown_once(start_live: Start, content: dict[str, Any], text: str) -> None:
    host = start_live()
    host.outbox(**content)
    host.tick(4)
    assert text in host.said[-1]
    host.tick(10)
    assert sum(text in one for one in host.said) == 1


def test_an_outbox_with_another_protocol_is_ignored(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    host.outbox(protocol=2, ask={"id": "x", "command": "selection"}, place=["v"])
    host.tick(4)
    assert host.messages("selection") == []


def test_nothing_is_sent_to_a_daemon_with_another_protocol(start_live: Start, file: Path, home: Path) -> None:
    (home / "daemon.json").write_text(json.dumps({"protocols": [2, 3]}))
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert "incompatible" in host.said[-1]
    assert host.messages("selection") == []


def test_an_unusable_bridge_folder(start_live: Start, file: Path, home: Path) -> None:
    (home / "live").write_text("a file where the folder should be")
    host = start_live()
    host.tick(2)
    assert "cannot use the bridge's folder" in host.said[-1]
    (home / "live").unlink()
    again = host.start()
    assert "is ready" in host.said[-1]
    again.disconnect()


def test_old_files_are_removed_and_the_users_files_are_kept(start_live: Start, home: Path) -> None:
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


def test_the_script_survives_an_error_in_a_tick(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    real, host.script._read_datagrams = host.script._read_datagrams, lambda *_: 1 / 0
    host.tick()
    assert "Log.txt" in host.said[-1]
    assert "ZeroDivisionError" in host.instance.logged.pop()
    host.script._read_datagrams = real
    host.ask()
    assert len(host.messages("selection")) == 1
