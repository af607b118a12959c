"""Tests how the daemon executes commands from surfaces, with the real message handler."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from bridge.audition.player import Player, Side
from bridge.control.api import ClipAsk
from bridge.control.service import BridgeService
from bridge.errors import DawMissing, NotPossibleNow, PresetUnknown, UnknownJob
from bridge.jobs.inbox import Inbox, Receipt
from bridge.midi.service import MidiService
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.processes import put
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import eventually


class NotingPlayer(Player):
    """A player that only records its method calls."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[tuple[str, ...]] = []
        self.laid_on: list[tuple[Side, ...]] = []
        self.is_playing = False

    @property
    def playing(self) -> bool:
        return self.is_playing

    async def play(self, sides: Sequence[Side], heard: str) -> None:
        self.laid_on.append(tuple(sides))
        self.played.append(("play", heard))
        self.is_playing = True

    async def switch(self) -> None:
        self.played.append(("switch",))

    async def set_loop(self, on: bool | None) -> bool:
        self.played.append(("loop", str(on)))
        return bool(on)

    async def stop(self) -> None:
        self.played.append(("stop",))
        self.is_playing = False


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def control_of(studio: Studio) -> BridgeService:
    inbox = Inbox(
        studio.home / "inbox",
        studio.handler.handle,
        studio.bus,
        native=False,
        poll_interval=60.0,
        safety_interval=60.0,
        largest=100_000,
    )
    return BridgeService(
        submit=studio.handler.submit,
        message_inbox=inbox,
        registry=studio.registry,
        store=studio.store,
        delivery=studio.delivery,
        outbox=studio.outbox,
        bus=studio.bus,
        surface_settings=studio.surface_settings,
        player=NotingPlayer(),
        midi=MidiService(studio.bus, studio.settings.midi, studio.home, list),
        end=lambda: None,
    )


def ask(path: Path, **changes: object) -> ClipAsk:
    fields = {"path": str(path), "offset": 0.25, "length": 0.5, "position": None, "preset": "", **changes}
    return ClipAsk(**fields)  # type: ignore[arg-type]


