"""Tests that a clip that plays in mono gets a mono result of the same loudness, and every other clip a stereo one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

from bridge.protocol.job import Variation
from tests.audio.signals import Sound, noise
from tests.engines import fal_kit
from tests.fakes.fake_engine import CAPABILITIES, FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, running
from tests.fakes.studio import Studio, remix_args
from tests.system.test_whole_path import cli

loudness = pytest.importorskip("loudness", reason="loudness has no wheel for this system")

RATE = 48_000
LONG = replace(CAPABILITIES, longest=8.0)  # 20 s of sound become three segments


def write(path: Path, channels: int, seconds: float = 2.0, seed: int = 1) -> Path:
    soundfile.write(path, noise(round(seconds * RATE), channels, seed=seed, level=0.1), RATE, subtype="PCM_24")
    return path


async def remixed(studio: Studio, path: Path, **changes: Any) -> Variation:
    (variation,) = await studio.until(await studio.remix(path, **changes), "done", "failed")
    assert variation.error is None, variation.error
    return variation


def result_of(variation: Variation) -> Sound:
    assert variation.result
    data: Sound = soundfile.read(variation.result["path"], dtype="float32", always_2d=True)[0]
    return data


def level(sound: Sound) -> float:
    """Return the loudness in LUFS on two speakers; a mono file plays on both."""
    return float(loudness.integrated_loudness(sound if sound.shape[1] == 2 else sound.repeat(2, axis=1), RATE))


@pytest.mark.parametrize(
    ("channels", "source", "expected"),
    [
        pytest.param(1, {}, 1, id="mono"),
        pytest.param(1, {"pan": 0.0, "polarity": True}, 1, id="mono in the centre"),
        pytest.param(1, {"pan": -0.25}, 2, id="mono with pan"),
        pytest.param(1, {"channels": "swap"}, 1, id="mono swapped"),
        pytest.param(2, {}, 2, id="stereo"),
        pytest.param(2, {"channels": "swap"}, 2, id="swapped"),
        pytest.param(2, {"channels": "left"}, 1, id="left"),
        pytest.param(2, {"channels": "right"}, 1, id="right"),
        pytest.param(2, {"channels": "downmix"}, 1, id="downmix"),
        pytest.param(6, {}, 2, id="5.1"),
        pytest.param(6, {"channels": "left"}, 1, id="5.1 left"),
        pytest.param(1, {"playrate": 1.1, "preserve_pitch": False}, 1, id="mono, faster"),
        pytest.param(1, {"reverse": True}, 1, id="mono, backwards"),
    ],
)
async def test_the_result_has_the_channels_that_the_clip_plays(
    home: Path, tmp_path: Path, channels: int, source: dict[str, Any], expected: int
) -> None:
    path = write(tmp_path / "clip.wav", channels)
    async with Studio(home) as studio:
        variation = await remixed(studio, path, source=source, clip={"length": 1.5})
        assert variation.result
        result = result_of(variation)
        assert result.shape[1] == expected
        recipe = json.loads(Path(variation.result["recipe"]).read_bytes())
        assert recipe["fit"]["channels"] == expected
        (sent,) = (studio.home / "jobs").rglob("source.flac")
    clip = soundfile.read(sent, dtype="float32", always_2d=True)[0]
    assert level(result) == pytest.approx(level(clip), abs=0.1)


async def test_two_mono_files_are_a_stereo_clip(home: Path, tmp_path: Path) -> None:
    left, right = write(tmp_path / "l.wav", 1), write(tmp_path / "r.wav", 1, seed=2)
    async with Studio(home) as studio:
        assert result_of(await remixed(studio, left, source={"path_right": str(right)})).shape[1] == 2


@pytest.mark.parametrize(("equal", "expected"), [(True, 1), (False, 2)])
async def test_a_clip_that_the_daw_rendered_is_mono_if_its_channels_are_equal(
    home: Path, tmp_path: Path, equal: bool, expected: int
) -> None:
    """Scripts always render two channels. A stereo file whose channels happen to be equal stays stereo."""
    sound = noise(2 * RATE, 2, level=0.1)
    path = tmp_path / "rendered.wav"
    soundfile.write(path, sound[:, [0, 0]] if equal else sound, RATE, subtype="FLOAT")
    async with Studio(home) as studio:
        clip = {"id": "c", "length": 1.5, "rendered": {"path": str(path), "handles": [0.25, 0.25]}}
        rendered = await remixed(studio, path, clips=[clip])
        assert result_of(rendered).shape[1] == expected
        assert result_of(await remixed(studio, path)).shape[1] == 2


@pytest.mark.parametrize(("channels", "expected"), [((1, 1), 1), ((1, 2), 2), ((2, 2), 2)])
async def test_combined_clips_are_mono_if_all_are(
    home: Path, tmp_path: Path, channels: tuple[int, int], expected: int
) -> None:
    paths = [write(tmp_path / f"{place}.wav", count, seed=place) for place, count in enumerate(channels)]
    clips = [
        {"id": path.stem, "position": 1.5 * place, "length": 2.0, "source": {"path": str(path), "fade_in": 0.5}}
        for place, path in enumerate(paths)
    ]
    async with Studio(home) as studio:
        variation = await remixed(studio, paths[0], clips=clips, placement={"as_one": True})
        assert result_of(variation).shape == (round(3.5 * RATE), expected)


@pytest.mark.parametrize("channels", [1, 2])
async def test_the_segments_of_a_long_clip_have_its_channels(home: Path, tmp_path: Path, channels: int) -> None:
    path = write(tmp_path / "long.wav", channels, 20.0)
    async with Studio(home, FakeEngine(LONG)) as studio:
        result = result_of(await remixed(studio, path))
        assert len(studio.engine.calls["submit"]) == 3
    assert result.shape == (20 * RATE, channels)
    source = soundfile.read(path, dtype="float32", always_2d=True)[0]
    assert level(result) == pytest.approx(level(source), abs=0.1)


async def test_every_variation_of_a_mono_clip_is_mono_and_stays_mono_when_nudged(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", 1)
    async with Studio(home) as studio:
        job_id = await studio.remix(path, remix={"variations": 2})
        variations = await studio.until(job_id, "done")
        assert {result_of(one).shape[1] for one in variations} == {1}
        taken = await studio.send("nudge", {"variation_id": variations[0].id, "ms": 15.0})
        assert taken.error is None
        nudged = studio.registry.variations(job_id)[0]
        assert result_of(nudged).shape[1] == 1


async def test_a_mono_clip_that_was_uploaded_early_is_mono(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", 1)
    with FalServer(zero_delay=True, key=fal_kit.KEY) as fal:
        async with fal_kit.at(fal) as engine, Studio(home, engine, ACE_BRIDGE_PRIVACY_UPLOAD_EARLY="true") as studio:
            await studio.send("prepare", remix_args(path))
            assert studio.early_upload is not None
            await asyncio.gather(*studio.early_upload._tasks.values())
            assert result_of(await remixed(studio, path)).shape[1] == 1
            assert len(fal.seen("put", "upload")) == 1


@pytest.mark.parametrize(("mode", "result"), [("normal", "stereo"), ("downmix", "mono")])
async def test_a_job_says_what_becomes_of_many_channels(home: Path, tmp_path: Path, mode: str, result: str) -> None:
    """The warning is there while the job waits for consent, so before it costs anything."""
    path = write(tmp_path / "clip.wav", 6)
    async with Studio(home, ACE_BRIDGE_BUDGET_CONFIRM_ABOVE="0") as studio:
        job_id = await studio.remix(path, source={"channels": mode})
        await studio.until(job_id, "waiting")
        warnings = studio.registry.job(job_id).warnings
        text = f"clip.wav has 6 channels; they are mixed down, so the result is {result}."
        assert {"code": "channels_downmixed", "text": text} in warnings
        assert not studio.engine.calls["submit"]


def test_the_command_line_returns_mono_from_the_offline_engine(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", 1)
    with running(home):
        done = cli(home, "remix", str(path), "--engine", "offline", "--tags", "dub")
    assert done.returncode == 0, done.stderr
    info = soundfile.info(done.stdout.splitlines()[-1])
    assert (info.channels, info.frames) == (1, 2 * RATE)


def test_the_command_line_says_before_it_pays_that_the_result_is_stereo(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "surround.wav", 6)
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        done = cli(home, "remix", str(path), "--tags", "dub", **fal_environment(fal.url))
        assert done.returncode == 0, done.stderr
        first, second, *_ = done.stderr.splitlines()
        assert first == "note: surround.wav has 6 channels; they are mixed down, so the result is stereo."
        assert second.startswith("1 remix by ACE-Step on fal, about $")
        assert soundfile.info(done.stdout.splitlines()[-1]).channels == 2
