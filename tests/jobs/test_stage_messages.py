"""Tests that the stages' messages depend on where the engine runs, and when the progress decreases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.engines.base import Order, Output, Report, Ticket
from bridge.errors import ModelFailed
from bridge.events import JobChanged, JobProgress
from tests.fakes.fake_engine import CAPABILITIES, FakeEngine
from tests.fakes.studio import Studio, write_tone

FAR = {"uploading the clip", "submitting the remix", "waiting for the model", "downloading the result"}
HERE = {"the clip stays on this machine", "starting the remix", "checking the result"}


@pytest.mark.parametrize(("remote", "wanted", "other"), [(True, FAR, HERE), (False, HERE, FAR)])
async def test_stage_messages_depend_on_where_the_engine_runs(
    tmp_path: Path, remote: bool, wanted: set[str], other: set[str]
) -> None:
    async with Studio(tmp_path, FakeEngine(replace(CAPABILITIES, remote=remote))) as studio:
        said: set[str] = set()
        studio.bus.subscribe(
            lambda event: said.update(one.message for one in studio.registry.variations(event.job_id)),
            JobChanged,
            JobProgress,
        )
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"))
        await studio.until(job_id, "done", "failed")
    assert said >= wanted
    assert said.isdisjoint(other)


class FailsLate(FakeEngine):
    """An engine whose model fails near the end of the first submission, and is at its beginning in the second one."""

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        first = not self.calls["follow"]
        report(fraction=0.9 if first else 0.1, running=True)
        if first:
            self.faults["follow"].append(ModelFailed())
        return await super().follow(ticket, order, report)


async def test_a_new_submission_begins_with_the_progress_of_its_own(home: Path, tmp_path: Path) -> None:
    engine = FailsLate()
    async with Studio(home, engine) as studio:
        job_id = await studio.remix(write_tone(tmp_path / "tone.wav"))
        (failed,) = await studio.until(job_id, "failed")
        engine.finish.clear()
        await studio.send("retry", {"job_id": job_id})
        (again,) = await studio.until(job_id, "running")
        engine.finish.set()
        await studio.until(job_id, "done")
    assert (failed.progress, again.progress) == (0.74, 0.26), "the model is the share from 0.2 to 0.8"


class Interrupted(FakeEngine):
    """An engine whose download breaks off, and resumes at bytes that are certainly on the disk."""

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        for fraction in (0.6, 0.3, 0.7):
            report(fraction=fraction)
        await super().fetch(output, into, report)


async def test_an_interrupted_transfer_keeps_its_progress(home: Path, tmp_path: Path) -> None:
    async with Studio(home, Interrupted()) as studio:
        await studio.until(await studio.remix(write_tone(tmp_path / "tone.wav")), "done", "failed")
        seen = [event.fraction for event in studio.events if isinstance(event, JobProgress)]
    assert seen == sorted(seen)
    assert {0.86, 0.87} <= set(seen), "the download is the share from 0.8 to 0.9"
