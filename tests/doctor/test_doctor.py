"""Tests that the doctor finds and explains each deliberately caused problem, and says how to fix the problem."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge import __version__
from bridge.doctor import base, system
from bridge.doctor.base import Context, Finding, worst
from bridge.doctor.examine import examine
from bridge.doctor.port_holders import holders
from bridge.errors import AudioDeviceMissing, MidiMissing
from bridge.installers.autostart import autostart_of
from tests.doctor.examining import KEY, context_of, found
from tests.fakes.free_port import free_port
from tests.fakes.processes import environment, running
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


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


def no_midi() -> list[str]:
    raise MidiMissing


def open_inbox(home: Path) -> None:
    (home / "inbox").chmod(0o777)


def open_key(home: Path) -> None:
    (home / "credentials").write_text(f"FAL_KEY={KEY}\n")
    (home / "credentials").chmod(0o644)


def damaged_record(home: Path) -> None:
    (home / "installed").mkdir()
    (home / "installed" / "reaper-1.json").write_text('{"daw": "reaper", "pointer": "", "files": []}')


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
    ("reaper.scripts", "trouble", damaged_record, {}, "is damaged"),
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
    ("clock", "trouble", lambda home: None, {"clock": lambda: 0.0}, "1970"),
    ("ffmpeg", "hint", lambda home: None, {"which": lambda name: None}, "AAC"),
    ("audio", "hint", lambda home: None, {"device": no_device}, "Auditioning"),
    ("midi", "hint", lambda home: None, {"midi": no_midi}, "not installed"),
    ("midi", "well", lambda home: None, {"midi": list}, "no controller"),
    ("midi", "well", lambda home: None, {"midi": no_midi, "settings": {"ACE_BRIDGE_MIDI_USE": "off"}}, "off"),
    ("key", "trouble", lambda home: None, {"keychain": lambda: "two words"}, "spaces"),
    ("key", "hint", lambda home: None, {"keychain": lambda: "nocolon-in-this-one"}, "does not look like a key"),
    ("key", "hint", lambda home: None, {"keychain": lambda: None}, "offline"),
    ("key", "hint", lambda home: None, {"environ": {"FAL_KEY": KEY}}, "environment"),
    ("settings", "trouble", lambda home: None, {"settings_error": "config.toml, line 3: no."}, "line 3"),
    ("reach", "hint", lambda home: None, {"settings": {"ACE_BRIDGE_OSC_HOST": "0.0.0.0"}}, "other devices"),
    ("daws", "hint", lambda home: None, {}, "No DAW"),
]
PLANTED_ON_POSIX: list[tuple[str, str, Callable[[Path], None], dict[str, Any], str]] = [
    ("home", "trouble", open_inbox, {}, "can request remixes"),
    ("home", "trouble", open_key, {"keychain": lambda: KEY}, "can read your fal key"),
    (
        "home.place",
        "trouble",
        lambda home: None,
        {"mounts": lambda _: "1 0 0:1 / / rw - nfs4 nas:/ rw"},
        "network drive",
    ),
]


@pytest.mark.parametrize(("module", "text"), [("soxr", "soxr."), (None, "numpy, because soxr is not installed")])
def test_the_resampler_is_named(home: Path, monkeypatch: pytest.MonkeyPatch, module: str | None, text: str) -> None:
    monkeypatch.setattr(system, "find_spec", lambda name: module)
    assert f"converted with {text}" in found(context_of(home), "resampler").text


POSIX = pytest.mark.only_on("posix", because="Windows has neither such permissions nor a table of mounts")


@pytest.mark.parametrize(
    ("check", "level", "plant", "changes", "text"),
    [
        *(pytest.param(*one, id=f"{one[0]}-{one[4]}") for one in PLANTED),
        *(pytest.param(*one, id=f"{one[0]}-{one[4]}", marks=POSIX) for one in PLANTED_ON_POSIX),
    ],
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
            port = free_port()  # no client of another test is given it as soon as it is free
            other.bind(("127.0.0.1", port))
            finding = found(context_of(home, settings={"ACE_BRIDGE_OSC_PORT": str(port)}), "port")
            assert finding.level == "trouble"
            assert str(port) in finding.text
        assert found(context_of(home, settings={"ACE_BRIDGE_OSC_PORT": str(port)}), "port").level == "well"

    @pytest.mark.only_on("posix", because="the tables are in /proc")
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

    def test_the_holder_of_the_port_is_found_by_netstat(self) -> None:
        outputs = {
            "netstat": "\r\nAktive Verbindungen\r\n\r\n  Proto  Lokale Adresse     Remoteadresse   Status      PID\r\n"
            "  TCP    127.0.0.1:9123     0.0.0.0:0       ABH\x99REN    812\r\n"
            "  TCP    127.0.0.1:50001    127.0.0.1:9123  HERGESTELLT 44\r\n"
            "  TCP    127.0.0.1:9123     127.0.0.1:50001 WARTEND     0\r\n"
            "  UDP    0.0.0.0:9123       *:*                         4711\r\n"
            "  UDP    [::]:19123         *:*                         5\r\n",
            "812": '"Touch OSC, Bridge.exe","812","Console","1","10.000 K"\r\n',
            "4711": "INFORMATION: Es werden keine Aufgaben ausgef\x81hrt.\r\n",
        }

        def run(command: list[str], *, timeout_seconds: float) -> subprocess.CompletedProcess[bytes]:
            assert timeout_seconds > 0
            asked = command[2].removeprefix("PID eq ") if command[0] == "tasklist" else command[0]
            return subprocess.CompletedProcess(command, 0, outputs[asked].encode("cp437", "replace"), b"")

        assert holders(9123, "win32", run=run) == [
            "Touch OSC, Bridge.exe (process 812)",
            "an unnamed program (process 4711)",
        ]
        assert holders(9124, "win32", run=run) == []

    @pytest.mark.parametrize("platform", ["win32", "darwin"])
    def test_a_missing_program_of_the_system_is_no_error(self, platform: str) -> None:
        def run(command: list[str], *, timeout_seconds: float) -> subprocess.CompletedProcess[bytes]:
            raise FileNotFoundError(command[0])

        assert holders(9123, platform, run=run) == []


@pytest.mark.parametrize(("platform", "names_package"), [("linux", True), ("win32", False), ("darwin", False)])
def test_only_linux_is_told_to_install_portaudio(home: Path, platform: str, names_package: bool) -> None:
    def no_device() -> str:
        raise AudioDeviceMissing

    assert (
        "libportaudio2" in found(context_of(home, device=no_device, platform=platform), "audio").fix
    ) is names_package


@pytest.mark.parametrize(
    ("state", "level"), [("on", "well"), ("removed", "hint"), ("off in the desktop", "hint"), ("moved", "trouble")]
)
def test_autostart(home: Path, tmp_path: Path, state: str, level: str) -> None:
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}  # without systemctl
    context = context_of(home, environ=environ)
    assert not [one for one in examine(context) if one.check == "autostart"]
    python = "/gone/python" if state == "moved" else sys.executable
    autostart_of(home, environ, "linux", python).on(now=False)
    entry = tmp_path / ".config" / "autostart" / "ace-bridge.desktop"
    if state == "removed":
        entry.unlink()
    elif state == "off in the desktop":
        entry.write_text(entry.read_text() + "Hidden=true\n")
    finding = found(context, "autostart")
    named = python if state == "moved" else str(entry)
    assert (finding.level, named in finding.text) == (level, True)


def command(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", "doctor", *arguments],
        env=environment(home, **environ),
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
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


WITHOUT_PACKAGE = "raise ModuleNotFoundError(name='rtmidi2')\n"
WITH_TWO = """\
API_LINUX_ALSA = API_MACOSX_CORE = API_WINDOWS_MM = 1

class MidiIn:
    ports = ["nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "Größe:Größe MIDI 1 24:0"]
    def __init__(self, name, api):
        pass
    def close_port(self):
        pass

MidiOut = MidiIn
"""


@pytest.mark.parametrize(
    ("package", "level", "text"),
    [(WITHOUT_PACKAGE, "hint", "the package rtmidi2"), (WITH_TWO, "well", "nanoKONTROL2"), (WITH_TWO, "well", "Größe")],
)
def test_the_command_asks_the_midi_process(home: Path, tmp_path: Path, package: str, level: str, text: str) -> None:
    (tmp_path / "rtmidi2.py").write_text(package, "utf-8")
    environ = environment(home, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    command = [sys.executable, "-m", "bridge", "doctor", "--json"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
    (finding,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["check"] == "midi"]
    assert finding["level"] == level
    assert text in finding["text"]
