"""Tests the fal engine with its default settings, that is, with fal's own host names over TLS, through a proxy."""

from __future__ import annotations

import ssl
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bridge
from bridge import errors
from tests.engines.fal_kit import KEY, Reports, at, clip_file, order_for
from tests.fakes.fal_server import FalServer
from tests.judges.tunnel import ConnectProxy, certificate

pytestmark = pytest.mark.needs("judges")

SHIPPED: dict[str, Any] = tomllib.loads(
    (Path(bridge.__file__).parent / "config" / "default.toml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("tls"))


def use_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str, pem: Path) -> None:
    """Send all traffic for other machines through a proxy."""
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))


async def test_a_remix_at_fals_own_addresses(
    tls: tuple[Path, ssl.SSLContext], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = clip_file(tmp_path)
    with FalServer(key=KEY, tls=tls[1]) as fal, ConnectProxy(fal.port) as proxy:
        use_proxy(monkeypatch, proxy.url, tls[0])
        async with at(fal, **SHIPPED["fal"]) as engine:
            uploaded = await engine.upload(path, sha256, Reports())
            order = order_for(uploaded.url)
            output = await engine.follow(await engine.submit(order), order, Reports())
            await engine.fetch(output, tmp_path / "raw.part", Reports())
        assert uploaded.url.startswith("https://v3.fal.media/files/")
        assert output.url.startswith("https://v3.fal.media/files/")
        assert (tmp_path / "raw.part").read_bytes() == fal.storage.read(output.url)
        hosts = {seen.call: seen.headers["host"] for seen in fal.seen()}
        keyed = {seen.headers["host"] for seen in fal.seen() if KEY in str(seen.headers)}
    assert hosts["initiate"] == "rest.fal.ai"
    assert hosts["submit"] == hosts["status"] == hosts["result"] == "queue.fal.run"
    assert hosts["put"] == hosts["file"] == "v3.fal.media"
    assert keyed == {"rest.fal.ai", "queue.fal.run"}


async def test_a_proxy_that_refuses_is_an_outage_without_a_submission(
    tls: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FalServer() as refusing:  # an HTTP server that refuses CONNECT
        use_proxy(monkeypatch, refusing.url, tls[0])
        async with at(refusing, **SHIPPED["fal"]) as engine:
            with pytest.raises(errors.OutageError, match="nothing was submitted") as caught:
                await engine.submit(order_for("https://v3.fal.media/files/clip.flac"))
        assert not isinstance(caught.value, errors.SubmitUnknown)
        assert {seen.method for seen in refusing.seen()} == {"CONNECT"}


async def test_an_untrusted_certificate_is_an_outage_without_a_submission(
    tls: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FalServer(tls=tls[1]) as fal, ConnectProxy(fal.port) as proxy:
        use_proxy(monkeypatch, proxy.url, tls[0])
        monkeypatch.delenv("SSL_CERT_FILE")
        async with at(fal, **SHIPPED["fal"]) as engine:
            with pytest.raises(errors.OutageError, match="nothing was submitted"):
                await engine.submit(order_for("https://v3.fal.media/files/clip.flac"))
        assert fal.seen() == []
