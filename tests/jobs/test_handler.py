"""Tests the message handler, the scheduler and the pipeline together, with a fake engine and real signal processing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
import soundfile

from bridge.engines.base import Order, Ticket
from bridge.errors import (
    BridgeError,
    KeyRefused,
    ModelFailed,
    OutageError,
    RequestConflict,
    SubmitUnknown,
    UploadNotFetched,
)
from bridge.protocol.job import State
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, remix_args, write_tone


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


async def test_a_clip_gives_a_remix(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, clip={"position": 1.0, "length": 0.75}, project={"sample_rate": 44100})
        (one,) = await studio.until(job_id, "done")
        assert one.result is not None
        assert one.result["placed"] is True
        info = soundfile.info(one.result["path"])
        assert (info.samplerate, info.frames, info.subtype) == (44100, round(1.75 * 44100) - 44100, "PCM_24")
        assert one.result["samples"] == info.frames
        assert one.result["source_offset"] == 0.0
        recipe = json.loads(Path(one.result["recipe"]).read_bytes())
        assert recipe["seed"] == 7
        assert recipe["recipe"]["params"]["tags"] == "dub, deep bass"
        assert recipe["request_id"] == "fake-1"


async def test_the_outbox_follows_the_contract(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, remix={"variations": 2})
        await studio.until(job_id, "done")
        document = studio.document()
        assert set(document) >= {"protocol", "instance", "updated", "daemon", "jobs", "place"}
        assert document["daemon"]["alive"] is True
        (job,) = document["jobs"]
        assert set(job) >= {"job_id", "message_id", "state", "engine", "cost", "warnings", "variations"}
        assert set(job["cost"]) == {"currency", "estimated", "billed_units", "billed"}
        assert [one["seed"] for one in job["variations"]] == [7, 8]
        assert set(job["variations"][0]) == {
            *("variation_id", "clip_id", "index", "seed", "state", "reason", "stage", "progress", "message"),
            *("queue_position", "result", "error"),
        }
        assert set(job["variations"][0]["result"]) == {
            *("path", "sample_rate", "samples", "source_offset", "offset_ms", "fitted", "gain_db", "recipe", "placed"),
        }


async def test_seeds_wrap_at_32_bits(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, remix={"variations": 2, "seed": 2**32 - 1})
        assert [one.seed for one in await studio.until(job_id, "done")] == [2**32 - 1, 0]


async def test_the_same_message_twice_is_one_job(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        message = {"message_id": "m-1"}
        first = await studio.send("remix", remix_args(tone), **message)
        second = await studio.send("remix", remix_args(tone), **message)
        assert first.job_id == second.job_id is not None
        with pytest.raises(RequestConflict):
            await studio.send("remix", remix_args(tone, remix={"seed": 8}), **message)
        assert [error["code"] for error in studio.document()["errors"]] == ["request_conflict"]
        await studio.until(first.job_id, "done")
        assert len(studio.engine.calls["submit"]) == 1


async def test_a_clip_is_rendered_and_uploaded_once_for_all_variations(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        first = await studio.remix(tone, remix={"variations": 3})
        await studio.until(first, "done")
        second = await studio.remix(tone, remix={"tags": "something else"})
        await studio.until(second, "done")
        assert studio.workers.ran.count("render") == 2
        assert len(studio.engine.calls["upload"]) == 1


async def test_two_slots_run_variations_in_order(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone, remix={"variations": 4})
        while len(engine.calls["follow"]) < 2:
            await asyncio.sleep(0.01)
        states = [one.state for one in studio.registry.variations(job_id)]
        assert states == [State.RUNNING, State.RUNNING, State.WAITING, State.WAITING]
        assert studio.registry.variations(job_id)[3].reason == "slot"
        engine.finish.set()
        await studio.until(job_id, "done")
        seeds = [order.params["seed"] for order in engine.calls["submit"]]  # type: ignore[attr-defined]
        assert (sorted(seeds[:2]), sorted(seeds[2:])) == ([7, 8], [9, 10])


@pytest.mark.parametrize("fault", [KeyRefused(), OutageError(), ModelFailed()])
async def test_retry_submits_a_failed_remix_again(home: Path, tone: Path, fault: BridgeError) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["submit" if not isinstance(fault, ModelFailed) else "follow"].append(fault)
        job_id = await studio.remix(tone)
        (one,) = await studio.until(job_id, "failed")
        assert one.error is not None
        assert one.error["code"] == fault.code
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "done")
        assert len(studio.engine.calls["submit"]) == 2
        assert studio.workers.ran.count("render") == 1


async def test_a_lost_answer_is_unknown_and_only_retry_again_resubmits(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
        refused = await studio.send("retry", {"job_id": job_id})
        assert refused.error is not None
        assert refused.error.code == "confirm_needed"
        assert studio.registry.state(job_id) is State.UNKNOWN
        await studio.send("retry", {"job_id": job_id, "again": True})
        await studio.until(job_id, "done")
        assert len(studio.engine.calls["submit"]) == 2


async def test_an_upload_that_the_model_could_not_read_is_uploaded_again(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["follow"].append(UploadNotFetched())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "failed")
        await studio.send("retry", {"job_id": job_id})
        await studio.until(job_id, "done")
        assert len(studio.engine.calls["upload"]) == 2


async def test_a_restart_follows_submitted_remixes_and_submits_none_twice(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
    engine.finish.set()
    async with Studio(home, engine) as studio:
        await studio.until(job_id, "done")
    assert len(engine.calls["submit"]) == 1
    assert len(engine.calls["follow"]) == 2


async def test_a_crash_during_a_submission_leaves_it_unknown(home: Path, tone: Path) -> None:
    answer = asyncio.Event()

    class Slow(FakeEngine):
        async def submit(self, order: Order) -> Ticket:
            ticket = await super().submit(order)
            await answer.wait()
            return ticket

    engine = Slow()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone)
        while not engine.calls["submit"]:
            await asyncio.sleep(0.01)
        crashed = home.parent / "crashed"
        shutil.copytree(home, crashed)  # the files on disk at this moment
        answer.set()
        await studio.until(job_id, "done")
    async with Studio(crashed) as second:
        await second.until(job_id, "unknown")
        assert not second.engine.calls["submit"]


async def test_rerun_repeats_a_job_as_a_new_one(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        first = await studio.remix(tone, remix={"guidance_scale": 20})
        await studio.until(first, "done")
        again = await studio.send("rerun", {"job_id": first, "remix": {"tags": "house"}})
        assert again.job_id
        await studio.until(again.job_id, "done")
        orders = studio.engine.calls["submit"]
        assert [order.params["seed"] for order in orders] == [7, 7]  # type: ignore[attr-defined]
        assert [order.params["tags"] for order in orders] == ["dub, deep bass", "house"]  # type: ignore[attr-defined]
        assert orders[1].params["guidance_scale"] == 20  # type: ignore[attr-defined]


async def test_results_never_overwrite_and_are_named_after_clip_and_preset(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / ("ünïcode ❤ clip.wav" if os.name == "nt" else "ünïcode ❤ \\ clip.wav"))
    out = tmp_path / "media"
    out.mkdir()
    async with Studio(home) as studio:
        paths = set()
        for _ in range(2):
            job_id = await studio.remix(tone, project={"media_path": str(out)})
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            paths.add(one.result["path"])
        assert len(paths) == 2
        assert sorted(path.suffix for path in out.iterdir()) == [".json", ".json", ".wav", ".wav"]
        assert all(Path(path).name.startswith("ünïcode ❤ clip") for path in paths)


async def test_simultaneous_bills_all_count(home: Path, tone: Path) -> None:
    async with Studio(home, ACE_BRIDGE_SCHEDULER_SLOTS="8") as studio:
        job_id = await studio.remix(tone, remix={"variations": 8})
        await studio.until(job_id, "done")
        job = studio.registry.job(job_id)
        assert job.billed_units == pytest.approx(8.0)  # 1 s per variation
        assert job.billed == pytest.approx(job.estimated)
