"""Tests audition: the output equals the file, a missing device is reported, and no player process is left running."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audition.player import Player, Side
from bridge.audition.process import BLOCK, TAIL, Playing, PlayRequest, open_device
from bridge.errors import AudioDeviceMissing, NotPossibleNow, SourceMissing, SourceUnreadable, Unexpected
from tests.waiting import PATIENCE, eventually

RATE = 48000


class FakeStream:
    """A fake output stream that records blocks; `turns` maps a block's number to a command to run after it."""

    latency = 0.01

    def __init__(self) -> None:
        self.blocks: list[np.ndarray[Any, Any]] = []
        self.ends: list[str] = []
        self.turns: dict[int, Any] = {}

    def write(self, data: Any) -> None:
        self.blocks.append(np.array(data))
        if turn := self.turns.pop(len(self.blocks), None):
            turn()

    def stop(self) -> None:
        self.ends.append("stop")

    def close(self) -> None:
        self.ends.append("close")

    @property
    def heard(self) -> np.ndarray[Any, Any]:
        return np.concatenate(self.blocks)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a file with one second of stereo noise."""
    path = tmp_path / "Küche ☂ -clip.wav"
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (RATE, 2))
    soundfile.write(path, noise, RATE, subtype="PCM_24")
    return path


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow more time for a player process to start and to end, because the machine may be busy."""
    monkeypatch.setattr("bridge.audition.player.START_PATIENCE", PATIENCE)
    monkeypatch.setattr("bridge.audition.player.STOP_PATIENCE", PATIENCE)


def alone(path: Path) -> tuple[Side, ...]:
    return (Side("result", path),)


def order(*sides: Side, heard: int = 0, loop: bool = False) -> PlayRequest:
    return PlayRequest([side.to_wire() for side in sides], heard, loop, "default")


def said(child: str, tmp_path: Path) -> tuple[str, ...]:
    """Return a command that runs the given code in place of the player process."""
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

    Playing(order(*alone(clip))).run(start, lambda: started.append(True))
    assert opened == [(RATE, 2)]
    assert started == [True]
    expected, _ = soundfile.read(clip, dtype="float32")
    np.testing.assert_array_equal(stream.heard[: len(expected)], expected)
    assert len(stream.heard) == len(expected) + int((FakeStream.latency + TAIL) * RATE)
    assert not stream.heard[len(expected) :].any()
    assert stream.ends == ["stop", "close"]


def test_a_span_is_resampled_and_levelled_in_sync_with_the_result(tmp_path: Path) -> None:
    """The source has a rate of 44.1 kHz and a handle; it is aligned with the result to within one frame."""
    t = np.arange(2 * 44_100) / 44_100
    soundfile.write(tmp_path / "source.wav", 0.4 * np.sin(2 * np.pi * 100 * (t - 0.5)), 44_100, subtype="FLOAT")
    t = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "result.wav", np.zeros((RATE, 2)), RATE, subtype="FLOAT")
    source = Side("source", tmp_path / "source.wav", 0.5, 1.0, -6.0)
    stream = FakeStream()
    playing = Playing(order(source, Side("result", tmp_path / "result.wav", 0.0, 1.0), heard=1))
    stream.turns[4] = lambda: playing.turn('{"heard": 0}')
    playing.run(lambda rate, channels: stream, lambda: None)
    assert not stream.heard[: 4 * BLOCK].any()
    after = slice(5 * BLOCK, RATE - 1000)
    expected = 10 ** (-6 / 20) * 0.4 * np.sin(2 * np.pi * 100 * t)
    np.testing.assert_allclose(stream.heard[after, 0], expected[after], atol=2e-4)
    np.testing.assert_array_equal(stream.heard[:, 0], stream.heard[:, 1])


def test_invalid_commands_change_nothing(clip: Path) -> None:
    stream = FakeStream()
    playing = Playing(order(*alone(clip)))
    for word in ("", "x", "[]", "7", '{"heard": 5}', '{"heard": []}', '{"loop": "yes"}'):
        playing.turn(word)
        stream.turns[len(stream.turns) + 1] = lambda word=word: playing.turn(word)  # type: ignore[misc]
    playing.run(lambda rate, channels: stream, lambda: None)
    expected, _ = soundfile.read(clip, dtype="float32")
    np.testing.assert_array_equal(stream.heard[: len(expected)], expected)


@pytest.mark.parametrize(("content", "error"), [(None, SourceMissing), (b"not audio at all", SourceUnreadable)])
def test_an_unplayable_file_is_reported(tmp_path: Path, content: bytes | None, error: type[Exception]) -> None:
    path = tmp_path / "x.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=r"x\.wav"):
        Playing(order(*alone(path))).run(lambda rate, channels: FakeStream(), lambda: None)


