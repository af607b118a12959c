"""Audition, as it is heard: played through a real PulseAudio null sink and compared with what its monitor records.

Needs `pulseaudio` and ALSA's plug-in for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio.deck import FADE
from bridge.errors import AudioDeviceMissing
from bridge.preview import Player, Side

RATE = 48000


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """One second of stereo noise."""
    path = tmp_path / "clip.wav"
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (RATE, 2))
    soundfile.write(path, noise, RATE, subtype="PCM_24")
    return path


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


@contextlib.asynccontextmanager
async def recorder() -> AsyncIterator[asyncio.StreamReader]:
    """Record the null sink's monitor; it runs before anything is played."""
    record = ["--device=ace.monitor", "--latency-msec=500", "--format=float32le", f"--rate={RATE}", "--channels=2"]
    process = await asyncio.create_subprocess_exec("parec", *record, "--raw", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.communicate()


async def record(stream: asyncio.StreamReader, player: Player, turns: tuple[tuple[float, Any], ...] = ()) -> Any:
    """Return what is heard (frames × 2) until the player is silent; `turns` are done after so many seconds of it."""
    heard, waiting = bytearray(), list(turns)
    while player.playing:
        heard += await stream.read(65536)
        if waiting and first(samples(heard)) is not None:
            begun = first(samples(heard))
            if len(heard) / 8 / RATE - begun / RATE > waiting[0][0]:
                await waiting.pop(0)[1]()
    heard += await stream.readexactly(8 * RATE // 2)  # what is still on its way
    assert not waiting
    return samples(heard)


def samples(data: bytearray) -> Any:
    return np.frombuffer(bytes(data[: len(data) // 8 * 8]), np.float32).reshape(-1, 2)


def first(sound: Any) -> int | None:
    there = np.flatnonzero(np.abs(sound).sum(1) > 1e-4)
    return int(there[0]) if len(there) else None


async def begin(player: Player, sides: tuple[Side, ...], heard: str) -> None:
    try:
        await player.play(sides, heard)
    except AudioDeviceMissing as error:
        pytest.skip(f"ALSA's plug-in for PulseAudio is not installed: {error.text}")


async def test_the_output_plays_the_file(null_sink: None, clip: Path) -> None:
    player = Player("pulse")
    async with recorder() as stream:
        await stream.readexactly(8 * 1000)
        await begin(player, (Side("result", clip),), "result")
        got = await record(stream, player)
    sent = soundfile.read(clip, dtype="float32")[0]
    lead = first(sent) or 0
    start = first(got)
    assert start is not None
    both = got[start : start + len(sent) - lead]
    assert len(both) == len(sent) - lead
    assert np.corrcoef(both.ravel(), sent[lead:].ravel())[0, 1] > 0.999


async def test_a_switch_between_two_sides_does_not_click(null_sink: None, tmp_path: Path) -> None:
    """Two tones: each is heard as it is, and where they change hands nothing is steeper than tone and fade together."""
    seconds, pitches = 4, {"source": 220.0, "result": 330.0}
    t = np.arange(seconds * RATE) / RATE
    tones = {name: np.sin(2 * np.pi * pitch * t) for name, pitch in pitches.items()}
    for name, tone in tones.items():
        soundfile.write(tmp_path / f"{name}.wav", 0.4 * tone, RATE, subtype="FLOAT")
    both = tuple(Side(name, tmp_path / f"{name}.wav", 0.0, seconds) for name in tones)
    player = Player("pulse")
    async with recorder() as stream:
        await stream.readexactly(8 * 1000)
        await begin(player, both, "source")
        got = (await record(stream, player, ((0.7, player.switch), (1.8, player.switch))))[:, 0]
    begun = first(got[:, None])
    assert begun is not None
    music = got[begun : begun + seconds * RATE]
    assert turns_of(music, tones) == ["source", "result", "source"]
    steepest_tone = 0.4 * 2 * np.pi * pitches["result"] / RATE
    steepest_fade = 0.4 * 2 * np.pi / 2 / round(FADE * RATE)  # a raised cosine over tones that are out of phase
    assert np.abs(np.diff(music[200:-200])).max() < 1.05 * (steepest_tone + steepest_fade)


def turns_of(music: Any, tones: dict[str, Any]) -> list[str]:
    """Return which tone is heard, one after the other, by windows of 0.1 s; those with a switch in them have none."""
    found: list[str] = []
    size = RATE // 10
    for at in range(0, len(music) - size, size):
        part = slice(at, at + size)
        alike = [name for name, tone in tones.items() if np.corrcoef(music[part], tone[part])[0, 1] > 0.98]
        if alike and found[-1:] != alike:
            found += alike
    return found


def test_the_outputs_are_listed(null_sink: None) -> None:
    asked = [sys.executable, "-m", "bridge.playback", "outputs"]
    word = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    assert {"name": "pulse", "interface": "ALSA"}.items() <= next(
        one for one in word["outputs"] if one["name"] == "pulse"
    ).items()
