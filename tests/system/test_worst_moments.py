"""Tests events at bad moments: cancels during a submission, full disks, messages that break the parser, and more."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from bridge.config.home import prepare_home
from bridge.errors import ModelFailed, RateLimited, ResultGone
from bridge.events import Alert, EventBus, VariationChanged
from bridge.jobs.inbox import Inbox
from bridge.protocol.job import State
from bridge.store.database import Database
from tests.fakes.disks import disk
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import PATIENCE, eventually


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


class TestMoney:
    async def test_a_cancel_just_before_the_submission_prevents_it(self, home: Path, tone: Path) -> None:
        """The steps before a submission cannot be interrupted, so the cancel takes effect after them."""
        async with Studio(home) as studio:
            spend, reached, go_on = studio.budget.spend, asyncio.Event(), asyncio.Event()

            async def slow(variation_id: str, cost: float) -> None:
                await spend(variation_id, cost)
                reached.set()
                await go_on.wait()

            studio.budget.spend = slow  # type: ignore[method-assign]
            job_id = await studio.remix(tone)
            await asyncio.wait_for(reached.wait(), PATIENCE)
            asking = asyncio.create_task(studio.send("cancel", {"job_id": job_id}))
            await eventually(lambda: not studio.scheduler.busy)
            go_on.set()
            await asking
            await studio.until(job_id, "cancelled")
            assert not studio.engine.calls["submit"]
            assert await studio.spent() == 0

    @pytest.mark.parametrize(("method", "refusal"), [("submit", RateLimited()), ("follow", ModelFailed())])
    async def test_a_failed_submission_does_not_use_the_budget(
        self, home: Path, tone: Path, method: str, refusal: ModelFailed | RateLimited
    ) -> None:
        async with Studio(home) as studio:
            studio.engine.faults[method].append(refusal)
            await studio.until(await studio.remix(tone), "failed")
            assert await studio.spent() == 0

    async def test_retry_does_not_submit_an_expired_paid_result_again(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            studio.engine.faults["follow"].extend([ResultGone(), ResultGone()])
            job_id = await studio.remix(tone)
            await studio.until(job_id, "failed")
            await studio.send("retry", {"job_id": job_id})
            await eventually(lambda: len(studio.engine.calls["follow"]) == 2)
            (one,) = await studio.until(job_id, "failed")
            assert len(studio.engine.calls["submit"]) == 1
            assert one.error is not None
            assert "rerun" in one.error["hint"]

    async def test_cancelling_one_variation_during_a_shared_upload_keeps_the_others(
        self, home: Path, tone: Path
    ) -> None:
        engine = FakeEngine()
        upload, go_on = engine.upload, asyncio.Event()

        async def slow(path: Path, sha256: str, report: object) -> object:
            answer = await upload(path, sha256, report)  # type: ignore[arg-type]
            await go_on.wait()
            return answer

        engine.upload = slow  # type: ignore[method-assign, assignment]
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone, remix={"variations": 3})
            await eventually(lambda: bool(engine.calls["upload"]))
            first, *others = studio.registry.variations(job_id)
            await studio.send("cancel", {"job_id": first.id[:12]})  # as `ace-bridge cancel ID` sends it
            go_on.set()
            await studio.until(job_id, "partial")
            states = [one.state for one in studio.registry.variations(job_id)]
            assert states == [State.CANCELLED, State.DONE, State.DONE]
            assert len(engine.calls["submit"]) == len(others)

    async def test_a_variation_enqueued_while_its_run_ends_runs_again(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_DAILY_CAP="0.0001") as studio:

            def hear(event: VariationChanged) -> None:
                if studio.registry.job(event.job_id).id and not studio.engine.calls["submit"]:
                    variation = studio.registry.variation(event.variation_id)
                    if variation is not None and variation.reason == "budget":
                        studio.budget._cap = 5.0
                        studio.scheduler.enqueue(variation.id)

            studio.bus.subscribe(hear, VariationChanged)
            await studio.until(await studio.remix(tone), "done")


class TestFullDisk:
    @pytest.mark.needs("disks")
    async def test_a_full_home_is_reported_and_retry_loses_nothing(self, tone: Path, tmp_path: Path) -> None:
        engine = FakeEngine()
        engine.finish.clear()
        with disk(tmp_path / "small", 4096) as small:
            prepare_home(small.path / "home")
            async with Studio(small.path / "home", engine) as studio:
                job_id = await studio.remix(tone)
                await studio.until(job_id, "running")
                small.fill()
                engine.finish.set()
                (one,) = await studio.until(job_id, "waiting")
                assert one.reason == "disk"
                assert "disk" in one.message
                assert "disk_full" in [event.code for event in studio.events if isinstance(event, Alert)]
                small.free()
                await eventually(lambda: studio.document()["jobs"][0]["state"] == "waiting")  # written by a retry
                await studio.send("retry", {"job_id": job_id})
                await studio.until(job_id, "done")
                assert len(engine.calls["submit"]) == 1

    @pytest.mark.needs("disks")
    async def test_nothing_is_submitted_without_space_for_the_result(self, tone: Path, tmp_path: Path) -> None:
        """A result that cannot be stored would waste money, so the submission waits for disk space."""
        with disk(tmp_path / "small", 8192) as small:
            prepare_home(small.path / "home")
            async with Studio(small.path / "home") as studio:
                (small.path / "large").write_bytes(bytes(shutil.disk_usage(small.path).free - 1_300_000))
                job_id = await studio.remix(tone)
                await eventually(lambda: studio.registry.variations(job_id)[0].reason == "disk")
                (one,) = studio.registry.variations(job_id)
                assert "nothing was submitted" in one.message
                assert not studio.engine.calls["submit"]
                assert await studio.spent() == 0
                (small.path / "large").unlink()
                await studio.send("retry", {"job_id": job_id})
                await studio.until(job_id, "done")

    @pytest.mark.needs("disks")
    async def test_it_resumes_by_itself_once_there_is_space(
        self, tone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bridge.jobs.scheduler.DISK_LOOK", 0.05)
        with disk(tmp_path / "small", 8192) as small:
            prepare_home(small.path / "home")
            async with Studio(small.path / "home") as studio:
                (small.path / "large").write_bytes(bytes(shutil.disk_usage(small.path).free - 1_300_000))
                job_id = await studio.remix(tone)
                await eventually(lambda: studio.registry.variations(job_id)[0].reason == "disk")
                (small.path / "large").unlink()
                await studio.until(job_id, "done")
                assert len(studio.engine.calls["submit"]) == 1

    @pytest.mark.needs("disks")
    async def test_a_variation_waiting_for_space_can_be_cancelled(self, tone: Path, tmp_path: Path) -> None:
        with disk(tmp_path / "small", 8192) as small:
            prepare_home(small.path / "home")
            async with Studio(small.path / "home") as studio:
                (small.path / "large").write_bytes(bytes(shutil.disk_usage(small.path).free - 1_300_000))
                job_id = await studio.remix(tone)
                await eventually(lambda: studio.registry.variations(job_id)[0].reason == "disk")
                await studio.send("cancel", {"job_id": job_id})
                await studio.until(job_id, "cancelled")
                assert not studio.engine.calls["submit"]

    async def test_a_failed_outbox_write_is_retried(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            (home / "outbox").rename(home / "away")
            await studio.until(await studio.remix(tone), "done")
            (home / "away").rename(home / "outbox")
            await eventually(lambda: (home / "outbox" / "test.json").exists())
            assert studio.document()["jobs"][0]["state"] == "done"

    @pytest.mark.needs("disks")
    async def test_a_message_stays_in_the_inbox_until_it_can_be_recorded(self, tone: Path, tmp_path: Path) -> None:
        with disk(tmp_path / "small", 4096) as small:
            home = small.path / "home"
            prepare_home(home)
            async with Studio(home) as studio:
                inbox = inbox_of(studio)
                put(home, "m-1", "remix", remix_args(tone))
                small.fill()
                assert not await inbox.scan()
                assert not await inbox.scan()
                assert (home / "inbox" / "m-1.json").exists()
                assert [event.code for event in studio.events if isinstance(event, Alert)] == ["disk_full"]
                small.free()
                taken = await inbox.scan()
                await studio.until(str(taken["m-1"].job_id), "done")


class TestMessages:
    async def test_a_message_that_breaks_the_parser_does_not_block_others(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            (home / "inbox" / "bomb.json").write_bytes(b"[" * 200_000)
            os.utime(home / "inbox" / "bomb.json", (1, 1))
            put(home, "m-1", "remix", remix_args(tone))
            inbox = inbox_of(studio)
            taken = await inbox.scan()
            await inbox.scan()
            await studio.until(str(taken["m-1"].job_id), "done")
            assert json.loads((home / "inbox/rejected/bomb.json.error").read_bytes())["code"] == "message_unreadable"

    async def test_an_internal_error_rejects_one_message_only(self, home: Path) -> None:
        seen: list[bytes] = []

        async def take(data: bytes) -> object:
            seen.append(data)
            raise LookupError

        inbox = Inbox(
            home / "inbox",
            take,  # type: ignore[arg-type]
            EventBus(),
            native=False,
            poll_interval=1,
            safety_interval=1,
            largest=1000,
        )
        for name in ("a", "b"):
            (home / "inbox" / f"{name}.json").write_text(name)
        await inbox.scan()
        assert seen == [b"a", b"b"]
        assert len(list((home / "inbox/rejected").glob("*.error"))) == 2


class TestInstances:
    async def test_the_outbox_of_a_disconnected_instance_is_removed_after_its_jobs(
        self, home: Path, tone: Path
    ) -> None:
        engine = FakeEngine()
        engine.finish.clear()
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "running")
            await studio.send("bye", {})
            assert studio.document()["jobs"]
            engine.finish.set()
            await studio.until(job_id, "done")
            await eventually(lambda: not (home / "outbox" / "test.json").exists())
            await studio.send("hello", {"daw": {"name": "folder"}})  # the same instance connects again
            await eventually(lambda: (home / "outbox" / "test.json").exists())
            assert [job["job_id"] for job in studio.document()["jobs"]] == [job_id]

    async def test_restarts_do_not_refresh_abandoned_outbox_files(self, home: Path) -> None:
        left = home / "outbox" / "gone.json"
        left.write_text('{"jobs": [{"state": "done"}]}')
        async with Studio(home) as studio:
            week = studio.now - 8 * 86400
            os.utime(left, (week, week))
        async with Studio(home):
            assert not left.exists()


async def test_rerun_works_without_the_recipes_preset(home: Path, tone: Path) -> None:
    preset = home / "presets" / "mine.toml"
    preset.write_text(
        'title = "Mine"\ndescription = "d"\ntags = "dub, tape echo"\nlyrics = "[inst]"\nedit_mode = "remix"\n'
        'family = "dub"\nversion = 1\n\n[parameters]\nguidance_scale = 21.0\n'
    )
    async with Studio(home) as studio:
        args = remix_args(tone)
        args["remix"] = {"preset": "mine", "seed": 3}
        first = await studio.send("remix", args)
        assert first.job_id
        await studio.until(first.job_id, "done")
    preset.unlink()
    async with Studio(home) as studio:
        again = await studio.send("rerun", {"job_id": first.job_id, "remix": {"seed": 4}})
        assert again.job_id, again.error
        await studio.until(again.job_id, "done")
        one, other = studio.registry.job(first.job_id), studio.registry.job(again.job_id)
        assert one.recipe == other.recipe
        assert other.seed == 4


async def test_the_newest_job_is_the_last_one_even_if_the_clock_was_set_back(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        await studio.until(await studio.remix(tone), "done")
        studio.now -= 90 * 86400
        newest = await studio.remix(tone)
        await studio.until(newest, "done")
        assert (await studio.registry.find(None))[0].id == newest
        assert (await studio.store(Database.jobs, 1))[0][0].id == newest


def inbox_of(studio: Studio) -> Inbox:
    return Inbox(
        studio.home / "inbox",
        studio.handler.handle,
        studio.bus,
        native=False,
        poll_interval=1,
        safety_interval=1,
        largest=2**20,
    )


def put(home: Path, message_id: str, command: str, args: object) -> None:
    message = {"protocol": 1, "message_id": message_id, "command": command, "instance": "test", "args": args}
    (home / "inbox" / f"{message_id}.json").write_text(json.dumps(message))
