"""Tests helper processes: descriptor 0 is the null device, requests arrive, and the process ends when stdin closes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]

# A library that inspects descriptor 0 while the library is imported, as OpenBLAS does.
LOOK = """
import os, pathlib, stat
_null = stat.S_ISCHR(os.fstat(0).st_mode)
pathlib.Path(os.environ["SEEN"]).write_text(f"null device: {_null}")
"""

SOUNDDEVICE = """
import os, pathlib, time

class PortAudioError(Exception): ...

class OutputStream:
    latency = 0.0
    def __init__(self, **settings): ...
    def write(self, block):
        if block.any():
            pathlib.Path(os.environ["HEARD"]).touch()
        time.sleep(0.001)
    def start(self): ...
    stop = close = start
"""

PYNPUT = """
print("a library's warning")

class GlobalHotKeys:
    def __init__(self, keys): ...
    def start(self): ...
    wait = stop = start
"""

RTMIDI = """
print("a library's warning")

API_LINUX_ALSA = API_MACOSX_CORE = API_WINDOWS_MM = 1

class MidiIn:
    ports = ["pad"]
    def __init__(self, name, api): ...
    def open_port(self, number): ...
    def close_port(self): ...

MidiOut = MidiIn
"""


class Child:
    """A helper process with pipes to its stdin and from its stdout."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def send(self, message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ends_with_stdin(self) -> bool:
        assert self.process.poll() is None
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE) == 0


@contextmanager
def child(folder: Path, *words: str) -> Iterator[Child]:
    """Run `python -m WORDS` with the libraries in `folder`; the libraries record there what they observe."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    environ |= {"SEEN": str(folder / "seen"), "HEARD": str(folder / "heard")}
    process = subprocess.Popen(
        [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, cwd=ROOT
    )
    with process:  # closes the pipes
        try:
            yield Child(process)
        finally:
            process.kill()


def seen(folder: Path) -> str:
    return (folder / "seen").read_text()


def test_a_worker_has_the_null_device_at_0(tmp_path: Path) -> None:
    with child(tmp_path, "bridge.workers.process", "tests.fakes.tasks") as worker:
        for _ in range(2):
            worker.send({"task": "stdin", "args": {}})
            assert worker.line() == {"result": {"null_device": True, "own": "", "of_a_child": ""}}
        assert worker.ends_with_stdin()


def test_the_player_has_the_null_device_at_0(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(LOOK + SOUNDDEVICE)
    sides = []
    for name, level in (("silence", 0.0), ("sound", 0.5)):
        soundfile.write(tmp_path / f"{name}.wav", np.full((48_000, 2), level), 48_000)
        sides.append({"path": str(tmp_path / f"{name}.wav"), "start": 0.0, "length": None, "gain_db": 0.0})
    order = json.dumps({"sides": sides, "heard": 0, "loop": True, "device": "default"})
    with child(tmp_path, "bridge.audition.process", order) as player:
        assert player.line() == {"playing": True}
        assert seen(tmp_path) == "null device: True"
        assert not (tmp_path / "heard").exists()
        player.send({"heard": 1})
        until((tmp_path / "heard").exists, "the sound")
        assert player.ends_with_stdin()


def test_the_hotkey_process_has_the_null_device_at_0_and_its_own_stdout(tmp_path: Path) -> None:
    (tmp_path / "pynput").mkdir()
    (tmp_path / "pynput" / "__init__.py").touch()
    (tmp_path / "pynput" / "keyboard.py").write_text(LOOK + PYNPUT)
    with child(tmp_path, "bridge.hotkeys.process", '["f9"]', '["*"]') as keyboard:
        assert keyboard.line() == {"listening": True}
        assert seen(tmp_path) == "null device: True"
        assert keyboard.ends_with_stdin()


def test_the_midi_process_has_the_null_device_at_0_and_its_own_stdout(tmp_path: Path) -> None:
    (tmp_path / "rtmidi2.py").write_text(LOOK + RTMIDI)
    with child(tmp_path, "bridge.midi.port_host", "auto") as host:
        assert host.line() == {"devices": [["pad"], ["pad"], [], []]}
        assert seen(tmp_path) == "null device: True"
        host.send({"want": [["pad"], []]})
        assert [host.line(), host.line()] == [{"opening": "pad"}, {"opening": ""}]
        assert host.line() == {"devices": [["pad"], ["pad"], ["pad"], []]}
        assert host.ends_with_stdin()


def test_child_processes_inherit_only_the_null_device() -> None:
    code = "import os\nfrom bridge.util.stdin_pipe import take_stdin\npipe = take_stdin()\n"
    code += "print(os.get_inheritable(0), os.get_inheritable(pipe.fileno()), pipe.read().decode())"
    done = subprocess.run([sys.executable, "-c", code], input=b"requests", capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().strip() == "True False requests"


def test_a_missing_stdin_is_an_error() -> None:
    code = "import os\nos.close(0)\nfrom bridge.util.stdin_pipe import take_stdin\ntake_stdin()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "OSError: [Errno 9]" in done.stderr
