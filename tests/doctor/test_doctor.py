"""Tests that the doctor finds and explains each deliberately caused problem, and says how to fix the problem."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bridge import __version__
from bridge.config.load import load
from bridge.doctor import base
from bridge.doctor.base import Context, Finding, worst
from bridge.doctor.connections import holders
from bridge.doctor.examine import examine
from bridge.errors import AudioDeviceMissing
from bridge.store.database import Database
from tests.fakes.processes import environment, running
from tests.waiting import PATIENCE

KEY = "0123abcd-4567-89ef:0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[2]


def context_of(home: Path, **changes: Any) -> Context:
    settings = load(home, {"ACE_BRIDGE_OSC_PORT": "0", **changes.pop("settings", {})})
    defaults: dict[str, Any] = {
        "environ": {"HOME": "/home/nobody"},
        "platform": "linux",
        "settings": settings,
        "settings_error": "",
        "clock": time.time,
        "which": lambda name: f"/usr/bin/{name}",
        "mounts": lambda platform: "",
        "device": lambda: "Built-in",
        "keychain": lambda: KEY,
    }
    return Context(home=home, **{**defaults, **changes})


def found(context: Context, check: str) -> Finding:
    findings = [one for one in examine(context) if one.check == check]
    assert len(findings) == 1, findings
    return findings[0]


def test_every_finding_that_is_not_well_has_a_fix(home: Path, tmp_path: Path) -> None:
    for context in (context_of(home), context_of(tmp_path / "none", keychain=lambda: None, which=lambda name: None)):
        for finding in examine(context):
            assert bool(finding.fix) == (finding.level != "well"), finding
            assert finding.text.endswith(".")
            assert KEY not in repr(finding)


def test_a_healthy_home_has_no_trouble(home: Path) -> None:
    assert worst(examine(context_of(home))) != "trouble"
    assert found(context_of(home), "key").level == "well"


def no_device() -> str:
    raise AudioDeviceMissing


def open_inbox(home: Path) -> None:
    (home / "inbox").chmod(0o777)


def open_key(home: Path) -> None:
    (home / "credentials").write_text(f"FAL_KEY={KEY}\n")
    (home / "credentials").chmod(0o644)


def damaged_journal(home: Path) -> None:
    (home / "bridge.db").write_bytes(b"no journal " * 500)


def stuck_message(home: Path) -> None:
    (home / "inbox" / "m.json").write_text("{}")
    os.utime(home / "inbox" / "m.json", (time.time() - 600,) * 2)


def invalid_preset(home: Path) -> None:
    (home / "presets" / "mine.toml").write_text("version = 1\n[preset]\nnonsense = 1\n")


def failed_report(home: Path) -> None:
    (home / "live").mkdir()
    (home / "live" / "selftest.json").write_text('{"finished": true, "error": "RuntimeError: no track"}')


REPORT = {
    "finished": True,
    "live": "12.3.6",
    "script": __version__,
    "can_place": True,
    "clip_returned": True,
    "beat_to_sample_time": "samples",
    "markers_next_tick": True,
    "start_moves_clip": False,
}


def report_with(**changes: Any) -> Callable[[Path], None]:
    """Return a function that writes a complete report of Live's self-test in which some values are changed."""

    def plant(home: Path) -> None:
        (home / "live").mkdir()
        (home / "live" / "selftest.json").write_text(json.dumps({**REPORT, **changes}))

    return plant


def test_the_results_of_a_self_test_are_reported(home: Path) -> None:
    report_with(clip_returned=False)(home)
    found = {one.check: one for one in examine(context_of(home))}
    well = found["live.selftest"]
    assert well.level == "well"
    for text in ("Ableton Live 12.3.6", "files can be placed on tracks", "beat_to_sample_time counts samples"):
        assert text in well.text
    assert "new clips are returned" not in well.text
    assert found["live.fact.clip_returned"].text.startswith("New clips are not returned")


def report_of_reaper(home: Path) -> None:
    (home / "reaper" / "logs").mkdir(parents=True)
    report = {"reaper": "7.60/win64", "unicode_paths": False, "render_is_whole_item": True}
    (home / "reaper" / "logs" / "selftest.json").write_text(json.dumps(report))


