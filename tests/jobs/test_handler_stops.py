"""Tests cancelling, the budget and refused messages in the message handler."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from bridge.engines.base import CancelAnswer
from bridge.events import Alert
from bridge.store.database import Database
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.processes import outbox, put
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.system.test_worst_moments import inbox_of
from tests.waiting import PATIENCE, eventually


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


class TestCancel:
    async def test_a_cancel_before_the_submission_stops_at_once(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        engine.finish.clear()
        async with Studio(home, engine) as studio:
            first = await studio.remix(tone, remix={"variations": 2})
            second = await studio.remix(tone)
            await studio.send("cancel", {"job_id": second})
            (one,) = await studio.until(second, "cancelled")
            assert "before it was submitted" in one.message
            engine.finish.set()
            await studio.until(first, "done")
            assert len(engine.calls["submit"]) == 2

    @pytest.mark.parametrize("answer", [CancelAnswer.REMOVED, CancelAnswer.REQUESTED])
    async def test_a_cancel_that_the_model_obeys_says_whether_it_may_be_billed(
        self, home: Path, tone: Path, answer: CancelAnswer
    ) -> None:
        engine = FakeEngine()
        engine.cancel_answer = answer
        engine.finish.clear()
        engine.withdrawn = True
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "running")
            await studio.send("cancel", {"job_id": job_id})
            while not engine.calls["cancel"]:
                await asyncio.sleep(0.01)
            engine.finish.set()
            (one,) = await studio.until(job_id, "cancelled")
            assert one.error is None
            job = studio.registry.job(job_id)
            unbilled = 0.0 if answer is CancelAnswer.REMOVED else job.estimated
            assert one.message == "cancelled; nothing was placed" + ("; it may still be billed" if unbilled else "")
            assert await studio.store(Database.open_bills, job) == await studio.spent() == pytest.approx(unbilled)

    @pytest.mark.parametrize("answer", [CancelAnswer.REQUESTED, CancelAnswer.TOO_LATE])
    async def test_a_result_finished_despite_a_cancel_is_kept_but_not_placed(
        self, home: Path, tone: Path, answer: CancelAnswer
    ) -> None:
        engine = FakeEngine()
        engine.finish.clear()
        engine.cancel_answer = answer
        async with Studio(home, engine) as studio:
            job_id = await studio.remix(tone, daw={"name": "ardour"})
            await studio.until(job_id, "running")
            await studio.send("cancel", {"job_id": job_id})
            while not engine.calls["cancel"]:
                await asyncio.sleep(0.01)
            engine.finish.set()
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            assert one.result["placed"] is False
            assert Path(one.result["path"]).exists()
            assert one.result["path"] in one.message


class TestBudget:
    async def test_a_remix_above_the_cap_waits(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_DAILY_CAP="0.0003") as studio:
            first = await studio.remix(tone)
            await studio.until(first, "done")
            second = await studio.remix(tone, remix={"seed": 9})
            (one,) = await studio.until(second, "waiting")
            while one.reason != "budget":
                await asyncio.sleep(0.01)
                (one,) = studio.registry.variations(second)
            assert len(studio.engine.calls["submit"]) == 1
            studio.now += 86400
            await studio.send("retry", {"job_id": second})
            await studio.until(second, "done")

    async def test_an_expensive_job_waits_for_confirmation(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_CONFIRM_ABOVE="0.0001") as studio:
            job_id = await studio.remix(tone)
            await self.until_it_waits_for_confirmation(studio, job_id)
            alerts = [event for event in studio.events if isinstance(event, Alert)]
            assert [alert.code for alert in alerts] == ["spending_unconfirmed"]
            assert "$0.0002" in alerts[0].text
        async with Studio(home, studio.engine, ACE_BRIDGE_BUDGET_CONFIRM_ABOVE="0.0001") as studio:
            await self.until_it_waits_for_confirmation(studio, job_id)  # a restart does not confirm the cost
            assert studio.engine.calls["upload"] == studio.engine.calls["submit"] == []
            await studio.send("retry", {"job_id": job_id})
            await studio.until(job_id, "done")
            await studio.send("rerun", {"job_id": job_id})  # a confirmation covers only one job
            await self.until_it_waits_for_confirmation(studio, studio.registry.jobs()[-1].id)

    async def test_a_surprising_number_of_remixes_waits_for_confirmation(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_CONFIRM_COUNT="3") as studio:
            await studio.until(await studio.remix(tone, remix={"variations": 3}), "done")
            job_id = await studio.remix(tone, remix={"variations": 4, "seed": 100})
            for one in studio.registry.variations(job_id):
                await eventually(lambda one=one: studio.registry.variation(one.id).reason == "user")  # type: ignore[misc, union-attr]
            assert "4 remixes for about $0.0008, more than 3" in studio.registry.variations(job_id)[0].message
            assert len(studio.engine.calls["submit"]) == 3
            await studio.send("retry", {"job_id": job_id})
            await studio.until(job_id, "done")

    async def test_a_confirmed_job_does_not_wait(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_CONFIRM_ABOVE="0.0001") as studio:
            job_id = await studio.remix(tone, confirmed=True)
            await studio.until(job_id, "done")
            await studio.send("rerun", {"job_id": job_id})
            await self.until_it_waits_for_confirmation(studio, studio.registry.jobs()[-1].id)

    @staticmethod
    async def until_it_waits_for_confirmation(studio: Studio, job_id: str) -> None:
        (one,) = await studio.until(job_id, "waiting")
        while one.reason != "user":
            await asyncio.sleep(0.01)
            (one,) = studio.registry.variations(job_id)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "code", "named"),
        [
            ({"clip": {"length": "long"}}, "bad_request", "clips[0].length"),
            ({"clip": {"length": -1}}, "bad_request", "clips[0].length"),
            ({"source": {"offset": -0.5}}, "bad_request", "clips[0].source.offset"),
            ({"remix": {"number_of_steps": 61}}, "param_invalid", "number_of_steps"),
            ({"remix": {"number_of_steps": 2}}, "param_invalid", "number_of_steps"),
            ({"remix": {"tags": ""}}, "param_invalid", "tags"),
            ({"remix": {"preset": "no-such"}}, "preset_unknown", "no-such"),
            ({"remix": {"variations": 0}}, "bad_request", "remix.variations"),
            ({"project": {"sample_rate": "48k"}}, "bad_request", "project.sample_rate"),
        ],
    )
    async def test_invalid_requests_are_refused_at_once(
        self, home: Path, tone: Path, change: dict[str, object], code: str, named: str
    ) -> None:
        async with Studio(home) as studio:
            taken = await studio.send("remix", remix_args(tone, **change))
            assert taken.job_id is None
            (error,) = studio.document()["errors"]
            assert error["code"] == code
            assert named in error["text"]
            assert not studio.registry.jobs()

    async def test_a_refusal_is_in_the_outbox_before_the_message_is_removed(self, home: Path, tone: Path) -> None:
        """The command line waits for the end of the message's file, and then looks for a refusal."""
        async with Studio(home) as studio:
            await studio.until(await studio.remix(tone), "done")
            slow = threading.Event()
            busy = studio.outbox._disk.submit(slow.wait, PATIENCE)
            message_id = put(home, "retry", {}, instance="cli")
            reading = asyncio.create_task(inbox_of(studio).scan())
            try:
                await eventually(lambda: bool(studio.outbox.content("cli").errors))
                await asyncio.wait([reading], timeout=0.2)  # time in which the message could be removed
                assert (home / "inbox" / f"{message_id}.json").exists()
            finally:
                slow.set()
            await reading
            assert busy.result()
            assert [one["message_id"] for one in outbox(home, "cli")["errors"]] == [message_id]

    async def test_a_refusal_is_repeated_after_a_restart(self, home: Path, tone: Path) -> None:
        bad = remix_args(tone, remix={"number_of_steps": 2})
        async with Studio(home) as studio:
            await studio.send("remix", bad, message_id="m-2")
        async with Studio(home) as studio:
            await studio.send("remix", bad, message_id="m-2")
            assert [one["message_id"] for one in studio.document()["errors"]] == ["m-2"]

    async def test_unknown_keys_are_ignored_and_kept(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone, future={"key": 1}, remix={"sparkle": True})
            await studio.until(job_id, "done")
            assert studio.registry.job(job_id).request["future"] == {"key": 1}

    async def test_a_missing_file_fails_with_its_name_and_costs_nothing(self, home: Path, tmp_path: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tmp_path / "gone.wav")
            (one,) = await studio.until(job_id, "failed")
            assert one.error is not None
            assert one.error["code"] == "source_missing"
            assert "gone.wav" in one.error["text"]
            assert not studio.engine.calls["upload"]


async def test_half_written_files_of_a_finished_job_are_removed(home: Path, tone: Path) -> None:
    """A variation's last file is written after the state, so a killed daemon may leave this file half-written."""
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
    left = home / "jobs" / job_id / "clip-1" / "variation-1" / ".place.json.0123abcd.tmp"
    left.touch()
    async with Studio(home):
        assert not left.exists()
