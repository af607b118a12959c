"""Tests that silence is neither sent nor paid for: silent clips, silent segments of long clips, and the exceptions."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.audio.signals import Sound, noise
from tests.fakes.fake_engine import CAPABILITIES, FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, running
from tests.fakes.studio import Studio, remix_args
from tests.system.test_whole_path import cli

RATE = 48_000
SILENCE = np.zeros((RATE, 2), np.float32)
DITHER = noise(RATE, level=10 ** (-90 / 20), bits=16)
LONG = replace(CAPABILITIES, longest=8.0)  # 20 s of sound become three segments


def write(path: Path, sound: Sound, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, sound, RATE, subtype=subtype)
    return path


async def ended(studio: Studio, path: Path, **changes: Any) -> Any:
    """Remix a file and return its variation."""
    job_id = await studio.remix(path, **changes)
    (variation,) = await studio.until(job_id, "done", "failed")
    return variation


async def assert_not_sent(studio: Studio, path: Path, **changes: Any) -> dict[str, str]:
    """Check that a file is refused as silent before anything is sent, and return the error."""
    variation = await ended(studio, path, **changes)
    assert variation.error, variation
    assert variation.error["code"] == "clip_silent"
    assert not studio.engine.calls["upload"]
    assert not studio.engine.calls["submit"]
    assert await studio.spent() == 0
    return dict(variation.error)


@pytest.mark.parametrize(
    ("sound", "subtype"),
    [
        pytest.param(SILENCE, "PCM_24", id="zeros"),
        pytest.param(DITHER, "PCM_16", id="dither"),
        pytest.param(SILENCE + np.float32([0.25, -0.5]), "FLOAT", id="dc"),
        pytest.param(noise(RATE, level=10 ** (-81 / 20)), "PCM_24", id="below the limit"),
    ],
)
async def test_a_silent_clip_is_neither_sent_nor_paid(home: Path, tmp_path: Path, sound: Sound, subtype: str) -> None:
    async with Studio(home) as studio:
        error = await assert_not_sent(studio, write(tmp_path / "clip.wav", sound, subtype))
        assert error["text"] == "The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged."
        assert "--send-silent" in error["hint"]


async def test_a_clip_of_invalid_samples_is_silent_and_says_why(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        error = await assert_not_sent(studio, write(tmp_path / "clip.wav", SILENCE * np.float32("nan")))
        assert f"{2 * RATE} samples of clip.wav are invalid" in error["text"]


async def test_a_quiet_clip_is_sent(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        quiet = noise(RATE, level=10 ** (-78 / 20))
        variation = await ended(studio, write(tmp_path / "clip.wav", quiet, "PCM_24"))
        assert len(studio.engine.calls["submit"]) == 1
        assert variation.error is None or variation.error["code"] != "clip_silent"


async def test_only_the_clip_itself_decides_not_the_music_around_it(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", np.concatenate((noise(RATE), SILENCE, SILENCE, noise(RATE, seed=2))))
    async with Studio(home) as studio:
        clip = {"length": 1.5, "position": 0.0}
        await assert_not_sent(studio, path, clip=clip, source={"offset": 1.25}, daw={"name": "reaper"})


async def test_the_chosen_channel_decides(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", noise(RATE) * np.float32([1, 0]))
    async with Studio(home) as studio:
        await assert_not_sent(studio, path, source={"channels": "right"})
        assert (await ended(studio, path, source={"channels": "left"})).state == "done"


async def test_opposite_channels_cancel_in_a_mono_mix(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.wav", noise(RATE, 1) * np.float32([1, -1]))
    async with Studio(home) as studio:
        await assert_not_sent(studio, path, source={"channels": "downmix"})


@pytest.mark.parametrize("other", [SILENCE, noise(RATE, seed=2)], ids=["all silent", "one sounds"])
async def test_combined_clips_are_silent_only_together(home: Path, tmp_path: Path, other: Sound) -> None:
    paths = write(tmp_path / "one.wav", SILENCE), write(tmp_path / "other.wav", other)
    clips = [
        {"id": path.stem, "position": float(at), "length": 1.0, "source": {"path": str(path)}}
        for at, path in enumerate(paths)
    ]
    async with Studio(home) as studio:
        job_id = await studio.remix(paths[0], clips=clips, placement={"as_one": True})
        (variation,) = await studio.until(job_id, "done", "failed")
        silent = not other.any()
        assert (variation.error is not None and variation.error["code"] == "clip_silent") == silent
        assert len(studio.engine.calls["submit"]) == (not silent)


async def test_one_silent_clip_does_not_stop_the_others(home: Path, tmp_path: Path) -> None:
    paths = write(tmp_path / "silent.wav", SILENCE), write(tmp_path / "sounds.wav", noise(RATE))
    clips = [{"id": path.stem, "source": {"path": str(path)}} for path in paths]
    async with Studio(home) as studio:
        variations = await studio.until(await studio.remix(paths[0], clips=clips), "partial")
        assert [str(one.state) for one in variations] == ["failed", "done"]
        assert len(studio.engine.calls["submit"]) == 1


async def test_no_variation_of_a_silent_clip_is_sent(home: Path, tmp_path: Path) -> None:
    async with Studio(home) as studio:
        path = write(tmp_path / "clip.wav", SILENCE)
        variations = await studio.until(await studio.remix(path, remix={"variations": 3}), "failed")
        assert {one.error and one.error["code"] for one in variations} == {"clip_silent"}
        assert not studio.engine.calls["upload"]


async def test_a_silent_clip_is_not_uploaded_early(home: Path, tmp_path: Path) -> None:
    async with Studio(home, ACE_BRIDGE_PRIVACY_UPLOAD_EARLY="true") as studio:
        for name, sound in (("silent", SILENCE), ("sounds", noise(RATE))):
            await studio.send("prepare", remix_args(write(tmp_path / f"{name}.wav", sound)))
            assert studio.early_upload is not None
            await asyncio.gather(*studio.early_upload._tasks.values())
            assert len(studio.engine.calls["upload"]) == (name == "sounds")


@pytest.mark.parametrize(
    ("setting", "wanted", "sent"),
    [("false", True, True), ("true", None, True), ("true", False, False), ("false", None, False)],
)
async def test_silence_is_sent_if_the_request_or_the_setting_says_so(
    home: Path, tmp_path: Path, setting: str, wanted: bool | None, sent: bool
) -> None:
    async with Studio(home, ACE_BRIDGE_RENDER_SEND_SILENT=setting) as studio:
        path = write(tmp_path / "clip.wav", SILENCE)
        variation = await ended(studio, path, remix={} if wanted is None else {"send_silent": wanted})
        assert len(studio.engine.calls["submit"]) == sent
        assert variation.error
        assert variation.error["code"] == ("result_silent" if sent else "clip_silent")


async def test_an_engine_on_this_machine_does_not_remix_silence_either(home: Path, tmp_path: Path) -> None:
    async with Studio(home, FakeEngine(replace(CAPABILITIES, remote=False, price_per_second=0.0))) as studio:
        await assert_not_sent(studio, write(tmp_path / "clip.wav", SILENCE))


class TestLongClips:
    """20 s in three segments of 8 s, which start at 0, 6 and 12 s; the silent parts vary."""

    @pytest.mark.parametrize(("silent", "segments"), [((6, 14), [0, 2]), ((0, 8), [1, 2]), ((12, 20), [0, 1])])
    async def test_a_silent_segment_stays_silent_and_is_not_paid(
        self, home: Path, tmp_path: Path, silent: tuple[int, int], segments: list[int]
    ) -> None:
        sound = noise(20 * RATE, level=0.2)
        sound[silent[0] * RATE : silent[1] * RATE] = 0
        path = write(tmp_path / "long.wav", sound)
        async with Studio(home, FakeEngine(LONG)) as studio:
            job_id = await studio.remix(path)
            (variation,) = await studio.until(job_id, "done", "failed")
            assert variation.error is None, variation.error
            assert len(studio.engine.calls["upload"]) == len(studio.engine.calls["submit"]) == len(segments)
            job = studio.registry.job(job_id)
            assert sum(job.seconds) == pytest.approx(len(segments) * 8.0)
            assert await studio.spent() == pytest.approx(len(segments) * 8.0 * job.price)
            assert variation.result
            data, rate = soundfile.read(variation.result["path"])
            recipe = json.loads(Path(variation.result["recipe"]).read_bytes())
        assert len(data) == 20 * rate
        assert not np.abs(data[round((silent[0] + 0.5) * rate) : round((silent[1] - 0.5) * rate)]).max()
        assert len(recipe["request_ids"]) == len(segments)
        assert all(recipe["request_ids"])

    async def test_a_silent_segment_is_sent_if_the_request_says_so(self, home: Path, tmp_path: Path) -> None:
        sound = noise(20 * RATE, level=0.2)
        sound[6 * RATE : 14 * RATE] = 0
        async with Studio(home, FakeEngine(LONG)) as studio:
            await ended(studio, write(tmp_path / "long.wav", sound), remix={"send_silent": True})
            assert len(studio.engine.calls["submit"]) == 2  # the fake engine returns the silence, so it ends there


class TestCommandLine:
    """`ace-bridge remix` with the fake fal: the error, the exit status, and the option that sends silence."""

    def test_a_silent_file_is_refused_and_the_option_sends_it(self, home: Path, tmp_path: Path) -> None:
        path = write(tmp_path / "silent.wav", SILENCE)
        with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
            done = cli(home, "remix", str(path), "--tags", "dub", FAL_KEY=KEY)
            assert (done.returncode, done.stdout) == (1, "")
            assert "The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged.\n" in done.stderr
            assert "[clip_silent]\nno remix was made and nothing was charged\n" in done.stderr
            assert not fal.seen()
            cli(home, "remix", str(path), "--tags", "dub", "--send-silent", FAL_KEY=KEY)
            assert len(fal.seen("submit")) == 1

    def test_the_offline_engine_refuses_it_too(self, home: Path, tmp_path: Path) -> None:
        path = write(tmp_path / "silent.wav", SILENCE)
        with running(home):
            done = cli(home, "remix", str(path), "--engine", "offline", "--tags", "dub", "--json")
        assert done.returncode == 1
        (job, end) = [json.loads(line) for line in done.stdout.splitlines()[-2:]]
        assert end["state"] == "failed"
        assert job["variations"][0]["error"]["code"] == "clip_silent"
