"""Tests `upload_early` under `[privacy]`: `prepare` uploads the clips, so the next remix only has to be submitted."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.engines.base import Engine, Report, Uploaded
from bridge.errors import NetworkDown
from bridge.store.partial_files import DRAFT
from tests.engines.fal_kit import KEY, at
from tests.fakes.fake_engine import CAPABILITIES, FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import eventually

DAY = 86400.0  # seconds after which fal deletes an upload


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(zero_delay=True, key=KEY) as server:
        yield server


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


@asynccontextmanager
async def studio_at(home: Path, engine: Engine, allowed: str = "true", **environ: str) -> AsyncIterator[Studio]:
    async with Studio(home, engine, ACE_BRIDGE_PRIVACY_UPLOAD_EARLY=allowed, **environ) as studio:
        yield studio


async def prepare(studio: Studio, path: Path, *, wait: bool = True, **changes: Any) -> None:
    receipt = await studio.send("prepare", remix_args(path, **changes))
    assert receipt.error is None
    assert receipt.job_id is None
    if wait and studio.early_upload is not None:
        await asyncio.gather(*studio.early_upload._tasks.values())


def uploads(fal: FalServer) -> int:
    return len(fal.seen("put", "upload"))


def drafts(home: Path) -> list[Path]:
    return list(home.glob(f"{DRAFT}*"))


class SlowEngine(FakeEngine):
    """A fake engine that uploads a file only after `go_on` is set."""

    def __init__(self, storage: Path) -> None:
        super().__init__()
        self.storage = storage
        self.go_on = asyncio.Event()

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        self._count("upload", path)
        await self.go_on.wait()
        stored = self.storage / f"{sha256}.flac"
        await asyncio.to_thread(shutil.copyfile, path, stored)
        return Uploaded(stored.as_uri(), self.capabilities.upload_host, None)

    async def uploading(self, count: int = 1) -> None:
        await eventually(lambda: len(self.calls["upload"]) == count)


async def remix_during_upload(studio: Studio, engine: SlowEngine, tone: Path) -> str:
    """Request a remix while its clip is uploaded early; return the job's ID once the job waits for the upload."""
    await prepare(studio, tone, wait=False)
    await engine.uploading()
    job_id = await studio.remix(tone)
    await studio.until(job_id, "uploading")
    return job_id


class TestAtFal:
    async def test_the_clip_is_uploaded_before_the_remix_and_only_once(
        self, home: Path, tone: Path, fal: FalServer
    ) -> None:
        async with at(fal) as engine, studio_at(home, engine) as studio:
            await prepare(studio, tone)
            assert uploads(fal) == 1
            assert not fal.queue.jobs
            assert not studio.registry.jobs()
            assert not drafts(home)
            (uploaded,) = fal.storage.files.values()
            job_id = await studio.remix(tone)
            await studio.until(job_id, "done")
            assert uploads(fal) == 1
            (order,) = fal.seen("submit")
            assert order.json["audio_url"] == uploaded.url

    async def test_a_remix_uploads_again_when_the_early_upload_is_about_to_expire(
        self, home: Path, tone: Path, fal: FalServer
    ) -> None:
        async with at(fal) as engine, studio_at(home, engine) as studio:
            await prepare(studio, tone)
            studio.now += DAY - 60.0
            await studio.until(await studio.remix(tone), "done")
            assert uploads(fal) == 2

    async def test_nothing_is_uploaded_while_the_setting_is_off(self, home: Path, tone: Path, fal: FalServer) -> None:
        async with at(fal) as engine, studio_at(home, engine, allowed="false") as studio:
            await prepare(studio, tone)
            assert studio.early_upload is None
            await studio.until(await studio.remix(tone), "done")
            assert uploads(fal) == 1
            assert fal.seen()[0].call != "submit"

    @pytest.mark.parametrize(
        "limit", [{"ACE_BRIDGE_BUDGET_CONFIRM_ABOVE": "0.0001"}, {"ACE_BRIDGE_BUDGET_DAILY_CAP": "0.0001"}]
    )
    async def test_nothing_is_uploaded_for_a_remix_that_would_wait_for_its_cost(
        self, home: Path, tone: Path, fal: FalServer, limit: dict[str, str]
    ) -> None:
        async with at(fal) as engine, studio_at(home, engine, **limit) as studio:
            await prepare(studio, tone)
            assert not fal.seen()


async def test_nothing_is_rendered_or_uploaded_for_an_engine_on_this_machine(home: Path, tone: Path) -> None:
    async with studio_at(home, FakeEngine(replace(CAPABILITIES, remote=False))) as studio:
        await prepare(studio, tone)
        assert not studio.engine.calls["upload"]
        assert set(studio.workers.ran) == {"warm"}


async def test_a_remix_waits_for_the_upload_that_runs(home: Path, tone: Path) -> None:
    engine = SlowEngine(tone.parent)
    async with studio_at(home, engine) as studio:
        job_id = await remix_during_upload(studio, engine, tone)
        engine.go_on.set()
        await studio.until(job_id, "done")
        assert len(engine.calls["upload"]) == 1


async def test_a_remix_can_be_cancelled_while_it_waits_for_the_upload(home: Path, tone: Path) -> None:
    engine = SlowEngine(tone.parent)
    async with studio_at(home, engine) as studio:
        job_id = await remix_during_upload(studio, engine, tone)
        await studio.send("cancel", {"job_id": job_id})
        await studio.until(job_id, "cancelled")
        assert not engine.calls["submit"]


async def test_a_new_selection_stops_the_upload_of_the_previous_one(home: Path, tone: Path, tmp_path: Path) -> None:
    engine, other = SlowEngine(tone.parent), write_tone(tmp_path / "other.wav", 0.5)
    async with studio_at(home, engine) as studio:
        await prepare(studio, tone, wait=False)
        await engine.uploading()
        await prepare(studio, other, wait=False)
        await engine.uploading(2)
        await eventually(lambda: len(drafts(home)) == 1)
        engine.go_on.set()
        await eventually(lambda: not drafts(home))
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
        assert len(engine.calls["upload"]) == 3, "the stopped upload left nothing that could be used"
        await studio.until(await studio.remix(other), "done")
        assert len(engine.calls["upload"]) == 3


@pytest.mark.parametrize("end", ["bye", "stop"])
async def test_the_upload_stops_with_its_daw_or_the_daemon(home: Path, tone: Path, end: str) -> None:
    engine = SlowEngine(tone.parent)
    async with studio_at(home, engine) as studio:
        await prepare(studio, tone, wait=False)
        await engine.uploading()
        assert studio.early_upload is not None
        if end == "bye":
            await studio.send("bye", {})
        else:
            await studio.early_upload.stop()
        await eventually(lambda: not drafts(home))
        assert not studio.early_upload._tasks


async def test_an_upload_that_fails_is_logged_and_the_remix_uploads(
    home: Path, tone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with studio_at(home, FakeEngine()) as studio:
        studio.engine.faults["upload"].append(NetworkDown("no network"))
        with caplog.at_level(logging.INFO, "bridge.jobs.early_upload"):
            await prepare(studio, tone)
        assert "clips are not uploaded early: network_down no network" in caplog.text
        await studio.until(await studio.remix(tone), "done")
        assert len(studio.engine.calls["upload"]) == 2


async def test_a_start_removes_the_draft_of_a_killed_daemon(home: Path) -> None:
    (home / f"{DRAFT}x" / "jobs").mkdir(parents=True)
    async with studio_at(home, FakeEngine()):
        assert not drafts(home)
