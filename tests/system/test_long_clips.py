"""Tests clips longer than the engine's limit: each segment is submitted once, and one file is returned.

The tests use real daemons and the fake fal; most set a low limit, so that a short clip is enough.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.music import track
from tests.fakes.processes import KEY, crash, fal_environment, job_of, outbox, put, running
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import LONG, until

PRICE = 0.0002
LIMIT = {"ACE_BRIDGE_FAL_LONGEST": "8"}  # s; 20 s of sound become three segments with 2 s overlaps


def long_music(path: Path, seconds: float) -> Path:
    """Write a file that repeats a recording for `seconds` seconds, cycling through four levels."""
    sound, rate = soundfile.read(track("gravity"), dtype="float32", always_2d=True)
    left, number = round(seconds * rate), 0
    with soundfile.SoundFile(path, "w", rate, sound.shape[1], "PCM_16") as file:
        while left:
            part = sound[:left] * np.float32(1 - 0.1 * (number % 4))
            file.write(part)
            left, number = left - len(part), number + 1
    return path


def lag_at(source: np.ndarray, result: np.ndarray, rate: int, at: float) -> int:
    """Return the number of frames by which the result lags the source at `at` seconds (range: ±20 ms)."""
    start, frames, reach = round(at * rate), rate // 2, rate // 50
    one, other = source[start : start + frames], result[start - reach : start + frames + reach]
    curve = np.correlate(other, one, "valid")
    return int(np.argmax(curve)) - reach


@pytest.mark.needs("music")
@pytest.mark.slow
@pytest.mark.timeout(2700)
def test_twelve_minutes_give_one_file_of_exactly_that_length(home: Path, tmp_path: Path) -> None:
    """The bridge is killed after the second of four segments; after a restart, it finishes the file."""
    source = long_music(tmp_path / "long.wav", 720.3)
    rate = soundfile.info(str(source)).samplerate
    clip = {"position": 3.21, "length": 720.0}
    project = {"sample_rate": rate, "tempo": 120.0, "media_path": str(tmp_path / "media")}
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        message_id = put(home, "remix", remix_args(source, clip=clip, project=project))
        crash(home, "done:fetch@2", LONG, **environ)
        assert list(fal.queue.submits().values()) == [1, 1]
        with running(home, **environ):
            job = job_of(home, message_id, "done", "failed", "unknown", timeout=LONG)
        orders = list(fal.queue.jobs.values())
        assert list(fal.queue.submits().values()) == [1, 1, 1, 1]
    assert job["state"] == "done", job
    result = job["variations"][0]["result"]
    about = soundfile.info(result["path"])
    assert about.frames == result["samples"] == round(723.21 * rate) - round(3.21 * rate)
    assert len(orders) == 4
    assert {order.body["seed"] for order in orders} == {7}
    assert len({order.body["tags"] for order in orders}) == 1
    assert all(order.seconds <= 240.1 for order in orders)
    sent = sum(order.seconds for order in orders)
    assert sent == pytest.approx(720 + 3 * 8, abs=0.5)
    assert job["cost"]["estimated"] == pytest.approx(744 * PRICE, abs=1e-5)
    assert job["cost"]["billed"] == pytest.approx(sent * PRICE, abs=1e-4)
    recipe = json.loads(Path(result["recipe"]).read_bytes())
    assert len(recipe["request_ids"]) == 4
    assert [(one["seed"], one["tags"], one["lyrics"]) for one in recipe["answers"]] == [
        (order.body["seed"], order.body["tags"], order.body["lyrics"]) for order in orders
    ]
    joins = recipe["fit"]["joins"]
    assert len(joins) == 3
    for join in joins:
        assert max(join["flux_rank"], join["step_rank"], join["click_rank"]) < 1.0
    first, _ = soundfile.read(source, dtype="float32", always_2d=True, stop=about.frames)
    second, _ = soundfile.read(result["path"], dtype="float32", always_2d=True)
    one, other = first.mean(axis=1), second.mean(axis=1)
    places = [30.0, 250.0, 430.0, 690.0, *(join["at"] + beside for join in joins for beside in (-2.0, 1.0))]
    lags = [lag_at(one, other, rate, place) for place in places]
    assert max(map(abs, lags)) <= 0.0005 * rate, lags
    assert np.sqrt(np.square(second).reshape(720, rate, -1).mean(axis=(1, 2))).min() > 0.003  # no gaps


def ask(home: Path, tmp_path: Path, **more: Any) -> str:
    tone = write_tone(tmp_path / "tone.wav", 20.0)
    return put(home, "remix", remix_args(tone, **more))


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        "intent-before@2",
        "ticket-after@2",
        "done:remix@2",
        "done:fetch@1",
        "file:fit@1",
    ],
)
def test_a_kill_between_segments_submits_none_twice(home: Path, tmp_path: Path, moment: str) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, **LIMIT)
        message_id = ask(home, tmp_path)
        crash(home, moment, **environ)
        with running(home, **environ):
            job = job_of(home, message_id, "done", "failed", "unknown")
        assert job["state"] == "done", job
        assert list(fal.queue.submits().values()) == [1, 1, 1]
        assert soundfile.info(job["variations"][0]["result"]["path"]).frames == 20 * 48_000
        assert not list(home.rglob("*.part*"))


@pytest.mark.slow
def test_a_segments_lost_answer_is_unknown_and_only_retry_again_resubmits(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT)):
        fal.fail("submit", Fault("lost"), after=1)
        message_id = ask(home, tmp_path)
        job = job_of(home, message_id, "unknown")
        assert job["variations"][0]["error"]["code"] == "submit_unknown"
        assert sum(fal.queue.submits().values()) == 2  # the third segment is not submitted
        refused = put(home, "retry", {"job_id": job["job_id"]})
        until(lambda: [one for one in outbox(home)["errors"] if one["message_id"] == refused] or None)
        assert sum(fal.queue.submits().values()) == 2
        put(home, "retry", {"job_id": job["job_id"], "again": True})
        job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        assert sorted(fal.queue.submits().values()) == [1, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "after", "orders"),
    [("done:fetch@2", "done", 3), ("order-after@2", "unknown", 1), ("intent-after@2", "done", 3)],
)
def test_a_lost_journal_is_recovered_with_its_segments(
    home: Path, tmp_path: Path, moment: str, after: str, orders: int
) -> None:
    """Rebuilding the journal from the segments' folders neither submits a segment twice nor loses a submission."""
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, **LIMIT)
        message_id = ask(home, tmp_path)
        crash(home, moment, **environ)
        for path in home.glob("bridge.db*"):
            path.unlink()
        with running(home, **environ):
            job = job_of(home, message_id, "done", "failed", "unknown")
            assert job["state"] == after, job
            assert list(fal.queue.submits().values()) == [1] * orders
            if after == "unknown":
                put(home, "retry", {"job_id": job["job_id"], "again": True})
                job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        assert list(fal.queue.submits().values()) == [1, 1, 1]
        assert job["cost"]["billed_units"] == pytest.approx(24.0, abs=0.5)


