"""Tests that uploads to fal send the exact bytes and length, report real progress, and send no key to storage hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bridge import errors
from tests.engines.fal_kit import KEY, Reports, Sleep, at, clip_bytes, clip_file, engine_at
from tests.fakes.fal_faults import ADMIN_LOCKED, LOCKED, Fault
from tests.fakes.fal_server import FalServer

PRESIGNED, DIRECT = ["initiate", "put"], ["token", "upload"]


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY) as server:
        yield server


def calls(fal: FalServer) -> list[str]:
    return [seen.call for seen in fal.seen()]


async def test_presigned_is_two_requests_and_the_second_has_no_key(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        uploaded = await engine.upload(path, sha256, Reports())
    asked, put = fal.seen()
    assert (asked.call, put.call) == ("initiate", "put")
    assert asked.url == f"{fal.url}/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert asked.json == {"content_type": "audio/flac", "file_name": f"clip-{sha256[:8]}.flac"}
    assert json.loads(asked.headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": 86400}
    assert "authorization" not in put.headers
    assert put.headers["content-type"] == "audio/flac"
    assert put.headers["content-length"] == str(path.stat().st_size)
    assert "transfer-encoding" not in put.headers
    assert put.body == path.read_bytes() == fal.storage.read(uploaded.url)
    assert uploaded.host == engine.capabilities.upload_host == f"127.0.0.1:{fal.port}"


async def test_progress_follows_the_bytes(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path, clip_bytes(8.0))
    reports = Reports()
    async with at(fal) as engine:
        await engine.upload(path, sha256, reports)
    fractions = reports.of("fraction")
    assert len(fractions) > 4
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("lost"), Fault("answer", 500), Fault("answer", 403)])
async def test_a_failed_upload_requests_a_new_url(fal: FalServer, tmp_path: Path, fault: Fault) -> None:
    fal.fail("put", fault, times=2)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        uploaded = await engine.upload(path, sha256, Reports())
    assert calls(fal) == PRESIGNED * 3
    assert fal.storage.read(uploaded.url) == path.read_bytes()


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("put", Fault("answer", 403)),
        ("put", Fault("html", status=200)),
        ("put", Fault("answer", 200, "<!doctype html><p>log in", {"Content-Type": "text/plain"})),
        ("put", Fault("answer", 200, "<Error><Code>InternalError</Code></Error>")),
        ("put", Fault("reset")),
        ("put", Fault("redirect", text="http://127.0.0.1:9/")),
        ("initiate", Fault("answer", 404, {"detail": "gone"})),
        ("initiate", Fault("html", status=502)),
        ("initiate", Fault("html", status=200)),
        ("initiate", Fault("answer", 200, ["no", "object"])),
        ("initiate", Fault("answer", 403, {"detail": "no"})),
        ("initiate", Fault("answer", 200, {"no": "url"})),
    ],
)
async def test_direct_upload_is_the_fallback(fal: FalServer, tmp_path: Path, call: str, fault: Fault) -> None:
    fal.fail(call, fault, times=-1)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        uploaded = await engine.upload(path, sha256, Reports())
    assert calls(fal)[-2:] == DIRECT
    (upload,) = fal.seen("upload")
    assert upload.url == f"{fal.url}/files/upload"
    assert upload.headers["authorization"].startswith("Bearer ")
    assert upload.headers["x-fal-file-name"] == f"clip-{sha256[:8]}.flac"
    assert json.loads(upload.headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": 86400}
    assert upload.headers["content-length"] == str(path.stat().st_size)
    assert fal.storage.read(uploaded.url) == path.read_bytes()
    for seen in fal.seen("put", "upload"):
        assert KEY not in str(seen.headers)


async def test_if_both_fail_the_first_error_is_raised_without_the_token(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("put", Fault("answer", 403, "<Error>SignatureDoesNotMatch</Error>"), times=-1)
    fal.fail("upload", Fault("answer", 400, {"detail": "no"}), times=-1)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        with pytest.raises(errors.StorageRefused, match=r"SignatureDoesNotMatch.*HTTP 403"):
            await engine.upload(path, sha256, Reports())


@pytest.mark.parametrize("call", ["put", "upload"])
async def test_a_web_page_does_not_mean_that_the_clip_is_stored(fal: FalServer, tmp_path: Path, call: str) -> None:
    if call == "upload":
        fal.fail("initiate", Fault("answer", 404), times=-1)
    fal.fail(call, Fault("html", status=200), times=2)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        uploaded = await engine.upload(path, sha256, Reports())
    assert fal.storage.read(uploaded.url) == path.read_bytes()
    assert len(fal.seen(call)) == 3


async def test_web_pages_instead_of_all_replies_are_reported(fal: FalServer, tmp_path: Path) -> None:
    for call in ("put", "upload"):
        fal.fail(call, Fault("html", status=200), times=-1)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        with pytest.raises(errors.UploadFailed, match="web page") as caught:
            await engine.upload(path, sha256, Reports())
    assert "login" in caught.value.hint


async def test_a_storage_403_to_both_protocols_is_not_about_the_model(fal: FalServer, tmp_path: Path) -> None:
    for call in ("initiate", "token"):
        fal.fail(call, Fault("answer", 403, {"detail": "no"}), times=-1)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        with pytest.raises(errors.StorageRefused, match="HTTP 403"):
            await engine.upload(path, sha256, Reports())
    assert calls(fal) == ["initiate", "token"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"detail": "no"}, errors.KeyRefused),
        (403, LOCKED, errors.BalanceEmpty),
        (403, ADMIN_LOCKED, errors.AccountLocked),
    ],
)
async def test_a_refused_account_has_no_fallback(
    fal: FalServer, tmp_path: Path, status: int, body: object, expected: type[errors.BridgeError]
) -> None:
    fal.fail("initiate", Fault("answer", status, body), times=-1)
    path, sha256 = clip_file(tmp_path)
    async with at(fal) as engine:
        with pytest.raises(expected):
            await engine.upload(path, sha256, Reports())
    assert calls(fal) == ["initiate"]


async def test_no_network_is_reported(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path)
    fal.pause()
    async with at(fal) as engine:
        with pytest.raises(errors.OutageError, match="cannot be reached"):
            await engine.upload(path, sha256, Reports())


async def test_too_many_requests_waits_as_fal_asks(fal: FalServer, tmp_path: Path) -> None:
    fal.fail("initiate", Fault("answer", 429, {"detail": "slow"}, {"Retry-After": "9"}))
    sleep = Sleep()
    path, sha256 = clip_file(tmp_path)
    async with at(fal, sleep) as engine:
        await engine.upload(path, sha256, Reports())
    assert sleep.asked == [9.0]


async def test_a_host_that_is_not_listed_gets_nothing(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path)
    with FalServer() as elsewhere:
        there = {"upload_url": f"{elsewhere.url}/upload/1", "file_url": f"{elsewhere.url}/files/1"}
        fal.fail("initiate", Fault("answer", 200, there), times=-1)
        fal.fail("token", Fault("answer", 200, {"token": "t" * 20, "token_type": "Bearer", "base_url": elsewhere.url}))
        async with at(fal) as engine:
            with pytest.raises(errors.HostRefused):
                await engine.upload(path, sha256, Reports())
        assert elsewhere.seen() == []
        async with at(fal) as engine:
            uploaded = await engine.upload(path, sha256, Reports())  # the direct upload still works
        assert uploaded.url.startswith(fal.url)
        assert elsewhere.seen() == []


async def test_storage_may_be_at_a_listed_host(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path)
    with FalServer() as storage:
        asked = {"content_type": "audio/flac", "file_name": "clip.flac"}
        url = f"{storage.url}/storage/upload/initiate?storage_type=fal-cdn-v3"
        named = httpx.post(url, json=asked, headers={"Authorization": "Key k"}, trust_env=False).json()
        fal.fail("initiate", Fault("answer", 200, named))
        async with at(fal, result_hosts=(f"127.0.0.1:{storage.port}",)) as engine:
            uploaded = await engine.upload(path, sha256, Reports())
        assert storage.storage.read(uploaded.url) == path.read_bytes()
        assert "authorization" not in storage.seen("put")[0].headers


@pytest.mark.parametrize(
    ("expires", "seconds", "kept"),
    [("1h", 3600, 3600), ("7d", 604800, 604800), ("1y", 31536000, 31536000), ("never", None, 604800)],
)
async def test_the_requested_lifetime_is_the_expiry(
    fal: FalServer, tmp_path: Path, expires: str, seconds: int | None, kept: int
) -> None:
    path, sha256 = clip_file(tmp_path)
    async with at(fal, upload_expires=expires) as engine:
        before = fal.now()
        uploaded = await engine.upload(path, sha256, Reports())
    header = fal.seen("initiate")[0].headers.get("x-fal-object-lifecycle")
    assert (json.loads(header)["expiration_duration_seconds"] if header else None) == seconds
    assert uploaded.expires is not None
    assert before + kept <= uploaded.expires <= fal.now() + kept


@pytest.mark.parametrize("name", ["upload_expires", "result_expires"])
def test_an_unknown_lifetime_is_an_invalid_setting(fal: FalServer, name: str) -> None:
    with pytest.raises(errors.ConfigInvalid, match=name):
        engine_at(fal, **{name: "2w"})


async def test_a_missing_clip_is_reported(fal: FalServer, tmp_path: Path) -> None:
    async with at(fal) as engine:
        with pytest.raises(errors.SourceMissing):
            await engine.upload(tmp_path / "none.flac", "0" * 64, Reports())
    assert fal.seen() == []