PLANTED: list[tuple[str, str, Callable[[Path], None], dict[str, Any], str]] = [
    ("home", "trouble", open_inbox, {}, "can request remixes"),
    ("home", "trouble", open_key, {"keychain": lambda: KEY}, "can read your fal key"),
    ("journal", "trouble", damaged_journal, {}, "paid results are not lost"),
    ("inbox", "trouble", stuck_message, {}, "no bridge is reading it"),
    ("presets", "trouble", invalid_preset, {}, "mine.toml"),
    ("live.selftest", "trouble", failed_report, {}, "no track"),
    ("live.selftest", "hint", report_with(script="0.0.1"), {}, "in version 0.0.1"),
    ("live.selftest", "hint", report_with(finished=False), {}, "did not finish"),
    ("live.fact.can_place", "hint", report_with(can_place=False), {}, "shows the path of each result"),
    ("live.fact.start_moves_clip", "hint", report_with(start_moves_clip=True), {}, "through a slot"),
    ("live.fact.markers_next_tick", "trouble", report_with(markers_next_tick=False), {}, "are not kept"),
    ("reaper.selftest", "well", report_of_reaper, {}, "REAPER 7.60/win64's self-test passed: items are"),
    ("reaper.fact.unicode_paths", "hint", report_of_reaper, {}, "non-Latin characters"),
    (
        "home.place",
        "trouble",
        lambda home: None,
        {"mounts": lambda _: "1 0 0:1 / / rw - nfs4 nas:/ rw"},
        "network drive",
    ),
    ("clock", "trouble", lambda home: None, {"clock": lambda: 0.0}, "1970"),
    ("ffmpeg", "hint", lambda home: None, {"which": lambda name: None}, "AAC"),
    ("audio", "hint", lambda home: None, {"device": no_device}, "Auditioning"),
    ("key", "trouble", lambda home: None, {"keychain": lambda: "two words"}, "spaces"),
    ("key", "hint", lambda home: None, {"keychain": lambda: "nocolon-in-this-one"}, "does not look like a key"),
    ("key", "hint", lambda home: None, {"keychain": lambda: None}, "offline"),
    ("key", "hint", lambda home: None, {"environ": {"FAL_KEY": KEY}}, "environment"),
    ("settings", "trouble", lambda home: None, {"settings_error": "config.toml, line 3: no."}, "line 3"),
    ("reach", "hint", lambda home: None, {"settings": {"ACE_BRIDGE_OSC_HOST": "0.0.0.0"}}, "other devices"),
    ("daws", "hint", lambda home: None, {}, "No DAW"),
]


@pytest.mark.parametrize(
    ("check", "level", "plant", "changes", "text"), PLANTED, ids=[f"{one[0]}-{one[4]}" for one in PLANTED]
)
def test_a_planted_problem_is_found(
    home: Path, check: str, level: str, plant: Callable[[Path], None], changes: dict[str, Any], text: str
) -> None:
    plant(home)
    finding = found(context_of(home, **dict(changes)), check)
    assert finding.level == level
    assert text in finding.text


def test_a_module_that_fails_is_a_finding_and_the_others_still_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Context) -> Any:
        raise RuntimeError("a defect of the doctor")

    monkeypatch.setattr("bridge.doctor.system.look", fail)
    findings = examine(context_of(home))
    assert "a defect of the doctor" in next(one.text for one in findings if one.check == "system.examined")
    assert {one.check for one in findings} >= {"home", "port", "key", "daws"}


class TestPorts:
    def test_a_port_in_use_is_found(self, home: Path) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            finding = found(context_of(home, settings={"ACE_BRIDGE_OSC_PORT": str(port)}), "port")
            assert finding.level == "trouble"
            assert str(port) in finding.text
        assert found(context_of(home, settings={"ACE_BRIDGE_OSC_PORT": str(port)}), "port").level == "well"

    def test_the_program_is_found_in_the_systems_tables(self, tmp_path: Path) -> None:
        (tmp_path / "net").mkdir()
        head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        line = "  1: 0100007F:23A3 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4711 2\n"
        (tmp_path / "net" / "udp").write_text(head + line)
        descriptors = tmp_path / "812" / "fd"
        descriptors.mkdir(parents=True)
        (descriptors / "5").symlink_to("socket:[4711]")
        (tmp_path / "812" / "comm").write_text("touchosc\n")
        (tmp_path / "999").mkdir()
        assert holders(9123, "linux", tmp_path) == ["touchosc (process 812)"]
        assert holders(9124, "linux", tmp_path) == []


