"""Tests that a ticket is kept that arrives after the home was moved away, because the remix is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, fal_environment, job_of, put, running
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE


@pytest.mark.only_on("posix", because="Windows does not move a folder with open files")
def test_a_home_that_is_moved_during_a_submission(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    with FalServer(zero_delay=True, key=KEY) as fal:
        fal.fail("submit", Fault("held"))
        with Daemon(home, **fal_environment(fal.url)) as daemon:
            daemon.wait_until_up()
            message_id = put(home, "remix", remix_args(tone))
            fal.wait_for("submit")
            home.rename(tmp_path / "moved")
            fal.let_go()
            output, _ = daemon.process.communicate(timeout=PATIENCE)
        assert daemon.process.returncode == 1
        assert "[home_lost]" in output
        (tmp_path / "moved").rename(home)
        with running(home, **fal_environment(fal.url)):
            job = job_of(home, message_id, "done", "unknown", "failed")
        assert job["state"] == "done", job
        assert len(fal.queue.jobs) == 1