@pytest.mark.slow
def test_a_cancel_stops_at_the_current_segment_and_retry_repeats_none(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT)):
        fal.fail("file", Fault("held"))
        message_id = ask(home, tmp_path)
        fal.wait_for("file")
        fal.hold("IN_PROGRESS")
        fal.let_go()  # the first segment's file

        def second_segment() -> dict[str, Any] | None:
            job = job_of(home, message_id, *STATES)
            runs = job["state"] == "running" and job["variations"][0]["message"].startswith("segment 2 of 3: ")
            return job if runs else None

        job = until(second_segment, "the second segment")
        put(home, "cancel", {"job_id": job["job_id"]})
        job = job_of(home, message_id, "cancelled")
        assert "1 of 3 segments are finished and kept" in job["variations"][0]["message"]
        first, second = fal.queue.jobs.values()
        assert (first.billed, second.billed, second.cancel_asked) == (True, False, True)
        fal.release()
        put(home, "retry", {"job_id": job["job_id"]})
        job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        assert [one.billed for one in fal.queue.jobs.values()] == [True, False, True, True]
        units = sum(one.seconds for one in fal.queue.jobs.values())
        assert job["cost"]["billed"] == pytest.approx(units * PRICE, abs=1e-6)


def test_a_failed_segment_costs_nothing_and_the_others_are_kept(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT)):
        refusal = {"detail": [{"loc": ["body"], "msg": "out of memory", "type": "internal"}]}
        fal.fail("model", Fault("answer", 500, refusal), after=1)
        message_id = ask(home, tmp_path)
        job = job_of(home, message_id, "failed", "done")
        assert job["state"] == "failed", job
        put(home, "retry", {"job_id": job["job_id"]})
        job = job_of(home, message_id, "done")
        assert sorted(fal.queue.submits().values()) == [1, 1, 2]
        assert sum(one.billed for one in fal.queue.jobs.values()) == 3


def test_what_the_model_reports_is_kept_for_each_segment(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT)):
        fal.queue.changes = {"seed": 99, "tags": "dub, 92 bpm", "lyrics": "la la"}
        job = job_of(home, ask(home, tmp_path), "failed", "done")
        assert job["state"] == "done", job
        recipe = json.loads(Path(job["variations"][0]["result"]["recipe"]).read_bytes())
        assert recipe["answers"] == [fal.queue.changes] * 3
        assert (recipe["seed"], recipe["model_seed"]) == (7, 99)
        assert [one["code"] for one in recipe["warnings"]] == ["seed_differs"]
        assert "seed 99 instead of 7" in job["warnings"][0]["text"]


def test_the_daily_cap_counts_all_segments_before_the_first_is_sent(home: Path, tmp_path: Path) -> None:
    cap = {"ACE_BRIDGE_BUDGET_DAILY_CAP": str(23 * PRICE)}  # the price of 23 s; the three segments total 24 s
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT, **cap)):
        message_id = ask(home, tmp_path)
        until(lambda: job_of(home, message_id, "waiting")["variations"][0]["reason"] == "budget")
        assert job_of(home, message_id, "waiting")["cost"]["estimated"] == pytest.approx(24 * PRICE)
        assert not fal.queue.jobs
        assert not fal.storage.files


def test_progress_covers_all_segments_and_never_decreases(home: Path, tmp_path: Path) -> None:
    seen: list[tuple[float, str]] = []
    with FalServer(key=KEY) as fal, running(home, **fal_environment(fal.url, **LIMIT)):
        message_id = ask(home, tmp_path)

        def look() -> bool | None:
            job = job_of(home, message_id, *STATES)
            one = job["variations"][0]
            if not seen or seen[-1] != (one["progress"], one["message"]):
                seen.append((one["progress"], one["message"]))
            return job["state"] in ("done", "failed") or None

        until(look, "the end of the job")
    assert seen[-1][0] == 1.0
    progress = [share for share, _ in seen]
    assert progress == sorted(progress)
    assert [text for _, text in seen if text.startswith("segment ")]


STATES = ("new", "waiting", "rendering", "uploading", "submitting", "queued", "running", "fetching", "fitting", "done")
