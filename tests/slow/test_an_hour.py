"""One hour of stereo at 24 bits and 96 kHz through a worker process, which stays under 200 MB of memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio import files, wav
from bridge.workers import Workers
from tests.audio.signals import noise

RATE = 96000
SECONDS = 3600
LIMIT = 200 * 2**20  # bytes


@pytest.fixture
def hour(tmp_path: Path) -> Path:
    """Return a file of two gigabytes: ten seconds of sound now and then, holes in the file between them."""
    path = tmp_path / "hour.wav"
    frames = RATE * SECONDS
    head = wav.header(RATE, 2, frames, "pcm24", None, {})
    samples = files.quantised(noise(RATE * 10, level=0.3), 24).astype("<i4")
    sound = samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    with path.open("wb") as stream:
        stream.write(head)
        for second in range(0, SECONDS - 10, 300):
            stream.seek(len(head) + second * RATE * 6)
            stream.write(sound)
        stream.truncate(len(head) + frames * 6)
    return path


def most_memory(pid: int) -> int:
    """Return the highest resident size of a process so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.timeout(400)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the highest resident size is read from /proc")
async def test_an_hour_renders_in_bounded_memory(hour: Path, tmp_path: Path) -> None:
    workers = Workers(1)
    seen: list[float] = []
    into = tmp_path / "hour.flac"
    args = {"source": {"path": str(hour)}, "length": float(SECONDS), "into": str(into), "highest_rate": 48000}
    answer = await workers.run("render", args, seen.append)
    (child,) = (int(name) for name in os.listdir("/proc") if name.isdigit() and is_child(int(name)))
    assert most_memory(child) < LIMIT
    assert answer["frames"] == 48000 * SECONDS == soundfile.info(into).frames
    assert answer["lufs"] is not None
    assert len(seen) >= 90
    order = {"raw": str(into), "into": str(tmp_path / "fit.wav"), "samples": answer["frames"], "target": -20.0}
    assert (await workers.run("fit", order))["lufs"] == pytest.approx(-20.0)
    assert most_memory(child) < LIMIT
    await workers.aclose()


def is_child(pid: int) -> bool:
    """Tell whether a process is a worker that this one started."""
    try:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        return int(parent) == os.getpid() and b"bridge.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
