"""The fal engine's HTTP clients: two for requests with the key (one of them for submissions), one for requests without.

This module handles only HTTP; queue.py and storage.py handle fal's APIs. A GET is redirected only to a URL that may
have received the request itself, other requests never. Answers are limited in size, and each error says whether the
request may have been sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from bridge.engines.fal.hosts import Hosts, redirected, shown
from bridge.engines.fal.secrets import Secrets
from bridge.engines.fal.settings import Timeouts
from bridge.errors import OutageError
from bridge.util import project

log = logging.getLogger(__name__)

_LARGEST_ANSWER = 8 * 1024 * 1024  # maximum bytes of a JSON answer; download.py has its own limit for audio
_HOPS = 5  # maximum redirects of one request
_KEPT = 8  # maximum number of unused connections to keep open per client
_IDLE = 15.0  # seconds to keep an unused connection open: longer than any pause between polls
_NO_PROXY = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}


class WireError(Exception):
    """The request got no complete answer. Used only within this package.

    Attributes:
        written: Whether writing the request had begun; if so, the request may have arrived.
    """

    def __init__(self, text: str, *, written: bool) -> None:
        super().__init__(text)
        self.written = written


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer to a request."""

    status: int  # HTTP status
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # the body's bytes, unchanged
    data: Any  # the JSON value in the body; None if the body is not JSON


class Wire:
    """The engine's HTTP clients, which send each request once, without retries."""

    def __init__(self, hosts: Hosts, secrets: Secrets, timeouts: Timeouts) -> None:
        self.hosts = hosts
        self.secrets = secrets
        self.timeouts = timeouts
        self._open: list[httpx.AsyncClient] = []  # clients for requests with the key, without it, and for submissions
        self._making = asyncio.Lock()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        silence: float | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Send one request with the key and read the whole answer.

        Args:
            method: HTTP method.
            url: URL under one of the configured base URLs.
            json: Body, if any.
            headers: Additional headers.
            silence: Maximum wait for more bytes of the answer, s; None: `Timeouts.ask`.
            fresh: Whether to open a connection for this request, for requests that must not be repeated. The server
                may be about to close a connection that was kept open.

        Raises:
            HostRefused: the key must not be sent to this URL.
            WireError: there is no complete answer.
        """
        silence = self.timeouts.ask if silence is None else silence
        async with self.listen(method, url, json=json, headers=headers, silence=silence, fresh=fresh) as response:
            return await read_answer(response)

    @asynccontextmanager
    async def listen(
        self,
        method: str,
        url: str,
        *,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        silence: float,
        fresh: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """Send one request with the key and yield the streamed answer (see `ask`)."""
        self.hosts.require_key(url)
        asked = {"Accept": "application/json", **(headers or {}), "Authorization": self.secrets.authorization()}
        keyed, _, once = await self._ready()
        client = once if fresh else keyed
        trusted = self.hosts.may_have_key
        async with self._followed(client, method, url, trusted, json=json, headers=asked, silence=silence) as response:
            yield response

    @asynccontextmanager
    async def move(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send or download a file without the key and yield the streamed answer.

        Raises:
            HostRefused: the URL's host is not listed for audio.
            WireError: there is no complete answer.
        """
        self.hosts.require_audio(url)
        silence = self.timeouts.move
        _, bare, _ = await self._ready()
        parts = {"content": content, "headers": headers, "silence": silence}
        async with self._followed(bare, method, url, self.hosts.may_have_audio, **parts) as moved:
            yield moved

    async def aclose(self) -> None:
        """Close all connections."""
        while self._open:
            await self._open.pop().aclose()

    @asynccontextmanager
    async def _followed(
        self, client: httpx.AsyncClient, method: str, url: str, trusted: Callable[[str], bool], **parts: Any
    ) -> AsyncIterator[httpx.Response]:
        """Send a request, follow a GET's redirects to trusted URLs, and yield the last answer, even if a redirect."""
        for left in range(_HOPS if method == "GET" else 0, -1, -1):
            async with self._exchange(client, method, url, **parts) as response:
                target = redirected(url, response.headers.get("location", "")) if response.has_redirect_location else ""
                if not left or not trusted(target):
                    yield response
                    return
            url = target

    @asynccontextmanager
    async def _exchange(
        self, client: httpx.AsyncClient, method: str, url: str, *, silence: float, **parts: Any
    ) -> AsyncIterator[httpx.Response]:
        trace = _Trace()
        limits = httpx.Timeout(silence, connect=self.timeouts.connect, pool=None)
        request = client.build_request(method, url, timeout=limits, extensions={"trace": trace}, **parts)
        where = f"{method} {shown(url)}{request.url.path}"
        try:
            response = await client.send(request, stream=True)
            log.debug("%s → %d", self.secrets.scrub(where), response.status_code)
            try:
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            text = self.secrets.scrub(f"{_plain(error)} ({shown(url)})")
            log.debug("%s → %s", self.secrets.scrub(where), text)
            raise WireError(text, written=trace.written) from error
        except httpx.InvalidURL as error:  # raised by httpx for the target of a redirect
            raise WireError(f"a redirect to an invalid URL ({shown(url)})", written=trace.written) from error

    async def _ready(self) -> tuple[httpx.AsyncClient, httpx.AsyncClient, httpx.AsyncClient]:
        """Return the clients for requests with the key, without it, and for submissions, made at first use.

        They are made in a thread: reading the certificates takes about 0.1 s, which would block the event loop.
        """
        async with self._making:
            if not self._open:
                self._open = await asyncio.to_thread(self._make)
        return self._open[0], self._open[1], self._open[2]

    def _make(self) -> list[httpx.AsyncClient]:
        try:
            tls = httpx.create_ssl_context()
            return [_client(tls), _client(tls), _client(tls, kept=0)]
        except OSError as error:
            raise OutageError("The certificates named by SSL_CERT_FILE or SSL_CERT_DIR cannot be read.") from error
        except (ImportError, ValueError) as error:  # an unsupported SOCKS proxy, or an invalid proxy URL
            raise OutageError(
                "The proxy named by HTTPS_PROXY or ALL_PROXY cannot be used.",
                hint="Set it to an http:// address or remove it, then `ace-bridge retry`.",
            ) from error


