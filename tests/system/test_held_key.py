"""Tests that a key that is held while the daemon is stopped for an hour creates one job."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.fakes.processes import job_of, outbox, put, running
from tests.fakes.shifted_daemon import write_shift
from tests.fakes.studio import remix_args, write_tone
from tests.system.test_stopped_process import HOUR, POLL, SHIFTED, is_stopped
from tests.waiting import until


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_key_held_while_the_daemon_was_stopped_is_a_repeat(home: Path, tmp_path: Path) -> None:
    tone, shift = write_tone(tmp_path / "tone.wav"), tmp_path / "shift"
    write_shift(shift, 0.0)
    inbox = {"ACE_BRIDGE_INBOX_WATCH": "poll", "ACE_BRIDGE_INBOX_POLL_INTERVAL": str(POLL)}
    args = remix_args(tone, remix={"seed": None, "engine": "offline"}, trigger="key")
    with running(home, program=SHIFTED, SHIFT=str(shift), **inbox) as daemon:
        first = put(home, "remix", args)
        job_id = job_of(home, first, "received", "rendering", "waiting", "running", "done")["job_id"]
        os.kill(daemon.process.pid, signal.SIGSTOP)
        until(lambda: is_stopped(daemon.process.pid))
        repeats = [put(home, "remix", args) for _ in range(3)]
        write_shift(shift, HOUR)
        time.sleep(5 * POLL)  # the daemon's current wait must be over when it continues
        os.kill(daemon.process.pid, signal.SIGCONT)
        until(lambda: not any((home / "inbox").glob("*.json")))
        until(lambda: sum(1 + len(job["repeats"]) for job in outbox(home)["jobs"]) == 4)
        (job,) = outbox(home)["jobs"]
        assert job["job_id"] == job_id
        assert sorted(job["repeats"]) == sorted(repeats)
