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


@pytest.mark.parametrize("status", [404, 410])
async def test_a_missing_file_is_reported(fal: FalServer, tmp_path: Path, status: int) -> None:
    fal.fail("file", Fault("answer", status, {"detail": "not here"}), times=99)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 416, 451])
async def test_a_refused_download_does_not_mean_that_the_result_is_gone(
    fal: FalServer, tmp_path: Path, status: int
) -> None:
    fal.fail("file", Fault("answer", status, "<Error><Code>AccessDenied</Code></Error>"))
    async with at(fal) as engine:
        with pytest.raises(errors.StorageRefused, match=f"AccessDenied.*HTTP {status}") as caught:
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert "at no cost" in caught.value.hint


async def test_a_file_expires(fal: FalServer, tmp_path: Path) -> None:
    output = stored(fal)
    fal.storage.expire(output.url)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.fetch(output, tmp_path / "raw.part", Reports())


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", status=200),
        Fault("answer", 200, {"detail": "hello"}),
        Fault("answer", 200, "\n <!DOCTYPE html><p>hello", {"Content-Type": "audio/wav"}),
    ],
)
async def test_a_web_page_is_not_audio_and_leaves_the_file_unchanged(
    fal: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("bridge.engines.fal.download._STEP", 100_000)
    into = tmp_path / "raw.part"
    into.write_bytes(AUDIO[:300_000])
    fal.fail("file", fault)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultNotAudio):
            await engine.fetch(stored(fal), into, Reports())
        assert into.read_bytes() == AUDIO[:200_000]
        await engine.fetch(stored(fal), into, Reports())
    assert into.read_bytes() == AUDIO


async def test_the_middle_of_a_file_may_look_like_text(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("cut", fraction=0.5))
    into, data = tmp_path / "raw.part", b"R" * 2**20 + b"<!-- {} " * 2**17
    url = fal.storage.keep(fal.url, "output.wav", data, "audio/wav")
    async with at(fal) as engine:
        await engine.fetch(Output(url, 7, None, {}), into, Reports())
    assert into.read_bytes() == data
    assert fal.seen()[1].headers["range"] == "bytes=1048576-"


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/html; charset=utf-8", "application/json", ""])
async def test_the_declared_type_is_ignored(fal: FalServer, tmp_path: Path, kind: str) -> None:
    fal.fail("file", Fault("retype", text=kind))
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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_listed_hosts_are_followed_without_the_key(
    fal: FalServer, tmp_path: Path, status: int
) -> None:
    with FalServer() as elsewhere:
        fal.fail("file", Fault("redirect", status, text="?moved"))
        fal.fail("file", Fault("redirect", status, text=stored(elsewhere).url))
        async with at(fal, result_hosts=(f"127.0.0.1:{elsewhere.port}",)) as engine:
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
        assert (tmp_path / "raw.part").read_bytes() == AUDIO
        (there,) = elsewhere.seen()
    assert [seen.url.partition("?")[2] for seen in fal.seen()] == ["", "moved"]
    assert all("authorization" not in seen.headers for seen in (*fal.seen(), there))


async def test_an_interrupted_download_resumes_after_a_redirect(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("cut", fraction=0.5))
    fal.fail("file", Fault("redirect", text="?moved"))
    async with at(fal) as engine:
        await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert (tmp_path / "raw.part").read_bytes() == AUDIO
    assert [seen.headers.get("range") for seen in fal.seen()] == [None, "bytes=1048576-", "bytes=1048576-"]


async def test_redirects_to_unlisted_hosts_are_refused(fal: FalServer, tmp_path: Path) -> None:
    with FalServer() as elsewhere:
        there = stored(elsewhere).url
        fal.fail("file", Fault("redirect", text=there))
        async with at(fal) as engine:
            with pytest.raises(errors.HostRefused, match=f"redirect to {elsewhere.url}, which"):
                await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
            with pytest.raises(errors.HostRefused, match="result_hosts"):
                await engine.fetch(stored(fal, url=there), tmp_path / "raw.part", Reports())
        assert elsewhere.seen() == []


async def test_endless_redirects_are_refused(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("file", Fault("redirect", text="?again"), times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.HostRefused, match=r"^The answer was a redirect to the same host,"):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert len(fal.seen("file")) == 6


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:99999999/", "mailto:x@y", "", "//", "\x01"])
async def test_a_redirect_to_nowhere_is_refused(fal: FalServer, tmp_path: Path, target: str) -> None:
    fal.fail("file", Fault("redirect", text=target), times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.OutageError):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert not (tmp_path / "raw.part").exists()


async def test_an_unwritable_folder_is_named(fal: FalServer, tmp_path: Path) -> None:
    async with at(fal) as engine:
        with pytest.raises(errors.OutputUnwritable):
            await engine.fetch(stored(fal), tmp_path / "no such folder" / "raw.part", Reports())