class TestDaws:
    def install(self, home: Path, tmp_path: Path, **changes: Any) -> Path:
        script, pointer = tmp_path / "reaper" / "remix.lua", tmp_path / "reaper" / "ace-bridge.json"
        script.parent.mkdir()
        script.write_text("-- a script")
        pointer.write_text(json.dumps({"home": str(home)}))
        files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (script, pointer)}
        note = {"daw": "reaper", "version": __version__, "pointer": str(pointer), "files": files, **changes}
        (home / "installed").mkdir()
        (home / "installed" / "reaper-1.json").write_text(json.dumps(note))
        return script

    def test_installed_scripts_and_a_connected_daw(self, home: Path, tmp_path: Path) -> None:
        self.install(home, tmp_path)
        database = Database(home / "bridge.db")
        database.hello("instance", "reaper", "7.60", "song", time.time() - 7200)
        database.close()
        assert found(context_of(home), "reaper.scripts").level == "well"
        hello = found(context_of(home), "reaper.hello")
        assert (hello.level, hello.text) == ("well", "REAPER 7.60 connected 2 hours ago.")

    def test_a_daw_that_has_not_connected(self, home: Path, tmp_path: Path) -> None:
        self.install(home, tmp_path)
        assert found(context_of(home), "reaper.hello").level == "hint"

    @pytest.mark.parametrize("what", ["gone", "changed", "older", "elsewhere"])
    def test_problems_of_the_scripts(self, home: Path, tmp_path: Path, what: str) -> None:
        script = self.install(home, tmp_path, **({"version": "0.0.9"} if what == "older" else {}))
        if what == "gone":
            script.unlink()
        elif what == "changed":
            script.write_text("-- my own")
        elif what == "elsewhere":
            (script.parent / "ace-bridge.json").write_text('{"home": "/other"}')
        finding = found(context_of(home), "reaper.scripts")
        assert finding.level == ("hint" if what == "changed" else "trouble")
        assert "ace-bridge install reaper" in finding.fix


class Fal:
    """A server that records all requests and always sends the same reply."""

    def __init__(self, status: int, **headers: str) -> None:
        asked: list[tuple[str, str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.command, self.path, self.headers.get("Authorization", "")))
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.asked = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Fal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


class TestOnline:
    @pytest.mark.parametrize(("status", "level"), [(404, "well"), (422, "well"), (401, "trouble"), (503, "trouble")])
    def test_fal_is_asked_once_and_nothing_is_submitted(self, home: Path, status: int, level: str) -> None:
        with Fal(status) as fal:
            settings = {"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}
            assert found(context_of(home, settings=settings, online=True), "fal").level == level
        ((method, path, authorization),) = fal.asked
        assert method == "GET"
        assert path.endswith("/status")
        assert authorization == f"Key {KEY}"

    def test_a_redirect_does_not_get_the_key(self, home: Path) -> None:
        with Fal(404) as elsewhere, Fal(302, Location=elsewhere.url) as fal:
            examine(context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}, online=True))
        assert len(fal.asked) == 1
        assert elsewhere.asked == []

    def test_a_wrong_clock_is_reported(self, home: Path) -> None:
        with Fal(404, Date="Tue, 14 Nov 2023 22:13:20 GMT") as fal:
            context = context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}, online=True)
            finding = found(replace(context, clock=lambda: 1_700_000_000.0 + 3600), "clock.online")
        assert "3600 s fast" in finding.text

    def test_fal_without_a_network(self, home: Path) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            settings = {"ACE_BRIDGE_FAL_QUEUE_URL": f"http://127.0.0.1:{unused.getsockname()[1]}"}
            assert "cannot be reached" in found(context_of(home, settings=settings, online=True), "fal").text

    def test_the_key_is_not_sent_without_encryption(self, home: Path) -> None:
        settings = {"ACE_BRIDGE_FAL_QUEUE_URL": "http://queue.example.org"}
        assert "not sent" in found(context_of(home, settings=settings, online=True), "fal").text

    def test_fal_is_not_asked_without_the_option(self, home: Path) -> None:
        with Fal(404) as fal:
            examine(context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}))
        assert fal.asked == []


def command(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", "doctor", *arguments],
        env=environment(home, **environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_the_command_prints_text_and_json_and_sets_the_exit_status(home: Path) -> None:
    (home / "config.toml").write_text("[osc]\nhots = 1\n")
    done = command(home)
    assert done.returncode == 1, done.stderr
    assert "FAIL" in done.stdout
    assert "hots" in done.stdout
    (home / "config.toml").unlink()
    done = command(home, "--json")
    assert done.returncode == 0, done.stdout
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["check"] for one in findings} >= {"settings", "home", "disk", "daemon", "port", "key", "audio", "daws"}


def test_it_finds_the_running_bridge_and_its_version(home: Path) -> None:
    with running(home):
        context = context_of(home)
        assert found(context, "daemon").level == "well"
        assert found(context, "port").level == "well"
        about = json.loads((home / "daemon.json").read_bytes())
        (home / "daemon.json").write_text(json.dumps({**about, "version": "0.0.1"}))
        finding = found(context, "daemon")
        assert (finding.level, "0.0.1" in finding.text) == ("trouble", True)
        (home / "daemon.json").write_text(json.dumps(about))


def test_levels_are_ordered() -> None:
    well, hint, trouble = (Finding("c", level, "t.") for level in ("well", "hint", "trouble"))
    assert worst([well, hint]) == "hint"
    assert worst([well, trouble, hint]) == "trouble"
    assert worst([]) == "well"
    assert base.summary([well, well, hint]) == {"trouble": 0, "hint": 1, "well": 2}
