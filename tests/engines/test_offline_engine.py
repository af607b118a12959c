"""Tests the offline engine with real worker processes: submit, follow, restart and cancel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

from bridge.engines.base import CancelAnswer, Engine, Order
from bridge.engines.offline import CAPABILITIES, OfflineEngine, arguments
from bridge.errors import OutputUnwritable, SourceMissing, Withdrawn
from bridge.presets.library import standard
from bridge.workers.pool import Workers
from bridge.workers.tasks.offline import offline
from tests.audio.offline.clips import RATE, chords, grid


class Reports:
    """A recorder of an engine's reports."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def __call__(self, **news: Any) -> None:
        self.said.append(news)

    def all(self, name: str) -> list[Any]:
        return [news[name] for news in self.said if news.get(name) is not None]


class Held:
    """A fake of the worker pool; each task waits for `go`, and `runs` counts the tasks."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.runs = 0

    async def run(
        self, task: str, args: Mapping[str, Any], progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]:
        assert task == "offline"
        self.runs += 1
        self.begun.set()
        await self.go.wait()
        Path(args["into"]).write_bytes(b"a remix")
        return {"seed": args["seed"], "family": "house", "chosen": True, "tempo": 120.0, "description": "house"}


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(1)
    yield made
    await made.aclose()


@pytest.fixture
def order(tmp_path: Path) -> Order:
    soundfile.write(tmp_path / "clip.flac", chords(2.0), RATE, "PCM_24")
    scratch = tmp_path / "variation"
    scratch.mkdir()
    where = grid(2.0)
    return Order(
        audio_url=str(tmp_path / "clip.flac"),
        params={"tags": "lofi, chill", "lyrics": "[inst]", "seed": 11},
        seconds=2.0,
        amount=0.6,
        tempo=120.0,
        beats=where["beats"],
        downbeats=where["downbeats"],
        scratch=scratch,
    )


def test_the_label_says_that_it_is_not_ace_step() -> None:
    assert "not ACE-Step" in CAPABILITIES.label
    assert not CAPABILITIES.ace_step
    assert not CAPABILITIES.remote
    assert not CAPABILITIES.submit_once
    assert CAPABILITIES.price_per_second == 0.0
    assert CAPABILITIES.honours == {"tags", "seed", "amount"}
    engine: Engine = OfflineEngine(Held())
    assert engine.capabilities is CAPABILITIES


def test_each_preset_shifts_the_seed_by_a_number_of_its_own(order: Order) -> None:
    names = [preset.name for preset in standard(order.scratch).all()]
    seeds = [arguments(replace(order, preset=name))["seed"] for name in names]
    assert len(set(seeds)) == len(names)
    assert seeds == [arguments(replace(order, preset=name))["seed"] for name in names]
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert arguments(order)["seed"] == 11


def test_two_presets_of_one_family_differ_with_the_same_seed(order: Order, tmp_path: Path) -> None:
    made = []
    for preset in ("lofi-chill", "neo-soul-keys", "lofi-chill"):
        args = arguments(replace(order, preset=preset, family="lofi"))
        offline({**args, "into": str(tmp_path / "made.wav")}, lambda _: None)
        made.append((tmp_path / "made.wav").read_bytes())
    assert made[0] != made[1]
    assert made[0] == made[2]


async def test_a_clip_gives_a_remix(workers: Workers, order: Order, tmp_path: Path) -> None:
    engine, reports = OfflineEngine(workers), Reports()
    uploaded = await engine.upload(Path(order.audio_url), "0" * 64, reports)
    assert uploaded.url == order.audio_url
    ticket = await engine.submit(order)
    output = await engine.follow(ticket, order, reports)
    assert (output.seed, output.billed_units) == (11, None)
    assert output.answer["family"] == "lofi"
    assert True in reports.all("running")
    assert any("not ACE-Step" in message for message in reports.all("message"))
    assert reports.all("fraction")[-1] == 1.0
    for name in ("first.audio", "second.audio"):  # `fetch` can be repeated
        await engine.fetch(output, tmp_path / name, reports)
        assert soundfile.info(tmp_path / name).frames == 2 * RATE
    assert await engine.cancel(ticket) is CancelAnswer.TOO_LATE


async def test_a_restart_repeats_only_unfinished_remixes(order: Order) -> None:
    first = Held()
    engine = OfflineEngine(first)
    ticket = await engine.submit(order)
    following = asyncio.create_task(engine.follow(ticket, order, Reports()))
    await first.begun.wait()
    await engine.aclose()
    with pytest.raises(asyncio.CancelledError):
        await following

    second = Held()
    second.go.set()
    again = OfflineEngine(second)
    output = await again.follow(ticket, order, Reports())
    assert Path(output.url).read_bytes() == b"a remix"
    assert await again.follow(ticket, order, Reports()) == output
    assert second.runs == 1


async def test_cancel_stops_the_task_and_follow_raises(order: Order) -> None:
    runner = Held()
    engine = OfflineEngine(runner)
    ticket = await engine.submit(order)
    following = asyncio.create_task(engine.follow(ticket, order, Reports()))
    await runner.begun.wait()
    assert await engine.cancel(ticket) is CancelAnswer.REMOVED
    with pytest.raises(Withdrawn):
        await following
    # A second submission (as after `retry`) succeeds.
    runner.go.set()
    output = await engine.follow(await engine.submit(order), order, Reports())
    assert output.seed == 11


async def test_cancel_before_follow_and_for_an_unknown_ticket(order: Order, tmp_path: Path) -> None:
    engine = OfflineEngine(Held())
    ticket = await engine.submit(order)
    assert await engine.cancel(ticket) is CancelAnswer.REMOVED
    with pytest.raises(Withdrawn):
        await engine.follow(ticket, order, Reports())
    assert await engine.cancel(replace(ticket, request_id=str(tmp_path / "nowhere"))) is CancelAnswer.UNKNOWN


async def test_cancelling_the_caller_is_not_a_withdrawal(order: Order) -> None:
    runner = Held()
    engine = OfflineEngine(runner)
    ticket = await engine.submit(order)
    following = asyncio.create_task(engine.follow(ticket, order, Reports()))
    await runner.begun.wait()
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    runner.go.set()
    assert (await engine.follow(ticket, order, Reports())).seed == 11


async def test_a_new_order_removes_the_old_result(order: Order) -> None:
    runner = Held()
    runner.go.set()
    engine = OfflineEngine(runner)
    await engine.follow(await engine.submit(order), order, Reports())
    other = replace(order, params={**order.params, "seed": 12})
    output = await engine.follow(await engine.submit(other), other, Reports())
    assert output.seed == 12
    assert runner.runs == 2
    assert json.loads((order.scratch / "offline.json").read_text())["seed"] == 12


async def test_task_errors_are_raised(workers: Workers, order: Order) -> None:
    engine = OfflineEngine(workers)
    gone = replace(order, audio_url=str(order.scratch / "gone.flac"))
    ticket = await engine.submit(gone)
    with pytest.raises(SourceMissing):
        await engine.follow(ticket, gone, Reports())


async def test_an_unwritable_folder_is_reported(order: Order, tmp_path: Path) -> None:
    runner = Held()
    runner.go.set()
    engine = OfflineEngine(runner)
    output = await engine.follow(await engine.submit(order), order, Reports())
    with pytest.raises(OutputUnwritable):
        await engine.fetch(output, tmp_path / "no such folder" / "x", Reports())


@pytest.mark.parametrize(("tags", "codes"), [("polka, accordion", ["style_unknown"]), ("dub, deep bass", [])])
async def test_tags_without_a_style_cause_a_warning(
    workers: Workers, order: Order, tags: str, codes: list[str]
) -> None:
    engine = OfflineEngine(workers)
    order = replace(order, params={**order.params, "tags": tags}, family="")
    output = await engine.follow(await engine.submit(order), order, Reports())
    assert [warning["code"] for warning in output.warnings] == codes
