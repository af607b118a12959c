"""Tests the message handler with DAWs: offers, tags for the model, nudges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from bridge.engines.base import Order
from bridge.protocol.job import State
from tests.fakes.studio import Studio, write_tone


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


class TestOffers:
    async def test_a_daw_is_offered_its_result_and_confirms(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            project = {"path": "/songs/one.ardour", "media_path": str(home.parent), "sample_rate": 48000}
            hello = {"daw": {"name": "ardour"}, "project": project}
            await studio.send("hello", hello)
            clip = {"length": 0.4, "source": {"path": str(tone), "offset": 0.3}}
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project=project, clip=clip)
            (one,) = await studio.until(job_id, "placing")
            assert studio.document()["place"] == [one.id]
            assert one.result is not None
            assert one.result["source_offset"] == pytest.approx(0.28)  # handles are rounded to steps of 40 ms
            assert soundfile.info(one.result["path"]).frames == round((0.28 + 0.4 + 0.28) * 48000)
            await studio.send("placed", {"variation_id": one.id, "item": "region-9"})
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            assert one.result["placed"] is True
            assert studio.document()["place"] == []
            await studio.send("hello", hello)
            assert studio.registry.variations(job_id)[0].state is State.DONE

    async def test_a_result_waits_for_the_next_daw_with_its_project(self, home: Path, tone: Path) -> None:
        project = {"path": "/songs/one.ardour", "media_path": str(home.parent)}
        async with Studio(home) as studio:
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project=project)
            await studio.until(job_id, "ready")
            other = {"daw": {"name": "ardour"}, "project": {"path": "/songs/two.ardour"}}
            await studio.send("hello", other, instance="other")
            assert studio.registry.state(job_id) is State.READY
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}, "project": project}, instance="later")
            (one,) = await studio.until(job_id, "placing")
            assert one.placed_by == "later"
            assert studio.document("later")["place"] == [one.id]
            await studio.send("bye", {}, instance="later")
            assert studio.registry.state(job_id) is State.READY

    async def test_unplaced_results_go_to_another_daw_with_the_project(self, home: Path, tone: Path) -> None:
        project = {"path": "/songs/one.ardour", "media_path": str(home.parent)}
        hello = {"daw": {"name": "ardour"}, "project": project}
        async with Studio(home) as studio:
            await studio.send("hello", hello, instance="one")
            await studio.send("hello", hello, instance="two")
            job_id = await studio.remix(tone, daw={"name": "ardour"}, project=project)
            (one,) = await studio.until(job_id, "placing")
            assert one.placed_by == "two"
            await studio.send("bye", {}, instance="two")
            (one,) = await studio.until(job_id, "placing")
            assert one.placed_by == "one"

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


class TestWhatTheModelIsTold:
    """Tests what the model gets besides the clip: the context around short clips, and automatic tags."""

    async def test_a_short_clip_is_sent_with_context_and_returned_without(self, home: Path, tmp_path: Path) -> None:
        source = write_tone(tmp_path / "long.wav", seconds=12.0)
        async with Studio(home) as studio:
            job_id = await studio.remix(source, source={"offset": 5.0}, clip={"position": 0.0, "length": 2.0})
            (one,) = await studio.until(job_id, "done")
            (order,) = studio.engine.calls["submit"]
            assert isinstance(order, Order)
            assert order.seconds == pytest.approx(8.0)
            assert one.result is not None
            assert soundfile.info(one.result["path"]).duration == pytest.approx(2.0)

    async def test_tags_describe_the_clip_by_names_tempo_and_key(self, home: Path, tone: Path) -> None:
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

    async def test_the_users_tags_for_a_clip_are_remembered(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            first = await studio.remix(tone, remix={"original_tags": "my old tape loop"})
            await studio.until(first, "done")
            second = await studio.remix(tone, remix={"seed": 8})
            await studio.until(second, "done")
            told = [order.params["original_tags"] for order in studio.engine.calls["submit"]]  # type: ignore[attr-defined]
            assert told == ["my old tape loop", "my old tape loop"]


class TestNudge:
    async def test_a_nudge_within_the_handles_moves_the_start_in_the_file(self, home: Path, tmp_path: Path) -> None:
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
            (after,) = studio.registry.variations(job_id)
            assert after.result is not None
            assert after.result["path"] == before["path"]
            assert after.result["source_offset"] == pytest.approx(before["source_offset"] + 0.020)
            assert after.result["nudge_ms"] == -20.0

    async def test_a_nudge_without_handles_cuts_a_second_file(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            job_id = await studio.remix(tone)
            (one,) = await studio.until(job_id, "done")
            assert one.result is not None
            first = Path(one.result["path"])
            content = first.read_bytes()
            assert (await studio.send("nudge", {"ms": 250})).error is None
            (after,) = studio.registry.variations(job_id)
            assert after.result is not None
            second = Path(after.result["path"])
            assert second.name == f"{first.stem} +250 ms.wav"
            assert first.read_bytes() == content
            sound, rate = soundfile.read(second, always_2d=True)
            original, _ = soundfile.read(first, always_2d=True)
            assert len(sound) == len(original)
            assert not sound[: rate // 4].any()

    async def test_impossible_nudges_are_refused(self, home: Path, tone: Path) -> None:
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
