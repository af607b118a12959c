"""Kills the daemon at every stage boundary; the next daemon finishes the job without submitting it again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import soundfile

from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, crash, fal_environment, job_of, put, running, states_of
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE, until

STAGES = ("render", "upload", "fetch", "fit")
MOMENTS = (
    "taken-before",
    "taken-after",
    *(f"{moment}:{stage}" for stage in STAGES for moment in ("begin", "file", "done")),
    "intent-before",
    "ticket-before",
    "ticket-after",
    "file:remix",
    "done:remix",
    "placed-before",
    "placed-after",
    "file:place",
)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_any_stage_boundary_costs_nothing(home: Path, tmp_path: Path, moment: str) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    out = tmp_path / "media"
    out.mkdir()
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        message_id = put(home, "remix", remix_args(tone, project={"media_path": str(out)}))
        crash(home, moment, **environ)
        with running(home, **environ):
            job = job_of(home, message_id, "done", "failed", "unknown")
        assert job["state"] == "done", job
        assert sum(fal.queue.submits().values()) == 1
        (one,) = job["variations"]
        assert soundfile.info(one["result"]["path"]).frames == 48_000
        assert len(list(out.glob("*.wav"))) == 1
        assert not list(home.rglob("*.part*")) + list(home.rglob("*.tmp")) + list(out.glob(".*"))


def test_a_kill_during_the_submission_is_unknown_and_submits_once(home: Path, tmp_path: Path) -> None:
    """The daemon is killed when the intent is on disk but the ticket is not, so the variation becomes `unknown`."""
    tone = write_tone(tmp_path / "tone.wav")
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        message_id = put(home, "remix", remix_args(tone))
        crash(home, "intent-after", **environ)
        before = sum(fal.queue.submits().values())
        assert before == 0
        with running(home, **environ):
            job = job_of(home, message_id, "unknown")
            assert job["variations"][0]["error"]["code"] == "submit_unknown"
            assert sum(fal.queue.submits().values()) == before
            put(home, "retry", {"job_id": job["job_id"], "again": True})
            job_of(home, message_id, "done")
        assert sum(fal.queue.submits().values()) == before + 1


@pytest.mark.slow
def test_a_stop_finishes_a_submission_and_cancels_nothing(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        fal.fail("submit", Fault("held"))
        fal.hold("IN_PROGRESS")
        with running(home, **environ) as daemon:
            message_id = put(home, "remix", remix_args(tone))
            fal.wait_for("submit")
            job_of(home, message_id, "submitting")
            daemon.process.send_signal(signal.SIGTERM)
            until(lambda: "stopping" in (home / "logs" / "bridge.log").read_text("utf-8"), "the stop to begin")
            fal.let_go()
            daemon.process.wait(PATIENCE)
        assert sum(fal.queue.submits().values()) == 1
        assert not fal.seen("cancel")
        fal.release()
        with running(home, **environ):
            job = job_of(home, message_id, "done", "unknown", "failed")
        assert job["state"] == "done"
        assert sum(fal.queue.submits().values()) == 1


def test_a_kill_while_the_model_runs_resumes_the_same_submission(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        fal.hold("IN_PROGRESS")
        message_id = put(home, "remix", remix_args(tone, remix={"variations": 3}))
        with Daemon(home, **environ):  # killed at the end
            until(lambda: states_of(home, message_id).count("running") == 2)
        fal.release()
        with running(home, **environ):
            job = job_of(home, message_id, "done", "partial", "unknown")
        assert job["state"] == "done", job
        assert sum(fal.queue.submits().values()) == 3


def test_one_daemon_per_home(home: Path) -> None:
    with running(home):
        with Daemon(home) as second:
            said, _ = second.process.communicate(timeout=PATIENCE)
        assert second.process.returncode == 1
        assert "already_running" in said
    with running(home):
        pass  # the first daemon released the lock