def test_missing_portaudio_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        """An import hook that raises the same error as importing `sounddevice` without PortAudio."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(AudioDeviceMissing, match="PortAudio library not found"):
        open_device("default")


@pytest.mark.needs("pulseaudio")
async def test_a_missing_device_is_reported(clip: Path) -> None:
    player = Player("no device has this name")
    with pytest.raises(AudioDeviceMissing, match="no device has this name"):
        await player.play(alone(clip), "result")
    assert not player.playing


async def test_a_missing_file_comes_back_as_its_error(tmp_path: Path) -> None:
    player = Player()
    with pytest.raises((SourceMissing, AudioDeviceMissing)):  # AudioDeviceMissing if PortAudio is not installed
        await player.play(alone(tmp_path / "gone.wav"), "result")
    assert not player.playing


async def test_stop_ends_the_child(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said(PLAYING, tmp_path))
    assert not player.playing
    await player.play(alone(clip), "result")
    assert player.playing
    child = player._child
    await player.stop()
    assert not player.playing
    assert child is not None
    assert child.process.returncode == 0
    await player.stop()


async def test_another_clip_replaces_the_first(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said(PLAYING, tmp_path))
    await player.play(alone(clip), "result")
    first = player._child
    other = (Side("result", clip, 0.5),)
    await asyncio.gather(player.play(alone(clip), "result"), player.play(other, "result"))
    assert first is not None
    assert first.process.returncode == 0
    assert player.playing
    await player.stop()


LISTENING = """
import json, sys
with open(sys.argv[1], "w") as out:
    print(json.dumps({"playing": True}), flush=True)
    for line in sys.stdin:
        out.write(line)
        out.flush()
"""


async def test_commands_change_playback_and_are_reported(tmp_path: Path, clip: Path) -> None:
    script, heard = tmp_path / "turned.jsonl", []
    command = (*said(LISTENING, tmp_path), str(script))
    player = Player(command=command, tell=heard.append)
    with pytest.raises(NotPossibleNow, match="Nothing is playing"):
        await player.switch()
    assert await player.set_loop(None) is True  # applies to the next clip
    both = (Side("source", clip), Side("result", clip, 0.1))
    await player.play(both, "result")
    child = player._child
    await player.play(both, "result")
    await player.switch()
    await player.play(both, "result")
    await player.play(both, "source")
    assert await player.set_loop(None) is False
    assert player._child is child, "it plays on at the same place"
    assert player.heard == "source"
    await eventually(lambda: script.read_text().count("\n") == 4)
    turned = [json.loads(line) for line in script.read_text().splitlines()]
    assert turned == [{"heard": 0}, {"heard": 1}, {"heard": 0}, {"loop": False}]
    await player.stop()
    assert heard == ["result", "source", "result", "source", ""]
    await player.play(alone(clip), "result")
    with pytest.raises(NotPossibleNow, match="Only the result"):
        await player.switch()
    await player.stop()


async def test_playing_is_false_after_the_end(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said("print('{\"playing\": true}', flush=True)\n", tmp_path))
    await player.play(alone(clip), "result")
    await eventually(lambda: not player.playing)
    await player.stop()


async def test_an_unresponsive_child_is_killed(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.audition.player.STOP_PATIENCE", 0.05)
    player = Player(command=said("import time\nprint('{\"playing\": true}', flush=True)\ntime.sleep(100)\n", tmp_path))
    await player.play(alone(clip), "result")
    child = player._child
    await player.stop()
    assert child is not None
    assert child.process.returncode not in (0, None)


async def test_a_child_that_cannot_be_killed_does_not_block(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.audition.player.STOP_PATIENCE", 0.05)
    monkeypatch.setattr("bridge.util.child_process.KILL_SECONDS", 0.05)
    heard: list[str] = []
    deaf = "import time\nprint('{\"playing\": true}', flush=True)\ntime.sleep(1000)\n"
    player = Player(command=said(deaf, tmp_path), tell=heard.append)
    await player.play(alone(clip), "result")
    child = player._child
    assert child is not None
    with monkeypatch.context() as patched:
        patched.setattr(child.process, "kill", lambda: None)
        async with asyncio.timeout(PATIENCE):
            await player.stop()
    assert child.alive
    assert heard == ["result", ""]
    await child.kill()


async def test_a_device_that_hangs_times_out(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.audition.player.START_PATIENCE", 0.05)
    player = Player(command=said("import sys\nsys.stdin.read()\n", tmp_path))
    with pytest.raises(AudioDeviceMissing, match="did not open within"):
        await player.play(alone(clip), "result")
    assert not player.playing


async def test_a_stray_line_of_a_library_is_ignored(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said("print('ALSA lib: a warning', flush=True)\n" + PLAYING, tmp_path))
    await player.play(alone(clip), "result")
    assert player.playing
    await player.stop()


def test_what_a_library_prints_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("print('a warning')\nraise OSError('no PortAudio')\n")
    done = subprocess.run(
        [sys.executable, "-m", "bridge.audition.process", "outputs"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "error" in json.loads(done.stdout)
    assert "a warning" in done.stderr


async def test_a_child_that_dies_is_reported(tmp_path: Path, clip: Path) -> None:
    player = Player(command=said("raise SystemExit(3)\n", tmp_path))
    with pytest.raises(Unexpected, match="ended without giving a reason"):
        await player.play(alone(clip), "result")


async def test_the_child_gets_no_key(tmp_path: Path, clip: Path) -> None:
    seen = tmp_path / "environment.json"
    child = f"import json, os\njson.dump(dict(os.environ), open({str(seen)!r}, 'w'))\n" + PLAYING
    player = Player(command=said(child, tmp_path), environ={**os.environ, "FAL_KEY": "id:secret", "OTHER": "1"})
    await player.play(alone(clip), "result")
    await player.stop()
    environment = json.loads(seen.read_text())
    assert "FAL_KEY" not in environment
    assert environment["OTHER"] == "1"


def test_neither_numpy_nor_portaudio_loads_with_the_player() -> None:
    heavy = {"numpy", "sounddevice", "soundfile"}
    code = f"import bridge.audition.sides, bridge.audition.player, sys; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
