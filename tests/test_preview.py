"""Audition: what is written to the output is the file, a device that is not there is a message, and no child survives.

The last test plays through a real PulseAudio null sink and compares what its monitor records; it needs `pulseaudio`
and ALSA's plug-in for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.errors import AudioDeviceMissing, SourceMissing, SourceUnreadable, Unexpected
from bridge.preview import BLOCK, FADE, TAIL, Player, open_device, play_file
from tests.fakes.osc_clients import until

RATE = 48000


class FakeStream:
    """Keeps what is written."""

    latency = 0.01

    def __init__(self, after: int | None = None, stopped: threading.Event | None = None) -> None:
        self.blocks: list[np.ndarray[Any, Any]] = []
        self.ends: list[str] = []
        self._after, self._stopped = after, stopped

    def write(self, data: Any) -> None:
        self.blocks.append(np.array(data))
        if self._stopped is not None and len(self.blocks) == self._after:
            self._stopped.set()

    def stop(self) -> None:
        self.ends.append("stop")

    def close(self) -> None:
        self.ends.append("close")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """One second of stereo noise."""
    path = tmp_path / "Küche ☂ -clip.wav"
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (RATE, 2))
    soundfile.write(path, noise, RATE, subtype="PCM_24")
    return path


def said(child: str, tmp_path: Path) -> tuple[str, ...]:
    """Return a command that stands for the child: a program that runs these lines."""
    script = tmp_path / "child.py"
    script.write_text(child, encoding="utf-8")
    return (sys.executable, str(script))


PLAYING = "import sys\nprint('{\"playing\": true}', flush=True)\nsys.stdin.read()\n"


def test_the_whole_file_is_written_as_it_is(clip: Path) -> None:
    stream, started = FakeStream(), []
    opened: list[tuple[int, int]] = []

    def start(sample_rate: int, channels: int) -> FakeStream:
        opened.append((sample_rate, channels))
        return stream

    play_file(clip, start, threading.Event(), lambda: started.append(True))
    assert opened == [(RATE, 2)]
    assert started == [True]
    expected, _ = soundfile.read(clip, dtype="float32")
    *blocks, silence = stream.blocks
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    assert silence.shape == (int((FakeStream.latency + TAIL) * RATE), 2)
    assert not silence.any()
    assert stream.ends == ["stop", "close"]


def test_a_stop_fades_out_and_ends(clip: Path) -> None:
    stopped = threading.Event()
    stream = FakeStream(after=3, stopped=stopped)
    play_file(clip, lambda rate, channels: stream, stopped, lambda: None)
    *whole, faded, silence = stream.blocks
    assert not silence.any()
    assert len(whole) == 3
    assert len(faded) == int(FADE * RATE)
    assert not faded[-1].any()
    expected, _ = soundfile.read(clip, start=3 * BLOCK, frames=len(faded), dtype="float32")
    slope = 1 - (np.arange(len(faded)) + 1) / len(faded)
    np.testing.assert_allclose(faded, expected * slope[:, None], atol=1e-6)
    assert stream.ends == ["stop", "close"]


@pytest.mark.parametrize(("content", "error"), [(None, SourceMissing), (b"not audio at all", SourceUnreadable)])
def test_a_file_that_cannot_be_played_is_said(tmp_path: Path, content: bytes | None, error: type[Exception]) -> None:
    path = tmp_path / "x.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=r"x\.wav"):
        play_file(path, lambda rate, channels: FakeStream(), threading.Event(), lambda: None)


def test_missing_portaudio_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        """What importing sounddevice does where the library is not installed."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(AudioDeviceMissing, match="PortAudio library not found"):
        open_device("")


async def test_a_device_that_is_not_there_is_a_message(clip: Path) -> None:
    player = Player("no device has this name")
    with pytest.raises(AudioDeviceMissing, match="no device has this name"):
        await player.play(clip)
    assert not player.playing


async def test_a_missing_file_comes_back_as_its_error(tmp_path: Path) -> None:
    player = Player()
    with pytest.raises((SourceMissing, AudioDeviceMissing)):  # the latter where PortAudio is not installed
        await player.play(tmp_path / "gone.wav")
    assert not player.playing


async def test_stop_ends_the_child_and_playing_says_so(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said(PLAYING, tmp_path))
    assert not player.playing
    await player.play(clip)
    assert player.playing
    child = player._child
    await player.stop()
    assert not player.playing
    assert child is not None
    assert child.returncode == 0
    await player.stop()


