"""Tests that the stages' messages depend on where the engine runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
