"""Stops the daemon for longer than every time limit, while each of fal's replies arrives (SIGSTOP, a sleeping laptop).

The clock of the daemon's event loop jumps by an hour, so the result does not depend on the machine's speed.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, job_of, put, running
from tests.fakes.shifted_daemon import write_shift
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import until

SHIFTED = ("-m", "tests.fakes.shifted_daemon")
CALLS = ("initiate", "put", "submit", "status", "result", "file")  # in the order of a remix
HOUR = 3600.0  # s
POLL = 0.02  # s between the daemon's looks into its inbox, and so the longest wait of its loop


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_what_arrived_while_the_daemon_was_stopped_is_read_before_any_timeout(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", seconds=0.6)
    shift = tmp_path / "shift"
    write_shift(shift, 0.0)
    with FalServer(zero_delay=True, key=KEY) as fal:
        for call in CALLS:
            fal.fail(call, Fault("held"))
        inbox = {"ACE_BRIDGE_INBOX_WATCH": "poll", "ACE_BRIDGE_INBOX_POLL_INTERVAL": str(POLL)}
        with running(home, program=SHIFTED, SHIFT=str(shift), **inbox, **fal_environment(fal.url)) as daemon:
            message_id = put(home, "remix", remix_args(tone))
            for number, call in enumerate(CALLS, 1):
                fal.wait_for(call)
                os.kill(daemon.process.pid, signal.SIGSTOP)
                until(lambda: is_stopped(daemon.process.pid))
                write_shift(shift, number * HOUR)
                time.sleep(5 * POLL)  # the daemon's current wait must be over when it continues
                fal.let_go()
                os.kill(daemon.process.pid, signal.SIGCONT)
            job = job_of(home, message_id, "done", "failed", "unknown", "partial")
        assert job["state"] == "done", job
        assert {call: len(fal.seen(call)) for call in CALLS} == dict.fromkeys(CALLS, 1)
