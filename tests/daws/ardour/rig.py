"""Runs a real Ardour on a virtual screen, without dialogs at startup; tests control Ardour through their own hook.

This module starts every process itself, waits for each process by polling, and ends each by its process ID.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from pythonosc.osc_message_builder import OscMessageBuilder

from tests.daws.ardour.program import Program
from tests.fakes.free_port import free_port
from tests.fakes.processes import end
from tests.waiting import PATIENCE, until

HERE = Path(__file__).parent

STATE = (
    '<State backend="{backend}" driver="{driver}" device="{device}" input-device="" output-device="" '
    'sample-rate="{rate}" buffer-size="1024" n-periods="0" input-latency="0" output-latency="0" lm-input="" '
    'lm-output="" active="1" use-buffered-io="0" midi-option="{midi}" lru="0"><MIDIDevices/></State>'
)
DUMMY = {"backend": "None (Dummy)", "driver": "Normal Speed", "device": "Silence", "midi": "1 in, 1 out, Silence"}
JACK = {"backend": "{jack}", "driver": "", "device": "x", "midi": ""}
# With JACK, automatic connections are off: Ardour makes them in a second thread, and libjack 1.9 would then mix up
# the requests of both threads.
UNCONNECTED = "".join(f'<Option name="{side}put-auto-connect" value="0"/>' for side in ("in", "out"))
CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config>
    <Option name="try-autostart-engine" value="1"/>
    <Option name="hide-dummy-backend" value="0"/>
    <Option name="check-announcements" value="0"/>
    <Option name="copy-demo-sessions" value="0"/>
    <Option name="discover-plugins-on-start" value="0"/>
    <Option name="osc-port" value="{osc_port}"/>{more}
  </Config>
  <Extra><AudioMIDISetup><EngineStates>{state}</EngineStates></AudioMIDISetup></Extra>
</Ardour>
"""
# What Ardour writes after "Do not show this window again" in its warning about the limit of locked memory
NO_MEMORY_WARNING = '<?xml version="1.0" encoding="UTF-8"?>\n<instant>\n  <no-memory-warning/>\n</instant>\n'


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """Run a virtual screen, and yield the screen's name for DISPLAY.

    Without -noreset, Xvfb resets when its last client ends, and the next Ardour may fail to connect during the reset.
    """
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        end(server)


def switch_on(session: Path, *, osc: bool, midi: bool = False) -> None:
    """Enable or disable a session's OSC control surface, and optionally enable its MIDI control surface."""
    text = session.read_text("utf-8")
    text = re.sub(
        r'<Protocol name="Open Sound Control \(OSC\)"[^>]*/>',
        f'<Protocol name="Open Sound Control (OSC)" active="{int(osc)}" feedback="0" debugmode="0" address-only="1" '
        'remote-port="9" banksize="0" striptypes="31" gainmode="0"/>',
        text,
    )
    if midi:
        text = re.sub(
            r'<Protocol name="Generic MIDI"[^>]*/>',
            '<Protocol name="Generic MIDI" active="1" motorized="0" threshold="10" binding="bridge" '
            'session-state="1"/>',
            text,
        )
        text = re.sub(r"<EngineHints[^>]*/>", "", text)
    session.write_text(text, "utf-8")


