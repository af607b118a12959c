"""The way of a message through desk, scheduler and pipeline, with a fake engine and real signal work."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import soundfile

from bridge.errors import (
    BridgeError,
    KeyRefused,
    ModelFailed,
    OutageError,
    RequestConflict,
    SubmitUnknown,
    UploadNotFetched,
)
from bridge.job import State
from bridge.model.base import CancelAnswer, Order, Ticket
from bridge.model.fake import FakeEngine
from tests.fakes.studio import Studio, remix_args, write_tone


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


async def test_a_clip_goes_in_and_its_remix_comes_back(home: Path, tone: Path) -> None:
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


async def test_the_outbox_says_what_the_contract_says(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, remix={"variations": 2})
        await studio.until(job_id, "done")
        await asyncio.sleep(0)
        studio.outbox.write("test")
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


async def test_two_at_a_time_and_the_rest_in_order(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(tone, remix={"variations": 4})
        while len(engine.calls["follow"]) < 2:
            await asyncio.sleep(0.01)
        states = [one.state for one in studio.book.variations(job_id)]
        assert states == [State.RUNNING, State.RUNNING, State.WAITING, State.WAITING]
        assert studio.book.variations(job_id)[3].reason == "slot"
        engine.finish.set()
        await studio.until(job_id, "done")
        seeds = [order.params["seed"] for order in engine.calls["submit"]]  # type: ignore[attr-defined]
        assert (sorted(seeds[:2]), sorted(seeds[2:])) == ([7, 8], [9, 10])


@pytest.mark.parametrize("fault", [KeyRefused(), OutageError(), ModelFailed()])
async def test_a_failed_order_can_be_retried_and_is_ordered_again(home: Path, tone: Path, fault: BridgeError) -> None:
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


async def test_a_lost_answer_is_unknown_and_ordered_again_only_when_told(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["submit"].append(SubmitUnknown())
        job_id = await studio.remix(tone)
        await studio.until(job_id, "unknown")
        refused = await studio.send("retry", {"job_id": job_id})
        assert refused.error is not None
        assert refused.error.code == "confirm_needed"
        assert studio.book.state(job_id) is State.UNKNOWN
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


async def test_a_restart_follows_what_was_ordered_and_orders_nothing_twice(home: Path, tone: Path) -> None:
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


async def test_a_crash_with_the_order_on_its_way_is_unknown(home: Path, tone: Path) -> None:
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
        shutil.copytree(home, crashed)  # what the disk holds at this moment
        answer.set()
        await studio.until(job_id, "done")
    async with Studio(crashed) as second:
        await second.until(job_id, "unknown")
        assert not second.engine.calls["submit"]


class TestCancel:
    async def test_before_the_order_it_just_stops(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
        engine.finish.clear()
        async with Studio(home, engine) as studio:
            first = await studio.remix(tone, remix={"variations": 2})
            second = await studio.remix(tone)
            await studio.send("cancel", {"job_id": second})
            (one,) = await studio.until(second, "cancelled")
            assert "before it was ordered" in one.message
            engine.finish.set()
            await studio.until(first, "done")
            assert len(engine.calls["submit"]) == 2

    async def test_a_model_that_obeys_ends_as_cancelled(self, home: Path, tone: Path) -> None:
        engine = FakeEngine()
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

    @pytest.mark.parametrize("answer", [CancelAnswer.REQUESTED, CancelAnswer.TOO_LATE])
    async def test_what_was_finished_all_the_same_is_kept_and_not_placed(
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
    async def test_what_would_go_above_the_cap_waits_and_is_not_ordered(self, home: Path, tone: Path) -> None:
        async with Studio(home, ACE_BRIDGE_BUDGET_DAILY_CAP="0.0003") as studio:
            first = await studio.remix(tone)
            await studio.until(first, "done")
            second = await studio.remix(tone, remix={"seed": 9})
            (one,) = await studio.until(second, "waiting")
            while one.reason != "budget":
                await asyncio.sleep(0.01)
                (one,) = studio.book.variations(second)
            assert len(studio.engine.calls["submit"]) == 1
            studio.now += 86400
            await studio.send("retry", {"job_id": second})
            await studio.until(second, "done")


class TestOffers:
    async def test_a_daw_is_offered_its_result_and_confirms(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            project = {"path": "/songs/one.ardour", "media_path": str(home.parent), "sample_rate": 48000}
            hello = {"daw": {"name": "ardour"}, "project": project}
            await studio.send("hello", hello)
            clip = {"length": 0.4, "source": {"path": str(tone), "offset": 0.3}}
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project=project, clip=clip)
            (one,) = await studio.until(job_id, "placing")
            studio.outbox.write("test")
            assert studio.document()["place"] == [one.id]
            assert one.result is not None
            assert one.result["source_offset"] == pytest.approx(0.28)  # handles in whole steps of 40 ms
            assert soundfile.info(one.result["path"]).frames == round((0.28 + 0.4 + 0.28) * 48000)
            await studio.send("placed", {"variation_id": one.id, "item": "region-9"})
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            assert one.result["placed"] is True
            studio.outbox.write("test")
            assert studio.document()["place"] == []
            await studio.send("hello", hello)
            assert studio.book.variations(job_id)[0].state is State.DONE

    async def test_without_its_daw_it_waits_for_the_next_of_the_same_project(self, home: Path, tone: Path) -> None:
        project = {"path": "/songs/one.ardour", "media_path": str(home.parent)}
        async with Studio(home) as studio:
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project=project)
            await studio.until(job_id, "ready")
            other = {"daw": {"name": "ardour"}, "project": {"path": "/songs/two.ardour"}}
            await studio.send("hello", other, instance="other")
            assert studio.book.state(job_id) is State.READY
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}, "project": project}, instance="later")
            (one,) = await studio.until(job_id, "placing")
            assert one.placed_by == "later"
            studio.outbox.write("later")
            assert studio.document("later")["place"] == [one.id]
            await studio.send("bye", {}, instance="later")
            assert studio.book.state(job_id) is State.READY

    async def test_a_failed_placing_keeps_the_file_and_can_be_retried(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}, "project": {"path": "/s"}})
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project={"media_path": str(home.parent)})
            (one,) = await studio.until(job_id, "placing")
            await studio.send("place_failed", {"variation_id": one.id, "text": "the track is frozen"})
            (one,) = await studio.until(job_id, "failed")
            assert one.error is not None
            assert "the track is frozen" in one.error["text"]
            await studio.send("retry", {"job_id": job_id})
            await studio.until(job_id, "placing")
            assert studio.workers.ran.count("fit") == 1


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
    async def test_wrong_requests_are_refused_at_once(
        self, home: Path, tone: Path, change: dict[str, object], code: str, named: str
    ) -> None:
        async with Studio(home) as studio:
            taken = await studio.send("remix", remix_args(tone, **change))
            assert taken.job_id is None
            (error,) = studio.document()["errors"]
            assert error["code"] == code
            assert named in error["text"]
            assert not studio.book.jobs()

    async def test_a_refusal_is_answered_again_after_a_restart(self, home: Path, tone: Path) -> None:
        bad = remix_args(tone, remix={"number_of_steps": 2})
        async with Studio(home) as studio:
            await studio.send("remix", bad, message_id="m-2")
        async with Studio(home) as studio:
            await studio.send("remix", bad, message_id="m-2")
            studio.outbox.write("test")
            assert [one["message_id"] for one in studio.document()["errors"]] == ["m-2"]

    async def test_unknown_keys_are_ignored_and_kept(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone, future={"key": 1}, remix={"sparkle": True})
            await studio.until(job_id, "done")
            assert studio.book.job(job_id).request["future"] == {"key": 1}

    async def test_a_missing_file_fails_with_its_name_and_costs_nothing(self, home: Path, tmp_path: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tmp_path / "gone.wav")
            (one,) = await studio.until(job_id, "failed")
            assert one.error is not None
            assert one.error["code"] == "source_missing"
            assert "gone.wav" in one.error["text"]
            assert not studio.engine.calls["upload"]


async def test_a_rerun_makes_the_same_again_as_a_new_job(home: Path, tone: Path) -> None:
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
    tone = write_tone(tmp_path / "ünïcode ❤ \\ clip.wav")
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


async def test_bills_that_come_together_are_all_counted(home: Path, tone: Path) -> None:
    async with Studio(home, ACE_BRIDGE_SCHEDULER_SLOTS="8") as studio:
        job_id = await studio.remix(tone, remix={"variations": 8})
        await studio.until(job_id, "done")
        job = studio.book.job(job_id)
        assert job.billed_units == pytest.approx(8.0)  # 1 s each
        assert job.billed == pytest.approx(job.estimated)


class TestWhatTheModelIsTold:
    """Context around short clips, and tags that write themselves."""

    async def test_a_short_clip_is_sent_with_what_is_around_it_and_comes_back_alone(
        self, home: Path, tmp_path: Path
    ) -> None:
        source = write_tone(tmp_path / "long.wav", seconds=12.0)
        async with Studio(home) as studio:
            job_id = await studio.remix(source, source={"offset": 5.0}, clip={"position": 0.0, "length": 2.0})
            (one,) = await studio.until(job_id, "done")
            (order,) = studio.engine.calls["submit"]
            assert isinstance(order, Order)
            assert order.seconds == pytest.approx(8.0)
            assert one.result is not None
            assert soundfile.info(one.result["path"]).duration == pytest.approx(2.0)

    async def test_the_clip_is_described_by_its_names_and_the_song(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            clip = {"track": {"name": "Rhodes"}}
            job_id = await studio.remix(tone, clip=clip, project={"tempo": 105.0}, remix={"tags": "dub"})
            (one,) = await studio.until(job_id, "done")
            (order,) = studio.engine.calls["submit"]
            assert isinstance(order, Order)
            assert order.params["original_tags"].startswith("electric piano, 105 BPM")
            assert order.params["tags"].startswith("dub, 105 BPM")
            assert one.result is not None
            assert json.loads(Path(one.result["recipe"]).read_bytes())["said"]["tags"] == order.params["tags"]

    async def test_what_the_user_says_of_a_clip_is_remembered(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            first = await studio.remix(tone, remix={"original_tags": "my old tape loop"})
            await studio.until(first, "done")
            second = await studio.remix(tone, remix={"seed": 8})
            await studio.until(second, "done")
            told = [order.params["original_tags"] for order in studio.engine.calls["submit"]]  # type: ignore[attr-defined]
            assert told == ["my old tape loop", "my old tape loop"]


class TestNudge:
    async def test_within_handles_the_clip_begins_elsewhere_in_its_file(self, home: Path, tmp_path: Path) -> None:
        source = write_tone(tmp_path / "long.wav", seconds=4.0)
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}, "project": {"name": "song"}})
            job_id = await studio.remix(
                source,
                source={"offset": 1.0},
                clip={"position": 0.0, "length": 2.0},
                daw={"name": "ardour"},
                project={"name": "song", "sample_rate": 48_000},
            )
            (one,) = await studio.until(job_id, "placing")
            assert one.result is not None
            before = one.result
            await studio.send("nudge", {"variation_id": one.id, "ms": 15})
            await studio.send("nudge", {"variation_id": one.id, "ms": -35})
            (after,) = studio.book.variations(job_id)
            assert after.result is not None
            assert after.result["path"] == before["path"]
            assert after.result["source_offset"] == pytest.approx(before["source_offset"] + 0.020)
            assert after.result["nudge_ms"] == -20.0

    async def test_without_handles_a_second_file_is_cut_and_the_first_stays(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone)
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            first = Path(one.result["path"])
            content = first.read_bytes()
            assert (await studio.send("nudge", {"ms": 250})).error is None
            (after,) = studio.book.variations(job_id)
            assert after.result is not None
            second = Path(after.result["path"])
            assert second.name == f"{first.stem} +250 ms.wav"
            assert first.read_bytes() == content
            sound, rate = soundfile.read(second, always_2d=True)
            original, _ = soundfile.read(first, always_2d=True)
            assert len(sound) == len(original)
            assert not sound[: rate // 4].any()

    async def test_what_cannot_be_nudged_is_refused(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone)
            await studio.until(job_id, "done")
            for args, code in (({"ms": 3000}, "bad_request"), ({"variation_id": "nobody", "ms": 1}, "unknown_job")):
                error = (await studio.send("nudge", args)).error
                assert error is not None
                assert error.code == code
            await studio.send("nudge", {"ms": 1500})
            error = (await studio.send("nudge", {"ms": 1500})).error
            assert error is not None
            assert error.code == "not_possible_now"
