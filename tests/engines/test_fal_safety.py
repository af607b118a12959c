"""Tests that the fal key and the user's audio go only to permitted hosts, and that no text or log contains the key."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import errors
from bridge.engines.base import Output, Ticket
from bridge.engines.fal.engine import FalEngine
from bridge.engines.fal.hosts import Hosts, redirected
from bridge.engines.fal.secrets import Secrets
from tests.engines.fal_kit import KEY, PATIENT, Reports, at, clip_file, order_for, stored_clip
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer

REAL = Hosts("https://queue.fal.run", "https://rest.fal.ai", ["*.fal.media", "storage.googleapis.com"])


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, zero_delay=True) as server:
        yield server


@pytest.mark.parametrize(
    ("url", "key", "audio"),
    [
        ("https://queue.fal.run/fal-ai/ace-step/requests/1", True, True),
        ("https://QUEUE.fal.run:443/x", True, True),
        ("https://rest.fal.ai/storage", True, True),
        ("https://v3.fal.media/files/a.wav", False, True),
        ("https://v3b.fal.media/files/a.wav", False, True),
        ("https://a.b.fal.media/x", False, True),
        ("https://storage.googleapis.com/x", False, True),
        ("https://fal.media/x", False, False),
        ("https://evilfal.media/x", False, False),
        ("https://v3.fal.media.evil.org/x", False, False),
        ("https://evil.storage.googleapis.com/x", False, False),
        ("https://v3.fal.media:8443/x", False, False),
        ("http://v3.fal.media/x", False, False),
        ("http://queue.fal.run/x", False, False),
        ("https://queue.fal.run:444/x", False, False),
        ("https://queue.fal.run@evil.org/x", False, False),
        ("https://user:pw@queue.fal.run/x", False, False),
        ("https://evil.org/https://queue.fal.run/", False, False),
        ("http://127.0.0.1:9000/x", False, False),
        ("http://169.254.169.254/latest/meta-data", False, False),
        ("file:///etc/passwd", False, False),
        ("//queue.fal.run/x", False, False),
        ("", False, False),
        ("https://[::1", False, False),
    ],
)
def test_which_urls_may_get_key_and_audio(url: str, key: bool, audio: bool) -> None:
    assert (REAL.may_have_key(url), REAL.may_have_audio(url)) == (key, audio)
    if not key:
        with pytest.raises(errors.HostRefused):
            REAL.require_key(url)


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://v3.fal.media/a/b.wav", "/c.wav", "https://v3.fal.media/c.wav"),
        ("https://v3.fal.media/a/b.wav", "https://v3b.fal.media/x", "https://v3b.fal.media/x"),
        ("https://v3.fal.media/a/b.wav", "//v3b.fal.media/x", "https://v3b.fal.media/x"),
        ("https://v3.fal.media/a/b.wav", "http://v3.fal.media/a/b.wav", ""),
        ("https://v3.fal.media/a/b.wav", "http://127.0.0.1/b.wav", ""),
        ("https://v3.fal.media/a/b.wav", "file:///etc/passwd", ""),
        ("https://v3.fal.media/a/b.wav", "https://[::1", ""),
        ("http://127.0.0.1/b.wav", "https://v3.fal.media/b.wav", "https://v3.fal.media/b.wav"),
        ("http://127.0.0.1/b.wav", "http://127.0.0.1/c.wav", "http://127.0.0.1/c.wav"),
    ],
)
def test_a_redirect_never_leads_from_https_to_http(url: str, location: str, target: str) -> None:
    assert redirected(url, location) == target


@pytest.mark.parametrize("call", ["status", "result"])
async def test_a_redirect_gets_the_key_only_at_a_configured_base(fal: FalServer, call: str) -> None:
    with FalServer() as elsewhere:
        async with at(fal, result_hosts=(f"127.0.0.1:{elsewhere.port}",), status_stream=False) as engine:
            order = order_for(stored_clip(fal))
            ticket = await engine.submit(order)
            fal.fail(call, Fault("redirect", text="?moved"))
            assert (await engine.follow(ticket, order, Reports())).seed == 7
            fal.fail(call, Fault("redirect", text=f"{elsewhere.url}/fal-ai/ace-step/requests/{ticket.request_id}"))
            with pytest.raises(errors.HostRefused, match="redirect to"):
                await engine.follow(ticket, order, Reports())
        assert elsewhere.seen() == []
    assert any(seen.url.endswith("?moved") and KEY in seen.headers["authorization"] for seen in fal.seen(call))


def test_a_configured_engine_may_be_plain_http_and_the_loopback_must_be_listed() -> None:
    own = Hosts("http://studio.local:8000/queue/", "http://studio.local:8000", ["127.0.0.1:9000", "localhost"])
    assert own.queue == "http://studio.local:8000/queue"
    assert own.may_have_key("http://studio.local:8000/anything")
    assert own.may_have_audio("http://127.0.0.1:9000/a.wav")
    assert own.may_have_audio("http://localhost:1234/a.wav")
    assert not own.may_have_audio("http://127.0.0.1:9001/a.wav")
    assert not own.may_have_key("http://127.0.0.1:9000/a.wav")


@pytest.mark.parametrize("url", ["queue.fal.run", "ftp://queue.fal.run", "https://", "https://me:pw@queue.fal.run"])
def test_an_invalid_base_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(errors.ConfigInvalid, match="queue_url"):
        Hosts(url, "https://rest.fal.ai", [])


def test_secrets_and_their_halves_are_redacted() -> None:
    secrets = Secrets(lambda: "id-part:secret/part")
    secrets.authorization()
    said = secrets.scrub("Key id-part:secret/part, secret/part, secret%2Fpart, innocent")
    assert said == "Key [hidden], [hidden], [hidden], innocent"


async def _everything(engine: FalEngine, fal: FalServer, tmp_path: Path) -> list[errors.BridgeError]:
    """Make each kind of request once; return the errors raised."""
    path, sha256 = clip_file(tmp_path)
    order = order_for(stored_clip(fal))
    output = Output(stored_clip(fal), None, None, {})
    ticket = Ticket("some-id")
    reports = Reports()
    requests = [
        lambda: engine.upload(path, sha256, reports),
        lambda: engine.submit(order),
        lambda: engine.follow(ticket, order, reports),
        lambda: engine.cancel(ticket),
        lambda: engine.fetch(output, tmp_path / "raw.part", reports),
    ]
    caught: list[errors.BridgeError] = []
    for request in requests:
        try:
            await request()
        except errors.BridgeError as error:
            caught.append(error)
    assert KEY not in str(reports.all)
    return caught


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 422, 499])
async def test_a_key_echoed_by_a_server_is_redacted(
    fal: FalServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG, "bridge")
    caplog.set_level(logging.INFO, "httpx")
    echo = {"detail": f"you sent Key {KEY} and {KEY.partition(':')[2]}", "error_type": KEY}
    for call in ("initiate", "put", "token", "upload", "submit", "status", "cancel", "file"):
        fal.fail(call, Fault("answer", status, echo, {"x-fal-request-id": KEY}), times=-1)
    async with at(fal) as engine:
        caught = await _everything(engine, fal, tmp_path)
    assert len(caught) >= 3  # for the cancel request, some of these statuses are valid answers
    texts = [f"{error} {error.to_wire()} {''.join(traceback.format_exception(error))}" for error in caught]
    for text in (*texts, caplog.text):
        assert KEY not in text
        assert KEY.partition(":")[2] not in text


async def test_connection_errors_do_not_contain_the_key(
    fal: FalServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bridge")
    caplog.set_level(logging.INFO, "httpx")
    for call in ("initiate", "submit", "cancel", "file"):
        fal.fail(call, Fault("reset"), times=-1)
    fal.fail("status", Fault("answer", 404), times=-1)
    async with at(fal) as engine:
        caught = await _everything(engine, fal, tmp_path)
    assert len(caught) == 5
    texts = ["".join(traceback.format_exception(error)) for error in caught]
    for text in (*texts, caplog.text):
        assert KEY.partition(":")[2] not in text


async def test_the_key_goes_only_to_queue_and_storage_api(fal: FalServer, tmp_path: Path) -> None:
    path, sha256 = clip_file(tmp_path)
    fal.fail("put", Fault("answer", 403), times=-1)  # so that both upload protocols are used
    async with at(fal) as engine:
        uploaded = await engine.upload(path, sha256, Reports())
        order = order_for(uploaded.url)
        output = await engine.follow(await engine.submit(order), order, Reports())
        await engine.fetch(output, tmp_path / "raw.part", Reports())
    with_key = {seen.call for seen in fal.seen() if KEY in str(seen.headers)}
    without = {seen.call for seen in fal.seen()} - with_key
    assert with_key == {"initiate", "token", "submit", "status", "result"}
    assert without == {"put", "upload", "file"}


async def test_an_endless_answer_is_cut(fal: FalServer) -> None:
    fal.fail("cancel", Fault("answer", 404, b"x" * (9 * 1024 * 1024)))
    async with at(fal, timeouts=PATIENT) as engine:
        assert (await engine.cancel(Ticket("an-id"))).value == "unknown"