async def test_another_file_takes_the_place_of_the_first(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said(PLAYING, tmp_path))
    await player.play(clip)
    first = player._child
    await asyncio.gather(player.play(clip), player.play(clip))
    assert first is not None
    assert first.returncode == 0
    assert player.playing
    await player.stop()


async def test_a_sound_that_has_ended_plays_no_more(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said("print('{\"playing\": true}', flush=True)\n", tmp_path))
    await player.play(clip)
    await until(lambda: not player.playing)
    await player.stop()


async def test_a_child_that_does_not_listen_is_ended(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.preview.STOP_PATIENCE", 0.05)
    player = Player(command=said("import time\nprint('{\"playing\": true}', flush=True)\ntime.sleep(100)\n", tmp_path))
    await player.play(clip)
    child = player._child
    await player.stop()
    assert child is not None
    assert child.returncode not in (0, None)


async def test_a_device_that_hangs_is_given_up(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.preview.START_PATIENCE", 0.05)
    player = Player(command=said("import sys\nsys.stdin.read()\n", tmp_path))
    with pytest.raises(AudioDeviceMissing, match="did not open within"):
        await player.play(clip)
    assert not player.playing


async def test_a_child_that_dies_is_said(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said("raise SystemExit(3)\n", tmp_path))
    with pytest.raises(Unexpected, match="ended before it could say why"):
        await player.play(clip)


async def test_the_child_gets_no_key(tmp_path: Path, clip: Path) -> None:
    seen = tmp_path / "environment.json"
    child = f"import json, os\njson.dump(dict(os.environ), open({str(seen)!r}, 'w'))\n" + PLAYING
    player = Player(command=said(child, tmp_path), environ={**os.environ, "FAL_KEY": "id:secret", "OTHER": "1"})
    await player.play(clip)
    await player.stop()
    environment = json.loads(seen.read_text())
    assert "FAL_KEY" not in environment
    assert environment["OTHER"] == "1"


def test_neither_numpy_nor_portaudio_loads_with_the_player() -> None:
    code = "import bridge.preview, sys; print({'numpy', 'sounddevice', 'soundfile'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


@pytest.fixture
def null_sink(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A PulseAudio of its own whose only output is a null sink."""
    if shutil.which("pulseaudio") is None or shutil.which("parec") is None:
        pytest.skip("pulseaudio and pulseaudio-utils are not installed")
    runtime = tmp_path_factory.mktemp("pulse")
    runtime.chmod(0o700)
    for name in ("XDG_RUNTIME_DIR", "HOME", "PULSE_RUNTIME_PATH"):
        monkeypatch.setenv(name, str(runtime))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{runtime}/native")
    server = subprocess.Popen(
        [
            "pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no",
            "-L", f"module-native-protocol-unix auth-anonymous=1 socket={runtime}/native",
            "-L", f"module-null-sink sink_name=ace rate={RATE} format=s24le",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        subprocess.run(
            ["timeout", "10", "sh", "-c", "until pactl info >/dev/null 2>&1; do sleep 0.05; done"], check=True
        )
        yield
    finally:
        server.terminate()
        server.wait(10)


async def test_a_real_output_plays_the_file(null_sink: None, clip: Path) -> None:
    record = [
        "parec",
        "--device=ace.monitor",
        "--latency-msec=500",
        "--format=float32le",
        f"--rate={RATE}",
        "--channels=2",
        "--raw",
    ]
    recorder = await asyncio.create_subprocess_exec(*record, stdout=asyncio.subprocess.PIPE)
    assert recorder.stdout is not None
    heard = bytearray(await recorder.stdout.readexactly(8 * 1000))  # it records before anything is played
    player = Player("pulse")
    try:
        await player.play(clip)
    except AudioDeviceMissing as error:
        recorder.terminate()
        await recorder.communicate()
        pytest.skip(f"ALSA's plug-in for PulseAudio is not installed: {error.text}")
    assert player.playing
    while player.playing:
        heard += await recorder.stdout.read(65536)
    heard += await recorder.stdout.readexactly(8 * RATE // 2)  # what is still on its way
    recorder.terminate()
    await recorder.communicate()
    sent = soundfile.read(clip, dtype="float32")[0]
    got = np.frombuffer(bytes(heard[: len(heard) // 8 * 8]), np.float32).reshape(-1, 2)
    start = int(np.flatnonzero(np.abs(got).sum(1) > 0)[0])
    both = got[start : start + len(sent)]
    lead = int(np.flatnonzero(np.abs(sent).sum(1) > 1e-4)[0])
    sent = sent[lead : lead + len(both)]
    assert len(both) == len(sent) + lead
    assert np.corrcoef(both[: len(sent)].ravel(), sent.ravel())[0, 1] > 0.999
