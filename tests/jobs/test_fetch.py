"""Tests that a paid result is downloaded again, at no cost, until its file can be used, and is never bought again."""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.engines.base import Output, Report
from bridge.errors import ResultError, ResultNotAudio, ResultTruncated, all_errors
from bridge.jobs.stages.fetch import OF_THE_MODEL, PAUSES
from bridge.protocol.job import Variation
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.fal_audio import wav
from tests.fakes.studio import InlineWorkers, Studio, write_tone

GOOD = b""  # stands for the clip itself, which FakeEngine returns


def noise(seconds: float) -> bytes:
    return wav(np.random.default_rng(1).uniform(-0.3, 0.3, (round(48_000 * seconds), 2)).astype(np.float32))


BROKEN = {
    "three bytes": b"RIF",
    "nothing": None,
    "page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "text": b"Service Unavailable",
    "half of the file": noise(1.0)[: 48_000 * 4],
    "half of the length": noise(0.5),
    "too long": noise(20.0),
}


class Sending(FakeEngine):
    """An engine that sends the given files, one per download, and then the clip."""

    def __init__(self, *files: bytes | None) -> None:
        super().__init__()
        self.files = deque(files)

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        content = self.files.popleft() if self.files else GOOD
        if content == GOOD:
            await super().fetch(output, into, report)
        else:
            self._count("fetch", output)
            await asyncio.to_thread(into.write_bytes, content or b"")


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.jobs.stages.fetch.PAUSES", (0.0,) * len(PAUSES))


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav", 1.0)


def raw(home: Path, name: str = "raw.audio") -> Path:
    (job,) = (home / "jobs").iterdir()
    return job / "clip-1" / "variation-1" / name


async def ended(studio: Studio, job_id: str, state: str) -> Variation:
    (one,) = await studio.until(job_id, "done", "failed")
    assert one.state == state, one
    return one


def test_there_are_three_downloads_and_each_waits_longer() -> None:
    assert len(PAUSES) == 2
    assert 0 < PAUSES[0] < PAUSES[1]


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_a_download_that_cannot_be_used_is_repeated(home: Path, tone: Path, content: bytes | None) -> None:
    engine = Sending(content, content)
    async with Studio(home, engine) as studio:
        await ended(studio, await studio.remix(tone), "done")
    assert (len(engine.calls["fetch"]), len(engine.calls["submit"])) == (3, 1)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_retry_downloads_again_and_the_error_does_not_suggest_to_pay(
    home: Path, tone: Path, content: bytes | None
) -> None:
    engine = Sending(*[content] * 3)
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        one = await ended(studio, job_id, "failed")
        assert one.error is not None
        assert "`ace-bridge retry` downloads it again at no cost" in one.error["hint"]
        assert one.error["text"].startswith("The result arrived unusable 3 times. ")
        assert "rerun" not in one.error["hint"] + one.error["text"]
        assert not raw(home).exists()
        assert raw(home, "raw.broken").read_bytes() == (content or b"")
        await studio.send("retry", {"job_id": job_id})
        await ended(studio, job_id, "done")
    assert (len(engine.calls["fetch"]), len(engine.calls["submit"])) == (4, 1)


async def test_an_unusable_file_of_an_earlier_run_is_not_used_again(home: Path, tone: Path) -> None:
    engine = Sending()
    engine.faults["fetch"].extend([ResultTruncated()] * 3)
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await ended(studio, job_id, "failed")
        raw(home).write_bytes(b"RIF")
        await studio.send("retry", {"job_id": job_id})
        await ended(studio, job_id, "done")
    assert raw(home, "raw.broken").read_bytes() == b"RIF"
    assert (len(engine.calls["fetch"]), len(engine.calls["submit"])) == (4, 1)


@pytest.mark.parametrize("value", [0.0, np.nan], ids=["silence", "NaN"])
async def test_a_complete_file_with_unusable_audio_is_not_downloaded_again(
    home: Path, tone: Path, value: float
) -> None:
    engine = Sending(wav(np.full((48_000, 2), value, np.float32)))
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        for _ in range(2):
            one = await ended(studio, job_id, "failed")
            assert one.error is not None
            assert "complete" in one.error["hint"]
            await studio.send("retry", {"job_id": job_id})
    assert (len(engine.calls["fetch"]), len(engine.calls["submit"])) == (1, 1)
    assert raw(home).exists()


def test_only_errors_of_a_complete_file_suggest_to_pay() -> None:
    suggesting = {cls for cls in all_errors() if issubclass(cls, ResultError) and "rerun" in cls.hint}
    assert suggesting == set(OF_THE_MODEL)


async def test_a_web_page_does_not_replace_the_bytes_downloaded_so_far(home: Path, tone: Path) -> None:
    engine = Sending()
    engine.faults["fetch"].append(ResultNotAudio())

    async def fetch(output: Output, into: Path, report: Report) -> None:
        if engine.faults["fetch"]:
            into.write_bytes(b"half")
        else:
            assert into.read_bytes() == b"half"
        await Sending.fetch(engine, output, into, report)

    engine.fetch = fetch  # type: ignore[method-assign]
    async with Studio(home, engine) as studio:
        await ended(studio, await studio.remix(tone), "done")
    assert not raw(home, "raw.broken").exists()


async def test_a_large_unusable_file_is_deleted(home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.jobs.stages.fetch.LARGEST_BROKEN", 10)
    engine = Sending(b"RIF", b"<html>" * 2, b"<html>" * 2)
    async with Studio(home, engine) as studio:
        await ended(studio, await studio.remix(tone), "failed")
    assert raw(home, "raw.broken").read_bytes() == b"RIF"
    assert not raw(home, "raw.part").exists()


class Damaging(InlineWorkers):
    """Workers before whose first `fit` task a disk error damages the downloaded result."""

    async def run(self, task: str, args: Mapping[str, Any], progress: Any = None) -> dict[str, Any]:
        if task == "fit" and "fit" not in self.ran:
            shutil.copyfile(__file__, args["raw"])
        return await super().run(task, args, progress)


async def test_a_result_that_was_damaged_on_the_disk_is_downloaded_again(home: Path, tone: Path) -> None:
    engine = Sending()
    async with Studio(home, engine, Damaging()) as studio:
        job_id = await studio.remix(tone)
        one = await ended(studio, job_id, "failed")
        assert one.error is not None
        assert one.error["code"] == "result_not_audio"
        await studio.send("retry", {"job_id": job_id})
        await ended(studio, job_id, "done")
    assert (len(engine.calls["fetch"]), len(engine.calls["submit"])) == (2, 1)