def _client(tls: ssl.SSLContext, kept: int = _KEPT) -> httpx.AsyncClient:
    """Make a client without cookies or redirects; the user's proxy settings apply, except for loopback.

    Args:
        tls: Certificates.
        kept: Maximum number of unused connections to keep open.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": project.user_agent()},
        verify=tls,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=kept, keepalive_expiry=_IDLE),
        mounts=_NO_PROXY,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


async def read_answer(response: httpx.Response) -> Answer:
    """Read an answer up to a size limit. A longer answer is cut off and is then not valid JSON."""
    body = bytearray()
    async for block in response.aiter_bytes():
        body += block
        if len(body) > _LARGEST_ANSWER:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, bytes(body), parse_json(bytes(body)))


def parse_json(body: bytes) -> Any:
    """Return the JSON value in the bytes, or None if they are not valid JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class _Trace:
    """A record of whether the HTTP library has begun to write the request. A CONNECT to a proxy does not count."""

    def __init__(self) -> None:
        self.written = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self.written = True


def _plain(error: httpx.HTTPError) -> str:
    """Describe an HTTP library's error without quoting its text."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    return f"the connection failed: {type(error).__name__}"


_WORDS: tuple[tuple[type[httpx.HTTPError], str], ...] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.ProxyError, "the proxy refused the connection"),
    (httpx.WriteTimeout, "the data could not be sent in time"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.DecodingError, "the answer cannot be decompressed"),
    (httpx.NetworkError, "the connection broke"),
    (httpx.RemoteProtocolError, "the connection was closed before the answer was complete"),
)
