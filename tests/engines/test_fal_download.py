"""Tests that downloads from fal complete or raise an error, resume after interruptions, and never send the key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge import errors
from bridge.engines.base import Output
from tests.engines.fal_kit import KEY, Reports, Sleep, at
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer

AUDIO = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY) as server:
        yield server


def stored(fal: FalServer, **changes: Any) -> Output:
    url = fal.storage.keep(fal.url, "output.wav", AUDIO, "audio/wav")
    return Output(changes.get("url", url), 7, None, {})


async def test_the_file_is_complete_and_requested_without_the_key(fal: FalServer, tmp_path: Path) -> None:
    into, reports = tmp_path / "raw.part", Reports()
    async with at(fal) as engine:
        await engine.fetch(stored(fal), into, reports)
    assert into.read_bytes() == AUDIO
    (seen,) = fal.seen()
    assert "authorization" not in seen.headers
    assert seen.headers["accept-encoding"] == "identity"
    fractions = reports.of("fraction")
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


async def test_synced_bytes_are_not_downloaded_again(
    fal: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last bytes of an interrupted download may not have reached the disk; in this test they are zeros."""
    monkeypatch.setattr("bridge.engines.fal.download._STEP", 100_000)
    into = tmp_path / "raw.part"
    into.write_bytes(AUDIO[:950_000] + bytes(50_000))
    async with at(fal) as engine:
        await engine.fetch(stored(fal), into, Reports())
    assert into.read_bytes() == AUDIO
    assert [seen.headers["range"] for seen in fal.seen()] == ["bytes=900000-"]
    assert [seen.status for seen in fal.seen()] == [206]


async def test_a_download_is_synced_in_steps(fal: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("bridge.engines.fal.download._STEP", 1_000_000)
    monkeypatch.setattr("bridge.engines.fal.download.os.fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    async with at(fal) as engine:
        await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert [size // 1_000_000 for size in synced] == list(range(1, len(AUDIO) // 1_000_000 + 1))


async def test_an_interrupted_download_resumes(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("cut", fraction=0.5), times=3)
    into = tmp_path / "raw.part"
    async with at(fal) as engine:
        await engine.fetch(stored(fal), into, Reports())
    assert into.read_bytes() == AUDIO
    ranges = [seen.headers.get("range") for seen in fal.seen()]
    assert ranges == [None, "bytes=1048576-", "bytes=1572864-", "bytes=1835008-"]
    assert all("if-range" in seen.headers for seen in fal.seen()[1:])


async def test_a_download_that_breaks_at_the_same_byte_is_truncated(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("cut", fraction=0.5))
    fal.fail("file", Fault("cut", fraction=0.0), times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultTruncated):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert (tmp_path / "raw.part").read_bytes() == AUDIO[: len(AUDIO) // 2]  # kept, so that a retry can resume
    assert len(fal.seen("file")) == 6


async def test_a_download_that_never_starts_is_an_outage(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("reset"), times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.OutageError, match="could not be downloaded"):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())


async def test_an_outage_is_waited_out_however_long(fal: FalServer, tmp_path: Path) -> None:
    sleep, reports, output = Sleep(), Reports(), stored(fal)
    sleep.at[20] = fal.resume
    fal.pause()
    async with at(fal, sleep) as engine:
        await engine.fetch(output, tmp_path / "raw.part", reports)
    assert (tmp_path / "raw.part").read_bytes() == AUDIO
    assert "waiting for the network" in reports.of("message")


@pytest.mark.parametrize("fault", [Fault("html", status=502), Fault("answer", 429), Fault("answer", 503)])
async def test_a_temporary_error_is_waited_out(fal: FalServer, tmp_path: Path, fault: Fault) -> None:
    fal.fail("file", fault, times=7)
    async with at(fal) as engine:
        await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert (tmp_path / "raw.part").read_bytes() == AUDIO


async def test_surplus_bytes_are_discarded(fal: FalServer, tmp_path: Path) -> None:
    into = tmp_path / "raw.part"
    into.write_bytes(b"x" * (len(AUDIO) + 5))
    async with at(fal) as engine:
        await engine.fetch(stored(fal), into, Reports())
    assert into.read_bytes() == AUDIO


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_missing_file_is_reported(fal: FalServer, tmp_path: Path, status: int) -> None:
    fal.fail("file", Fault("answer", status, {"detail": "not here"}))
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())


async def test_a_file_expires(fal: FalServer, tmp_path: Path) -> None:
    output = stored(fal)
    fal.storage.expire(output.url)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.fetch(output, tmp_path / "raw.part", Reports())


@pytest.mark.parametrize(
    "fault", [Fault("retype", text="text/html; charset=utf-8"), Fault("answer", 200, {"detail": "hello"})]
)
async def test_a_web_page_is_not_audio(fal: FalServer, tmp_path: Path, fault: Fault) -> None:
    fal.fail("file", fault)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultNotAudio):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert not (tmp_path / "raw.part").exists()


async def test_other_content_types_are_ignored(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("retype", text="application/octet-stream"))
    async with at(fal) as engine:
        await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert (tmp_path / "raw.part").read_bytes() == AUDIO


async def test_an_oversized_result_is_refused(fal: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.engines.fal.download._STEP", 1)
    fal.fail("file", Fault("answer", 206, b"x", {"Content-Range": f"bytes 3-3/{3 * 1024**3}"}))
    (tmp_path / "raw.part").write_bytes(b"abcd")
    async with at(fal) as engine:
        with pytest.raises(errors.ResultTooLarge):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())


async def test_redirects_and_unlisted_hosts_are_refused(fal: FalServer, tmp_path: Path) -> None:
    with FalServer() as elsewhere:
        there = stored(elsewhere).url
        fal.fail("file", Fault("redirect", text=there))
        async with at(fal) as engine:
            with pytest.raises(errors.HostRefused, match="redirect"):
                await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
            with pytest.raises(errors.HostRefused, match="result_hosts"):
                await engine.fetch(stored(fal, url=there), tmp_path / "raw.part", Reports())
        assert elsewhere.seen() == []


async def test_an_unwritable_folder_is_named(fal: FalServer, tmp_path: Path) -> None:
    async with at(fal) as engine:
        with pytest.raises(errors.OutputUnwritable):
            await engine.fetch(stored(fal), tmp_path / "no such folder" / "raw.part", Reports())