async def test_a_clip_is_remixed_with_the_settings_of_the_surface(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        control = control_of(studio)
        control.surface_settings.select("roots-dub")
        control.surface_settings.set("guidance_scale", 22)
        held = await control.clip(ask(tone))
        named = await control.clip(ask(tone, preset="boom-bap-crate"))
        (one,) = await studio.until(held.job_id, "done")
        await studio.until(named.job_id, "done")
        assert one.result is not None
        assert one.result["samples"] == 24_000
        recipes = [studio.registry.job(job_id).recipe for job_id in (held.job_id, named.job_id)]
        assert [recipe["preset"] for recipe in recipes] == ["roots-dub", "boom-bap-crate"]
        assert [recipe["params"]["guidance_scale"] for recipe in recipes] == [22, 15]


async def test_a_clip_that_is_requested_again_at_once_is_one_job(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        control = control_of(studio)
        first, again = await control.clip(ask(tone)), await control.clip(ask(tone))
        assert again.job_id == first.job_id
        assert again.message_id != first.message_id
        assert (await control.clip(ask(tone, offset=0.1))).job_id != first.job_id
        studio.now += 2.0
        assert (await control.clip(ask(tone))).job_id != first.job_id


async def test_a_request_is_in_the_journal_before_it_is_executed(home: Path, tone: Path) -> None:
    strange = tone.with_name("t\udce4st ü.wav")  # the name is not UTF-8, and the file does not exist
    async with Studio(home) as studio:
        studio.handler._apply = AsyncMock(return_value=Receipt("", "never"))  # type: ignore[method-assign]  # the daemon is killed here
        accepted = await control_of(studio).clip(ask(strange))
        assert not studio.registry.jobs()
    async with Studio(home) as studio:
        (job,) = studio.registry.jobs()
        assert job.message_id == accepted.message_id
        assert job.request["clips"][0]["source"]["path"] == str(strange)
        await studio.until(job.id, "failed")


async def test_an_error_goes_to_the_sender(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        control = control_of(studio)
        with pytest.raises(PresetUnknown, match="no-such"):
            await control.clip(ask(tone, preset="no-such"))


async def test_the_doorbell_reads_the_inbox_and_returns_the_job(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        control = control_of(studio)
        message_id = put(home, "remix", remix_args(tone))
        accepted = await control.inbox(message_id)
        assert accepted is not None
        assert accepted.job_id == studio.registry.jobs()[0].id
        assert await control.inbox(message_id) == accepted  # also if the message has already been read
        assert await control.inbox("") is None
        await studio.until(accepted.job_id, "done")
        with pytest.raises(PresetUnknown):
            await control.inbox(put(home, "remix", remix_args(tone, remix={"preset": "no-such"})))


async def test_cancel_and_rerun_mean_the_newest_by_default(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    engine.withdrawn = True
    async with Studio(home, engine) as studio:
        control = control_of(studio)
        with pytest.raises(UnknownJob):
            await control.cancel("")
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
        await control.cancel("")
        while not engine.calls["cancel"]:
            await asyncio.sleep(0.01)
        engine.finish.set()
        await studio.until(job_id, "cancelled")
        engine.withdrawn = False
        again = await control.rerun("")
        (one,) = await studio.until(again.job_id, "done")
        assert one.seed == 7


class TestRemixOfASelection:
    async def test_without_a_daw_it_is_an_error(self, home: Path) -> None:
        async with Studio(home) as studio:
            with pytest.raises(DawMissing):
                await control_of(studio).remix()

    async def test_the_daw_answers_the_request_in_its_outbox(self, home: Path, tone: Path) -> None:
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}})
            asking = asyncio.ensure_future(control_of(studio).remix())
            while not (home / "outbox" / "test.json").exists() or not studio.document()["ask"]:
                await asyncio.sleep(0.01)
            assert studio.document()["ask"]["command"] == "selection"
            answered = await studio.send("selection", remix_args(tone, daw={"name": "ardour"}))
            accepted = await asking
            assert accepted.job_id == answered.job_id
            assert studio.document()["ask"] is None
            await studio.until(accepted.job_id, "placing")

    async def test_a_surface_that_repeats_the_command_gets_the_first_job(self, home: Path, tone: Path) -> None:
        """As a held key or pad does; the DAW sends its selection again for each command."""
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}})
            jobs = set()
            for number in range(3):
                asking = asyncio.ensure_future(control_of(studio).remix())
                await eventually(lambda: studio.document()["ask"] is not None)
                args = remix_args(tone, daw={"name": "ardour"}, remix={"seed": None}, clip={"id": f"c-{number}"})
                await studio.send("selection", args)
                jobs.add((await asking).job_id)
            assert len(jobs) == 1
            assert [job.id for job in studio.registry.jobs()] == list(jobs)

    async def test_a_daw_that_does_not_answer_is_an_error(
        self, home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bridge.control.service.PATIENCE", 0.05)
        async with Studio(home) as studio:
            await studio.send("hello", {"daw": {"name": "ardour"}})
            with pytest.raises(DawMissing, match="ardour"):
                await control_of(studio).remix()
            assert studio.document()["ask"] is None


async def test_audition_plays_the_result_or_the_clip(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        control = control_of(studio)
        player = control.player
        assert isinstance(player, NotingPlayer)
        with pytest.raises(UnknownJob):
            await control.audition("", "result")
        with pytest.raises(UnknownJob):
            await control.switch_audition()
        job_id = await studio.remix(tone)
        (one,) = await studio.until(job_id, "done")
        assert one.result is not None
        clip = home / "jobs" / job_id / "clip-1" / "source.flac"
        await control.switch_audition()  # nothing is playing, so the result starts
        await control.switch_audition()
        await control.loop_audition(None)
        await control.audition(one.id[:6], "source")
        await control.stop_audition()
        assert player.played == [("play", "result"), ("switch",), ("loop", "None"), ("play", "source"), ("stop",)]
        for source, result in player.laid_on:
            assert (source.name, source.path, result.name, str(result.path)) == (
                "source",
                clip,
                "result",
                one.result["path"],
            )
            assert source.length == result.length == one.result["samples"] / one.result["sample_rate"]
        clip.unlink()
        await control.audition("", "result")
        assert [side.name for side in player.laid_on[-1]] == ["result"]
        with pytest.raises(NotPossibleNow, match="file is gone"):
            await control.audition("", "source")


async def test_a_snapshot_has_open_jobs_and_parameters(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        control = control_of(studio)
        control.surface_settings.select("roots-dub")
        control.surface_settings.set("number_of_steps", 40)
        job_id = await studio.remix(tone)
        await studio.until(job_id, "running")
        snapshot = control.snapshot()
        assert snapshot.preset == "roots-dub"
        assert snapshot.params["number_of_steps"] == 40
        assert snapshot.params["guidance_scale"] == 15.0
        assert [(view.id, view.state) for view in snapshot.jobs] == [(job_id, "running")]
        engine.finish.set()
        await studio.until(job_id, "done")
        assert [view.fraction for view in control.snapshot().jobs] == [1.0]


async def test_a_snapshot_of_a_long_queue_is_short(home: Path, tone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.control.service.SHOWN", 2)
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        made = [await studio.remix(tone) for _ in range(4)]
        assert [view.id for view in control_of(studio).snapshot().jobs] == made[-2:]
        engine.finish.set()
        for job_id in made:
            await studio.until(job_id, "done")


async def test_the_newest_job_is_the_one_submitted_last(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        assert control_of(studio).newest_job() == ""
        first, last = await studio.remix(tone), await studio.remix(tone)
        await studio.until(last, "done")
        await studio.until(first, "done")
        assert control_of(studio).newest_job() == last
    async with Studio(home) as studio:
        assert control_of(studio).newest_job() == last
        await studio.registry.find(first)
        assert control_of(studio).newest_job() == last
