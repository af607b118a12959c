"""Tests global hotkeys: settings, commands, and real key presses on a virtual display."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.errors import ConfigInvalid, DawMissing
from bridge.events import Alert, EventBus
from bridge.hotkeys.process import QUIET, RepeatFilter, for_pynput
from bridge.hotkeys.service import Hotkeys, read_keys
from tests.daws.ardour.rig import screen
from tests.fakes.bridge import NotingBridge
from tests.hotkeys.windows import Windows
from tests.waiting import PATIENCE, eventually


def test_combinations_have_one_canonical_form() -> None:
    found = read_keys(["Ctrl + Alt + R: remix", "f9:audition.switch", "cmd+shift+left : preset.previous"])
    assert {keys: command.name for keys, command in found.items()} == {
        "alt+ctrl+r": "remix",
        "f9": "audition.switch",
        "cmd+shift+left": "preset.previous",
    }
    assert for_pynput("alt+ctrl+r") == "<alt>+<ctrl>+r"


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (["ctrl+r: remx"], "Did you mean “remix”"),
        (["ctrl+r: inboxes"], "does not name a command for keys"),
        (["ctrl+r: preset.select"], "does not name a command for keys"),
        (["r: remix"], "while you type"),
        (["shift+r: remix"], "while you type"),
        (["ctrl+alt: remix"], "must look like"),
        (["strg+r: remix"], "the modifiers are alt, cmd, ctrl, shift"),
        (["ctrl+ctrl+r: remix"], "must look like"),
        (["ctrl+alt+r: remix", "alt+ctrl+R: cancel"], "twice"),
    ],
)
def test_invalid_keys_are_refused(entries: list[str], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        read_keys(entries)


def test_a_held_key_counts_once() -> None:
    now = [0.0]
    is_new = RepeatFilter(lambda: now[0])
    presses = []
    for moment in (0.0, QUIET * 0.66, QUIET * 0.7, QUIET * 1.4, QUIET * 2.5, QUIET * 2.6):
        now[0] = moment
        presses.append(is_new("alt+r"))
    assert presses == [True, False, False, False, True, False]
    assert is_new("alt+x"), "another combination counts by itself"


class Keyed:
    """Hotkeys and a fake bridge that records the commands it receives."""

    def __init__(self, keys: list[str], programs: Sequence[str] = (), **how: object) -> None:
        self.bus = EventBus()
        self.alerts: list[Alert] = []
        self.bus.subscribe(self.alerts.append, Alert)
        self.bridge = NotingBridge(self.bus)
        self.hotkeys = Hotkeys(self.bridge, self.bus, keys, programs, **how)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow more time for the process to start and end, because the machine may be busy."""
    monkeypatch.setattr("bridge.hotkeys.service.PATIENCE", PATIENCE)
    monkeypatch.setattr("bridge.hotkeys.service.STOP_PATIENCE", PATIENCE)


def script_of(child: str, tmp_path: Path) -> tuple[str, ...]:
    script = tmp_path / "child.py"
    script.write_text(child, encoding="utf-8")
    return (sys.executable, str(script))


async def test_without_keys_no_process_is_started() -> None:
    keyed = Keyed([], command=("/does/not/exist",))
    await keyed.hotkeys.start()
    await keyed.hotkeys.stop()
    assert keyed.alerts == []


PRESSING = """
import json, sys
print('{"listening": true}', flush=True)
for keys in (*json.loads(sys.argv[1]), "alt+unknown"):
    print(json.dumps({"pressed": keys}), flush=True)
sys.stdin.read()
"""


async def test_a_press_runs_its_command_and_an_error_is_an_alert(tmp_path: Path) -> None:
    keyed = Keyed(["f9: remix", "alt+n: preset.next"], command=script_of(PRESSING, tmp_path))
    keyed.bridge.refuses = DawMissing()
    await keyed.hotkeys.start()
    await eventually(lambda: len(keyed.bridge.asked) == 2)
    assert sorted(keyed.bridge.asked) == [("remix",), ("step", 1)]
    await eventually(lambda: bool(keyed.alerts))
    assert [alert.code for alert in keyed.alerts] == ["daw_missing"]
    await keyed.hotkeys.stop()


CHATTY = """
import json, sys
print("Xlib: \\x1b[31mextension\\x1b[0m missing " + 1000 * "x", flush=True)
print('{"listening": true}', flush=True)
for line in ("rubbish", "7", '{"pressed": ["f9"]}', '{"pressed": "f9"}'):
    print(line, flush=True)
sys.stdin.read()
"""


IGNORING = """
import sys
print('{"listening": true}', flush=True)
print('{"ignored": "f9", "front": ["firefox", "navigator"]}', flush=True)
print('{"ignored": "f9", "front": []}', flush=True)
sys.stdin.read()
"""


async def test_a_key_that_was_ignored_runs_nothing_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bridge.hotkeys.service")
    keyed = Keyed(["f9: remix"], command=script_of(IGNORING, tmp_path))
    await keyed.hotkeys.start()
    await eventually(lambda: "no DAW is in front but an unknown program" in caplog.text)
    await keyed.hotkeys.stop()
    assert "f9 was ignored, because no DAW is in front but firefox, navigator" in caplog.messages
    assert keyed.bridge.asked == []
    assert keyed.alerts == []


