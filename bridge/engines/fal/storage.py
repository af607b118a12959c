"""Uploads clips to fal: requests an upload URL with the key, then sends the file without the key.

fal's presigned upload is tried first (two requests, real progress). If it fails, the file goes directly to fal's CDN.
A success counts only in the form that fal's storage sends, since a proxy or a Wi-Fi login page may answer anything
with status 200.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from bridge.engines.base import Report, Uploaded
from bridge.engines.fal.errors import Doing, error_from, is_page
from bridge.engines.fal.hosts import shown
from bridge.engines.fal.retry import Patience, is_passing
from bridge.engines.fal.settings import lifecycle
from bridge.engines.fal.wire import Answer, Wire, WireError, read_answer
from bridge.errors import (
    AccountError,
    AnswerStrange,
    EngineError,
    NetworkDown,
    OutageError,
    RateLimited,
    SourceMissing,
    UploadFailed,
)

log = logging.getLogger(__name__)

MIME = "audio/flac"
LIFECYCLE = "X-Fal-Object-Lifecycle"
_SURE_TO_KEEP = 604800  # minimum time that fal keeps a file by default, s
_CDN = "https://v3.fal.media"  # used if the token answer names no base URL
_BLOCK = 256 * 1024  # bytes per block; also the resolution of the reported progress
_TRIES = 3  # maximum attempts per request


@dataclass(frozen=True, slots=True)
class _Clip:
    """The file to upload."""

    path: Path
    name: str  # ASCII, since it goes into a header
    size: int  # bytes
    report: Report


class FalStorage:
    """Uploads clips to fal."""

    def __init__(self, wire: Wire, patience: Patience, expires: int | None) -> None:
        """Set the lifetime of clips at fal, in seconds (None: forever)."""
        self._wire = wire
        self._patience = patience
        self._expires = expires
        self.host = httpx.URL(wire.hosts.rest).netloc.decode("ascii")  # part of the upload cache's lookup keys

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Upload the FLAC file; safe to repeat.

        Args:
            path: The file.
            sha256: SHA-256 of the file's bytes; its first characters become part of the file's name at fal.
            report: Receives the fraction of bytes sent.

        Raises:
            EngineError: both protocols failed, the account is locked, or fal cannot be reached.
            SourceMissing: the file cannot be read.
        """
        clip = _Clip(path, f"clip-{sha256[:8]}.flac", await asyncio.to_thread(_size, path), report)
        until = self._patience.clock() + (_SURE_TO_KEEP if self._expires is None else self._expires)
        try:
            url = await self._presigned(clip)
        except EngineError as refused:
            if isinstance(refused, AccountError | NetworkDown):
                raise  # the direct upload would fail too: it starts with the same host and key
            log.warning("the presigned upload failed; trying the direct one: %s", refused)
            url = await self._directly(clip, refused)
        report(fraction=1.0)
        return Uploaded(url, self.host, until)

    async def _directly(self, clip: _Clip, refused: EngineError) -> str:
        """Fall back to the direct upload; if this fails too, report the error from the presigned upload."""
        try:
            return await self._direct(clip)
        except (AccountError, NetworkDown):
            raise
        except EngineError as again:
            log.warning("the direct upload failed too: %s", again)
            if isinstance(refused, OutageError | RateLimited):
                raise refused from again
            raise UploadFailed(f"The clip could not be uploaded. {refused.text}") from again

    async def _presigned(self, clip: _Clip) -> str:
        """Request an upload URL, which allows one PUT within a few minutes, and send the file there."""
        file_url = ""

        async def once() -> Answer:
            nonlocal file_url
            named = await self._ask(
                "/storage/upload/initiate?storage_type=fal-cdn-v3",
                {"content_type": MIME, "file_name": clip.name},
                self._lifecycle(),
            )
            upload_url, file_url = _text(named, "upload_url"), _text(named, "file_url")
            return await self._send("PUT", upload_url, clip, {})

        await self._sent(once, clip.report, _is_stored, again=lambda answer: not _is_stored(answer))
        return _address(file_url)

    async def _direct(self, clip: _Clip) -> str:
        """Send the file to fal's CDN with an upload token."""
        named = await self._ask("/storage/auth/token?storage_type=fal-cdn-v3", {}, {})
        token, scheme = _text(named, "token"), _text(named, "token_type")
        self._wire.secrets.hide(token)
        base = named.get("base_url") or _CDN
        headers = {
            "Authorization": f"{scheme} {token}",
            "Accept": "application/json",
            "X-Fal-File-Name": clip.name,
            **self._lifecycle(),
        }
        if not (f"{scheme}{token}".isascii() and f"{scheme}{token}".isprintable()):
            raise AnswerStrange("fal's upload token contains invalid characters.")
        url = f"{str(base).rstrip('/')}/files/upload"
        send = lambda: self._send("POST", url, clip, headers)  # noqa: E731 - the same request for every attempt
        answer = await self._sent(send, clip.report, _has_object, again=_is_temporary)
        return _address(_text(answer.data, "access_url"))

    async def _ask(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """POST to the storage API and return its JSON object."""
        try:
            answer = await self._patience.persist(
                lambda: self._wire.ask("POST", f"{self._wire.hosts.rest}{path}", json=body, headers=headers),
                lambda text: log.info("upload: %s", text),
                again=_is_temporary,
                tries=_TRIES,
            )
        except WireError as broken:
            raise NetworkDown(f"fal cannot be reached, so the clip was not uploaded: {broken}.") from broken
        if not _has_object(answer):
            raise error_from(answer, Doing.STORE, self._wire.secrets.scrub)
        named: dict[str, Any] = answer.data
        return named

    async def _sent(
        self,
        request: Callable[[], Awaitable[Answer]],
        report: Report,
        stored: Callable[[Answer], bool],
        *,
        again: Callable[[Answer], bool],
    ) -> Answer:
        """Send a file, with retries, and return the answer that says that it is stored."""
        try:
            answer = await self._patience.persist(request, lambda text: report(message=text), again=again, tries=_TRIES)
        except WireError as broken:
            raise UploadFailed(f"The clip could not be uploaded: {broken}.") from broken
        if not stored(answer):
            raise error_from(answer, Doing.MOVE, self._wire.secrets.scrub)
        return answer

    async def _send(self, method: str, url: str, clip: _Clip, headers: Mapping[str, str]) -> Answer:
        """Stream the file in one request with its exact length, without the key."""
        asked = {"Content-Type": MIME, "Content-Length": str(clip.size), **headers}
        try:
            file = await asyncio.to_thread(clip.path.open, "rb")
        except OSError as error:
            raise SourceMissing(f"The rendered clip cannot be read: {error.strerror}.") from error
        with file:
            content = _blocks(file, clip)
            async with self._wire.move(method, url, headers=asked, content=content) as response:
                return await read_answer(response)

    def _lifecycle(self) -> dict[str, str]:
        return lifecycle(LIFECYCLE, self._expires)


async def _blocks(file: BinaryIO, clip: _Clip) -> AsyncIterator[bytes]:
    """Yield the file in blocks. The HTTP client takes a block only after it has sent the previous one."""
    sent = 0
    while block := await asyncio.to_thread(file.read, min(_BLOCK, clip.size - sent)):
        clip.report(fraction=sent / clip.size)
        yield block
        sent += len(block)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise SourceMissing(f"The rendered clip cannot be read: {error.strerror}.") from error


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _has_object(answer: Answer) -> bool:
    """Return whether an answer is a success with the JSON object that fal's storage sends."""
    return _is_success(answer) and isinstance(answer.data, dict)


def _is_stored(answer: Answer) -> bool:
    """Return whether the answer to a presigned PUT can come from a storage host, whose body is empty or short."""
    return _is_success(answer) and not is_page(answer) and b"<error" not in answer.body[:2048].lower()


def _is_temporary(answer: Answer) -> bool:
    """Return whether to repeat a request: the answer is a temporary error, or a success that fal did not send."""
    return is_passing(answer) or is_page(answer) or (_is_success(answer) and not _has_object(answer))


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    if not isinstance(value, str) or not value:
        raise AnswerStrange(f"fal's storage answered without {name}.")
    return value


def _address(url: str) -> str:
    """Return the file's URL, or raise `AnswerStrange` if it is not a valid URL."""
    if "://" not in shown(url):
        raise AnswerStrange("fal's storage returned an invalid URL for the clip.")
    return url
