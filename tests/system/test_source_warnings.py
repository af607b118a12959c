"""Tests that a job shows what its source lacks, and that a DAW is mentioned only where a DAW plays the source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.broken_headers import RATE, with_size
from tests.audio.signals import noise
from tests.fakes.processes import job_of, put, running
from tests.fakes.studio import remix_args
from tests.waiting import until


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("bridge") / "home"
    with running(home) as daemon:
        daemon.wait_until_up()
        yield home


def warnings_of(home: Path, daw: str, path: Path, length: float) -> dict[str, str]:
    """Remix the start of a file for a DAW, and return the job's warnings: code and text."""
    put(home, "hello", {"daw": {"name": daw}}, instance=daw)
    until(lambda: not list((home / "inbox").glob("*.json")))
    args = remix_args(path, clip={"length": length, "position": 0.0}, remix={"engine": "offline"})
    message_id = put(home, "remix", {**args, "daw": {"name": daw}}, instance=daw)
    job = job_of(home, message_id, "placing", "ready", "done", "failed", instance=daw)
    assert job["state"] != "failed", job
    return {one["code"]: one["text"] for one in job["warnings"]}


def test_a_placeholder_in_the_header(home: Path, tmp_path: Path) -> None:
    (tmp_path / "crashed.wav").write_bytes(with_size(noise(RATE), "wav", 0))
    found = warnings_of(home, "folder", tmp_path / "crashed.wav", 1.0)
    text = "The header of crashed.wav does not give a valid length, so the file was read to its end (1.000 s)."
    assert found["header_wrong"] == text
    assert "header_wrong" not in warnings_of(home, "folder", tmp_path / "crashed.wav", 0.5)


@pytest.mark.parametrize(("daw", "end"), [("reaper", "is silent, as in the DAW."), ("folder", "is silent.")])
def test_silence_beyond_the_end_of_a_file(home: Path, tmp_path: Path, daw: str, end: str) -> None:
    (tmp_path / "short.wav").write_bytes(with_size(noise(RATE), "wav"))
    assert warnings_of(home, daw, tmp_path / "short.wav", 1.5)["span_padded"].endswith(end)
