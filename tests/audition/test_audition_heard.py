"""Tests audition through a real PulseAudio null sink: a recording of the output is compared with the files played.

The tests need `pulseaudio` and ALSA's plug-in for PulseAudio.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio.ab_player import FADE
from bridge.audition.player import Player, Side
from bridge.errors import AudioDeviceMissing
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.needs("pulseaudio")

RATE = 48000


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow more time for opening a device, because the machine may be busy."""
    monkeypatch.setattr("bridge.audition.player.START_PATIENCE", PATIENCE)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a file with one second of stereo noise."""
    path = tmp_path / "clip.wav"
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (RATE, 2))
    soundfile.write(path, noise, RATE, subtype="PCM_24")
    return path


@pytest.fixture
def heard(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the path of a recording of everything played through a private PulseAudio server that has only a null sink.

    ALSA records the audio before the server gets it, because on a busy machine the server's clock runs ahead of the
    player.
    """
    runtime = tmp_path_factory.mktemp("pulse")
    runtime.chmod(0o700)
    for name in ("XDG_RUNTIME_DIR", "HOME", "PULSE_RUNTIME_PATH"):
        monkeypatch.setenv(name, str(runtime))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{runtime}/native")
    (runtime / ".asoundrc").write_text(
        f'pcm.heard {{ type file slave.pcm "pulse" file "{runtime}/heard" format "raw" }}'
    )
    server = subprocess.Popen(
        [
            "pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no",
            "-L", f"module-native-protocol-unix auth-anonymous=1 socket={runtime}/native",
            "-L", f"module-null-sink sink_name=ace rate={RATE} format=s24le",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: subprocess.run(["pactl", "info"], capture_output=True).returncode == 0)
        yield runtime / "heard"
    finally:
        server.terminate()
        server.wait(PATIENCE)


async def record(file: Path, player: Player, turns: tuple[tuple[float, Any], ...] = ()) -> Any:
    """Wait for the end of playback; return the recorded samples (frames × 2).

    Args:
        file: the recording.
        player: a player that is playing.
        turns: (seconds, command) pairs; each command runs once more than that many seconds have been recorded.
    """
    waiting = list(turns)
    async with asyncio.timeout(PATIENCE):
        while player.playing:
            await asyncio.sleep(0.01)
            begun = first(samples(file)) if waiting else None
            if begun is not None and len(samples(file)) - begun > waiting[0][0] * RATE:
                await waiting.pop(0)[1]()
    assert not waiting
    return samples(file)


def samples(file: Path) -> Any:
    data = file.read_bytes() if file.exists() else b""
    return np.frombuffer(data[: len(data) // 8 * 8], np.float32).reshape(-1, 2)


def first(sound: Any) -> int | None:
    there = np.flatnonzero(np.abs(sound).sum(1) > 1e-4)
    return int(there[0]) if len(there) else None


async def begin(player: Player, sides: tuple[Side, ...], heard: str) -> None:
    try:
        await player.play(sides, heard)
    except AudioDeviceMissing as error:
        pytest.skip(f"ALSA's plug-in for PulseAudio is not installed: {error.text}")


async def test_the_output_plays_the_file(heard: Path, clip: Path) -> None:
    player = Player("heard")
    await begin(player, (Side("result", clip),), "result")
    got = await record(heard, player)
    sent = soundfile.read(clip, dtype="float32")[0]
    lead = first(sent) or 0
    start = first(got)
    assert start is not None
    both = got[start : start + len(sent) - lead]
    assert len(both) == len(sent) - lead
    assert np.corrcoef(both.ravel(), sent[lead:].ravel())[0, 1] > 0.999


async def test_a_switch_between_two_sides_does_not_click(heard: Path, tmp_path: Path) -> None:
    """Both tones are played unchanged, and no step at a switch exceeds the largest that tone and fade can add up to."""
    seconds, pitches = 60, {"source": 220.0, "result": 330.0}
    t = np.arange(seconds * RATE) / RATE
    tones = {name: np.sin(2 * np.pi * pitch * t) for name, pitch in pitches.items()}
    for name, tone in tones.items():
        soundfile.write(tmp_path / f"{name}.wav", 0.4 * tone, RATE, subtype="FLOAT")
    both = tuple(Side(name, tmp_path / f"{name}.wav", 0.0, seconds) for name in tones)
    player = Player("heard")
    await begin(player, both, "source")
    got = (await record(heard, player, ((0.7, player.switch), (1.8, player.switch), (3.0, player.stop))))[:, 0]
    there = np.flatnonzero(np.abs(got) > 1e-4)
    music = got[there[0] : there[-1] + 1]
    assert turns_of(music, tones) == ["source", "result", "source"]
    steepest_tone = 0.4 * 2 * np.pi * pitches["result"] / RATE
    steepest_fade = 0.4 * 2 * np.pi / 2 / round(FADE * RATE)  # a raised-cosine fade between tones of opposite phase
    assert np.abs(np.diff(music[200:-200])).max() < 1.05 * (steepest_tone + steepest_fade)


def turns_of(music: Any, tones: dict[str, Any]) -> list[str]:
    """Return the names of the tones in order, measured every 0.1 s; intervals that contain a switch are ignored."""
    found: list[str] = []
    size = RATE // 10
    for at in range(0, len(music) - size, size):
        part = slice(at, at + size)
        alike = [name for name, tone in tones.items() if np.corrcoef(music[part], tone[part])[0, 1] > 0.98]
        if alike and found[-1:] != alike:
            found += alike
    return found


def test_the_outputs_are_listed(heard: Path) -> None:
    asked = [sys.executable, "-m", "bridge.audition.process", "outputs"]
    word = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    assert {"name": "pulse", "interface": "ALSA"}.items() <= next(
        one for one in word["outputs"] if one["name"] == "pulse"
    ).items()
