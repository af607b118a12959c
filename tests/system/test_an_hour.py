"""Renders, uploads and fits one hour of 24-bit stereo at 96 kHz; no process may reach 200 MiB of memory."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio import bwf_header, writers
from bridge.workers.pool import Workers
from tests.audio.signals import noise
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, job_of, put, running
from tests.fakes.studio import remix_args
from tests.waiting import LONG

RATE = 96000
SECONDS = 3600
LIMIT = 200 * 2**20  # bytes
EVERY = 40  # s between the starts of the 10 s bursts of noise; the noise makes the FLAC file larger than LIMIT


@pytest.fixture
def hour(tmp_path: Path) -> Path:
    """Return a sparse WAV file of two gigabytes: 10 s of noise every 40 s, with holes between the bursts."""
    path = tmp_path / "hour.wav"
    frames = RATE * SECONDS
    head = bwf_header.header(RATE, 2, frames, "pcm24", None, {})
    samples = writers.quantised(noise(RATE * 10, level=0.3), 24).astype("<i4")
    sound = samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    with path.open("wb") as stream:
        stream.write(head)
        for second in range(0, SECONDS - 10, EVERY):
            stream.seek(len(head) + second * RATE * 6)
            stream.write(sound)
        stream.truncate(len(head) + frames * 6)
    return path


def most_memory(pid: int) -> int:
    """Return the peak resident memory of a process so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.slow
@pytest.mark.timeout(2700)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the highest resident size is read from /proc")
def test_an_hour_is_rendered_and_uploaded_in_bounded_memory(hour: Path, home: Path, tmp_path: Path) -> None:
    """The clip is submitted in one segment, and neither the daemon nor any worker reaches LIMIT."""
    patient = {"ACE_BRIDGE_FAL_LONGEST": "4000", "ACE_BRIDGE_WORKERS_IDLE_SECONDS": "600"}
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **patient)) as daemon:
        fal.hold("IN_QUEUE")  # no result is needed here
        clip = {"length": float(SECONDS)}
        job = job_of(home, put(home, "remix", remix_args(hour, clip=clip)), "queued", "failed", timeout=LONG)
        assert job["state"] == "queued", job
        assert job["cost"]["estimated"] == pytest.approx(0.0002 * SECONDS)
        (order,) = fal.queue.jobs.values()
        flac = home / "jobs" / job["job_id"] / "clip-1" / "source.flac"
        assert flac.stat().st_size > LIMIT  # a process that loaded the whole file would exceed the limit
        assert order.body["audio_url"].startswith("http")
        sent = sum(len(seen.body) for seen in fal.seen("put", "part"))
        assert sent == flac.stat().st_size
        assert soundfile.info(flac).frames == 48_000 * SECONDS
        pids = [daemon.process.pid, *children(daemon.process.pid)]
        assert len(pids) >= 2
        most = {pid: most_memory(pid) for pid in pids}
        assert max(most.values()) < LIMIT, most
        put(home, "cancel", {"job_id": job["job_id"]})
        job_of(home, job["message_id"], "cancelled")
    asyncio.run(fit_an_hour(flac, tmp_path / "fit.wav"))


async def fit_an_hour(raw: Path, into: Path) -> None:
    """Fit an hour of audio in a worker, which also stays below LIMIT."""
    workers = Workers(1)
    try:
        order = {"raw": str(raw), "into": str(into), "samples": 48_000 * SECONDS, "target": -20.0}
        assert (await workers.run("fit", order))["lufs"] == pytest.approx(-20.0)
        (child,) = children(os.getpid())
        assert most_memory(child) < LIMIT
    finally:
        await workers.aclose()


def children(pid: int) -> list[int]:
    """Return the process IDs of the workers that a process has started."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and is_child(int(name), pid)]


def is_child(pid: int, parent: int) -> bool:
    """Return whether a process is a worker started by `parent`."""
    try:
        found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        return int(found) == parent and b"bridge.workers.process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
