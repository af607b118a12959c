"""Tests that the fake fal follows the model's length rule and can be controlled from another process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.engines.fal_kit import clip_bytes, order_for, stored_clip
from tests.fakes import fal_audio
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.waiting import PATIENCE

ORDER = "/fal-ai/ace-step/audio-to-audio"
HEADERS = {"Authorization": "Key k"}


@pytest.mark.parametrize(
    ("seconds", "samples"),
    [(4, 196163), (8, 387867), (10, 481489), (16, 771275), (30, 1440009)],
)
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_length_is_that_of_the_model(seconds: int, samples: int, rate: int) -> None:
    assert fal_audio.result_frames(seconds * rate, rate) == samples


@pytest.mark.parametrize("frames", [1, 4096, 44100, 100_001])
def test_it_is_never_shorter_and_at_most_one_step_longer(frames: int) -> None:
    longer = fal_audio.result_frames(frames, 44100) / 48000 - frames / 44100
    assert 0 <= longer <= 0.0929


def test_the_audio_is_deterministic_and_louder_than_full_scale() -> None:
    source = clip_bytes()
    one, other = fal_audio.make(source, 7), fal_audio.make(source, 8)
    assert one == fal_audio.make(source, 7)
    assert one != other
    samples, rate = soundfile.read(io.BytesIO(one))
    assert (rate, soundfile.info(io.BytesIO(one)).subtype) == (48000, "FLOAT")
    assert samples.shape == (fal_audio.result_frames(24000, 48000), 2)
    assert np.abs(samples).max() == pytest.approx(1.12, rel=1e-6)
    assert samples[:100].any()  # the result starts without a delay


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("silence", lambda samples: not samples.any()),
        ("nan", lambda samples: np.isnan(samples).any()),
        ("short", lambda samples: len(samples) < 24000 * 0.8),
    ],
)
def test_faulty_audio_is_as_configured(kind: str, check: object) -> None:
    samples, _ = soundfile.read(io.BytesIO(fal_audio.make(clip_bytes(), 7, kind)))
    assert callable(check)
    assert check(samples)


def test_an_incomplete_submission_fails_as_at_fal() -> None:
    with FalServer(zero_delay=True) as fal, httpx.Client(base_url=fal.url, headers=HEADERS, trust_env=False) as http:
        wrong = {**order_for(stored_clip(fal)).params, "audio_url": stored_clip(fal), "number_of_steps": 99}
        taken = http.post(ORDER, json=wrong).json()
        told = http.get(taken["status_url"], params={"logs": "1"})
        assert (told.status_code, told.json()["status"]) == (200, "COMPLETED")
        result = http.get(taken["response_url"])
        assert (result.status_code, result.json()["detail"][0]["type"]) == (422, "less_than_equal")


def test_the_process_is_controlled_over_http(tmp_path: Path) -> None:
    log = tmp_path / "fal.log"
    command = [sys.executable, "-m", "tests.fakes.fal_server", "--port", "0", "--log", str(log), "--zero-delay"]
    with subprocess.Popen(
        [*command, "--until-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with httpx.Client(base_url=url, headers=HEADERS, trust_env=False) as http:
            plan = {"fail": {"call": "submit", "fault": {"kind": "answer", "status": 503, "body": {}}, "times": 1}}
            assert http.post("/_control", json=plan).status_code == 200
            assert http.post("/_control", json={"fail": {"call": "x", "fault": {"kind": "reset"}}}).status_code == 400
            assert http.post(ORDER, json={"tags": "x"}).status_code == 503
            assert http.post(ORDER, json={"tags": "x"}).status_code == 200
            told = http.get("/_control").json()
        assert list(told["submits"].values()) == [1]
        assert [request["status"] for request in told["requests"]] == [503, 200]
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == [503, 200]


def test_faults_happen_as_planned() -> None:
    with FalServer() as fal, httpx.Client(base_url=fal.url, headers=HEADERS, trust_env=False) as http:
        fal.fail("token", Fault("answer", 418), times=2, after=1)
        path = "/storage/auth/token?storage_type=fal-cdn-v3"
        assert [http.post(path, json={}).status_code for _ in range(4)] == [200, 418, 418, 200]