@dataclass
class Ardour:
    """An Ardour with its own home directory and configuration; its process exists only while Ardour runs."""

    program: Program
    home: Path  # Ardour's HOME
    display: str
    environ: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()  # command prefix, for example to enter a sandbox
    osc_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    asked: int = 0

    @property
    def config(self) -> Path:
        return self.home / ".config" / self.program.config

    @property
    def hand(self) -> Path:
        return self.home / "hand"

    def configure(self, rate: int = 48_000, engine: Mapping[str, str] = DUMMY) -> None:
        """Write a configuration such as earlier use of Ardour leaves, so that no first-run dialog opens."""
        self.config.mkdir(parents=True, exist_ok=True)
        self.hand.mkdir(exist_ok=True)
        (self.config / self.program.used).touch()
        (self.config / "instant.xml").write_text(NO_MEMORY_WARNING)
        state = STATE.format(rate=rate, **engine).replace("{jack}", self.program.jack)
        more = UNCONNECTED if engine is JACK else ""
        (self.config / "config").write_text(CONFIG.format(osc_port=self.osc_port, state=state, more=more))

    def give_hand(self) -> None:
        """Install the tests' hook without removing existing hooks."""
        path = self.config / "ui_scripts"
        root = (
            ElementTree.fromstring(path.read_bytes())
            if path.exists()
            else ElementTree.fromstring('<UIScripts><ActionScript lua="Lua 5.3"/><ActionHooks/></UIScripts>')
        )
        hooks = root.find("ActionHooks")
        assert hooks is not None
        source = (HERE / "hand.lua").read_text().replace("FOLDER", f'"{self.hand}"', 1)
        state = f's = {{}} s["n"] = "tests" s["s"] = "" s["f"] = [====[\n{source}]====] s["a"] = {{}}'
        hook = ElementTree.SubElement(hooks, "LuaCallback", lua="Lua 5.3", id="4711", name="tests", signals=signals())
        hook.text = base64.b64encode(state.encode()).decode()
        path.write_bytes(ElementTree.tostring(root))

    def start(self, session: Path, *options: str, wait: bool = True) -> None:
        """Start Ardour with a session; if `wait`, return only when the tests' hook responds."""
        words = ["ardour", "-a", "-n", *options, session]
        with (self.home / "ardour.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *self.program.command(words, {**self._own(), **self.environ}, self.home)],
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.run("return Session:name()")

    def _environ(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("FAL_", "ACE_BRIDGE_", "XDG_"))
        }
        return kept | self._own()

    def _own(self) -> dict[str, str]:
        return {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "DISPLAY": self.display}

    def run(self, code: str, timeout: float = PATIENCE) -> str:
        """Run Lua code inside Ardour, and return the code's result as text."""
        self.asked += 1
        asked = str(self.asked)
        partial = self.hand / "ask.tmp"
        partial.write_text(f"{asked}\n{code}", "utf-8")
        partial.replace(self.hand / "ask")

        def look() -> tuple[str, str] | None:
            self.check()
            with contextlib.suppress(OSError, ValueError):
                number, how, text = (self.hand / "answer").read_text("utf-8").split("\n", 2)
                return (how, text) if number == asked else None
            return None

        how, text = until(look, "an answer of Ardour", timeout)
        assert how == "ok", text
        return str(text)

    def check(self) -> None:
        """Check that Ardour is still running."""
        assert self.process is not None
        assert self.process.poll() is None, "Ardour has ended: " + (self.home / "ardour.log").read_text()[-2000:]

    def action(self, name: str) -> None:
        """Trigger one of Ardour's actions over the OSC control surface."""
        message = OscMessageBuilder("/access_action")
        message.add_arg(name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.build().dgram, ("127.0.0.1", self.osc_port))

    def hands(self, *words: str) -> str:
        """Use mouse and keyboard through xdotool, and return xdotool's output."""
        self.check()
        done = subprocess.run(
            ["xdotool", *words], env=self._environ(), capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def quit(self) -> int:
        """Save the session and quit Ardour as a user does, and return the exit status."""
        assert self.process is not None
        self.run('Session:save_state ("", false, false, false, false, false)')
        self.action("Common/Quit")  # over OSC, because Ardour crashes when a hook makes it quit
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        end(self.process)
        return int(self.process.returncode)

    def kill(self) -> None:
        """Kill Ardour, as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE)

    def picture(self, path: Path) -> None:
        subprocess.run(
            ["import", "-display", self.display, "-window", "root", str(path)],
            check=True,
            timeout=PATIENCE,
            env=self._environ(),
        )


def signals() -> str:
    """Return the signal set of a hook on the 0.1 s timer: 49 bits (in Ardour 7.3), of which only bit 47 is set."""
    return "".join("1" if bit == 47 else "0" for bit in reversed(range(49)))


def copy_session(template: Path, folder: Path) -> Path:
    """Copy a session's folder, and return the path of the copy's session file."""
    shutil.copytree(template.parent, folder)
    return folder / template.name


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of all running processes whose environment contains this folder."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # the process has ended, or the entry is not a process
            if process.name.isdigit() and bytes(folder) in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found
