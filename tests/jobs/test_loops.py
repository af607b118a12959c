"""Tests loops with a real daemon and the fake fal: a loop is sent with context, and the result is a seamless loop."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.fakes.fal_server import FalServer
from tests.fakes.music import track
from tests.fakes.processes import KEY, fal_environment, job_of, put, running
from tests.fakes.studio import remix_args

RATE = 48_000
BAR = 2.0  # length of a bar at 120 BPM, s


@pytest.mark.needs("music")
def test_a_loop_gives_a_loop(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        clip = {"length": 2 * BAR, "loops": True}
        args = remix_args(track("gravity"), clip=clip, source={"offset": 12.0}, project={"media_path": str(tmp_path)})
        job = job_of(home, put(home, "remix", args), "done", "failed")
        assert job["state"] == "done", job
        (order,) = fal.queue.jobs.values()
        sent, rate = soundfile.read(io.BytesIO(fal.storage.read(order.body["audio_url"]) or b""))
        around = round(2.0 * rate)  # (8 - 4) / 2 s of context on each side
        assert len(sent) == round(8.0 * rate)
        assert np.array_equal(sent[:around], sent[2 * around : 3 * around])  # the loop's end comes before its start
        assert np.array_equal(sent[-around:], sent[around : 2 * around])
    result = job["variations"][0]["result"]
    loop, _ = soundfile.read(result["path"], always_2d=True)
    assert len(loop) == 2 * BAR * RATE
    steps = np.abs(np.diff(np.concatenate((loop, loop[:1])), axis=0)).max(axis=1)
    assert steps[-1] <= np.quantile(steps[:-1], 0.999)
    seam = json.loads(Path(result["recipe"]).read_bytes())["fit"]["loop"]
    assert seam["click_rank"] < 1.0
    assert seam["flux_rank"] < 1.0
    assert seam["step_rank"] < 1.0
    assert job["cost"]["estimated"] == pytest.approx(8.0 * 0.0002)