async def test_lines_that_are_not_messages_are_logged_and_listening_continues(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keyed = Keyed(["f9: remix"], command=script_of(CHATTY, tmp_path))
    await keyed.hotkeys.start()
    await eventually(lambda: bool(keyed.bridge.asked))
    await keyed.hotkeys.stop()
    assert keyed.bridge.asked == [("remix",)]
    assert keyed.alerts == []
    ignored = [message for message in caplog.messages if message.startswith("ignored a line")]
    assert len(ignored) == 3
    assert r"Xlib: \x1b[31mextension\x1b[0m missing xxx" in ignored[0]
    assert all(len(message) < 300 and message.isprintable() for message in ignored)


@pytest.mark.parametrize(
    ("child", "words"),
    [
        ("raise SystemExit(3)", "for an unknown reason"),
        ("print('{\"listening\": true}')", "Hotkeys stopped working"),
        (
            'print(\'{"error": {"code": "hotkeys_missing", "text": "No screen.", "hint": ""}}\')',
            "No screen.",
        ),
    ],
)
async def test_a_process_that_fails_or_ends_is_reported_once(tmp_path: Path, child: str, words: str) -> None:
    keyed = Keyed(["f9: remix"], command=script_of(child, tmp_path))
    await keyed.hotkeys.start()
    await eventually(lambda: bool(keyed.alerts))
    await keyed.hotkeys.stop()
    assert [(alert.code, words in alert.text) for alert in keyed.alerts] == [("hotkeys_missing", True)]


def test_the_daemon_never_loads_pynput() -> None:
    code = "import bridge.hotkeys.service, bridge.daemon, sys; print('pynput' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_missing_pynput_is_named(tmp_path: Path) -> None:
    (tmp_path / "pynput.py").write_text("raise ImportError('No module named pynput')")
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    asked = subprocess.run(
        [sys.executable, "-m", "bridge.hotkeys.process", '["f9"]', '["*"]'], capture_output=True, text=True, env=environ
    )
    assert "the package pynput is not installed" in asked.stdout
    assert asked.returncode == 1


# --- real keys on a virtual display ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def windows(display: str) -> Iterator[Windows]:
    made = Windows(display)
    yield made
    made.close()


class Keyboard:
    """Presses keys on the display."""

    def __init__(self, display: str) -> None:
        self._environ = {**os.environ, "DISPLAY": display}

    async def __call__(self, *words: str) -> None:
        process = await asyncio.create_subprocess_exec("xdotool", *words, env=self._environ)
        assert await process.wait() == 0


LISTENER = """
import sys
from bridge.hotkeys import process
process.QUIET = float(sys.argv.pop(1))
sys.exit(process.main())
"""  # QUIET is adjustable, because a held key repeats less often on a busy machine


@pytest_asyncio.fixture
async def real(display: str, windows: Windows, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Keyed]:
    """Yield hotkeys that already listen; pytest keeps what is logged until then apart from the test's own log."""
    caplog.set_level("INFO", "bridge.hotkeys.service")
    windows.focus("REAPER")
    keyed = Keyed(
        ["ctrl+alt+r: remix", "ctrl+alt+n: preset.next", "f9: cancel"],
        ["bit?ig studio"],
        command=(sys.executable, "-c", LISTENER, str(PATIENCE)),
        environ={**os.environ, "DISPLAY": display},
    )
    await keyed.hotkeys.start()
    await eventually(lambda: "listening to" in caplog.text)
    yield keyed
    await keyed.hotkeys.stop()


@pytest.mark.needs("keyboard")
async def test_real_keys_run_their_commands(real: Keyed, display: str) -> None:
    keyboard = Keyboard(display)
    await keyboard("key", "r")
    await keyboard("key", "ctrl+r")
    await keyboard("key", "ctrl+alt+r")
    await keyboard("key", "ctrl+alt+n")
    await keyboard("key", "F9")
    await eventually(lambda: len(real.bridge.asked) >= 3)
    assert sorted(real.bridge.asked) == [("cancel", ""), ("remix",), ("step", 1)]
    assert real.alerts == []


@pytest.mark.needs("keyboard")
async def test_a_held_real_key_runs_its_command_once(real: Keyed, display: str) -> None:
    """Hold a key, so that the X server repeats the key press."""
    keyboard = Keyboard(display)
    await keyboard("keydown", "ctrl", "keydown", "alt", "keydown", "r", "sleep", "1.5")
    await keyboard("keyup", "r", "keyup", "alt", "keyup", "ctrl")
    await keyboard("key", "F9")
    await eventually(lambda: ("cancel", "") in real.bridge.asked)
    assert real.bridge.asked == [("remix",), ("cancel", "")]


@pytest.mark.needs("keyboard")
async def test_a_key_acts_only_while_a_daw_is_in_front(
    real: Keyed, display: str, windows: Windows, caplog: pytest.LogCaptureFixture
) -> None:
    keyboard = Keyboard(display)
    windows.focus("firefox")
    await keyboard("key", "ctrl+alt+r")
    await eventually(lambda: "no DAW is in front but firefox" in caplog.text)
    windows.focus("Bitwig Studio")
    await keyboard("key", "ctrl+alt+n")
    await eventually(lambda: ("step", 1) in real.bridge.asked)
    windows.focus("Ardour-8.12.0")
    await keyboard("key", "F9")
    await eventually(lambda: ("cancel", "") in real.bridge.asked)
    assert real.bridge.asked == [("step", 1), ("cancel", "")]


@pytest.mark.needs("keyboard")
async def test_a_missing_display_is_reported() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    keyed = Keyed(["f9: remix"], environ=environ)
    await keyed.hotkeys.start()
    await eventually(lambda: bool(keyed.alerts))
    await keyed.hotkeys.stop()
    assert [alert.code for alert in keyed.alerts] == ["hotkeys_missing"]
