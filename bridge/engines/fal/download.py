"""Downloads a result without sending the key, resumes after interruptions, and accepts only a complete file.

The result has been paid for, so an outage only delays the download. A download fails if several attempts in a row break
off at the same byte. The `fetch` stage repeats a download that failed or whose file cannot be used.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from bridge.engines.base import Report
from bridge.engines.fal.errors import Doing, error_from, is_page
from bridge.engines.fal.retry import Patience, is_passing
from bridge.engines.fal.wire import Answer, Wire, WireError, read_answer
from bridge.errors import NetworkDown, ResultNotAudio, ResultTooLarge, ResultTruncated
from bridge.util import busy_files
from bridge.util.atomic import discard, explain
from bridge.util.flush import flush

_TRIES = 5  # maximum failed attempts without a new byte, outages excluded
_TRIES_MISSING = 6  # 404 answers, over about 15 s, after which the result (which was paid for) counts as gone
_LARGEST = 2 * 1024**3  # maximum bytes of a result; an hour of 32-bit float stereo at 48 kHz is 1.4e9 bytes
_STEP = 8 * 1024**2  # bytes between syncs to disk
_TEXT = (b"<", b"{", b"[")  # first bytes of HTML, XML and JSON; no audio format begins with them
_SPAN = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(slots=True)
class _Progress:
    """The progress of one download."""

    have: int = 0  # bytes on disk
    etag: str = ""  # ETag of the result that the bytes on disk belong to
    fruitless: int = 0  # failed attempts since the last new byte, outages excluded
    missing: int = 0  # 404 answers
    attempt: int = 0  # attempts since the last new byte, outages included


class Download:
    """The download of one result into one file."""

    def __init__(self, wire: Wire, patience: Patience, url: str, into: Path, report: Report) -> None:
        self._wire = wire
        self._patience = patience
        self._url = url
        self._into = into
        self._report = report
        self._at = _Progress()

    async def run(self) -> None:
        """Download the file, continuing after the bytes already on disk.

        Raises:
            HostRefused: the result is, or was redirected to, a host that is not on the allow-list.
            ResultGone: the storage says that the result is gone, if with 404, then several times.
            StorageRefused: the storage refused the request in another way.
            ResultNotAudio: the answer is not audio. Bytes from earlier attempts are kept.
            ResultTooLarge: the file is too large; its bytes are deleted.
            ResultTruncated: the download keeps breaking off after the first byte.
            NetworkDown: the download keeps breaking off before the first byte.
            DiskFull, OutputUnwritable: the file cannot be written.
        """
        self._at.have = await asyncio.to_thread(_trim, self._into)
        while True:
            before, answer = self._at.have, None
            try:
                answer = await self._take()
                if answer is None:
                    return
                self._report(message=f"fal's storage answered {answer.status}; trying again")
            except WireError as broken:
                self._count(broken, before)
                self._report(
                    message="waiting for the network" if not broken.written else "the download was interrupted"
                )
            except ResultTooLarge:
                await asyncio.to_thread(discard, self._into)
                raise
            except OSError as problem:
                raise explain(problem, self._into) from problem
            await self._patience.pause(self._at.attempt, answer)
            self._at.attempt += 1

    def _count(self, broken: WireError, before: int) -> None:
        """Count attempts without a new byte and give up after too many. Outages do not count."""
        if self._at.have > before:
            self._at.fruitless = self._at.attempt = 0
            return
        if broken.written:
            self._at.fruitless += 1
        if self._at.fruitless >= _TRIES:
            if self._at.have:
                raise ResultTruncated from broken
            raise NetworkDown(f"The result could not be downloaded: {broken}.") from broken

    async def _take(self) -> Answer | None:
        """Request the remaining bytes. Return None if the file is complete, otherwise the temporary error answer."""
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._at.have:
            headers["Range"] = f"bytes={self._at.have}-"
            if self._at.etag:
                headers["If-Range"] = self._at.etag
        async with self._wire.move("GET", self._url, headers=headers) as response:
            if response.status_code in (200, 206):
                await self._write(response)
                return None
            answer = await read_answer(response)
        start, total = _span(answer.headers)
        if answer.status == 416 and self._at.have and start is None:
            if total == self._at.have:
                return None
            await asyncio.to_thread(busy_files.remove, self._into)  # the bytes on disk are from a different result
            self._at.have = 0
            return answer
        if is_passing(answer) or self._may_appear(answer):
            return answer
        raise error_from(answer, Doing.TAKE, self._wire.secrets.scrub)

    def _may_appear(self, answer: Answer) -> bool:
        """Return whether to try again after a 404, since some of the storage's servers may not have the result yet."""
        if answer.status != 404 or is_page(answer):
            return False
        self._at.missing += 1
        return self._at.missing < _TRIES_MISSING

    async def _write(self, response: httpx.Response) -> None:
        """Append the body to the file, or overwrite the file if the body is the complete result.

        The first bytes say whether the body can be audio; the declared type may be wrong, in both directions.

        Raises:
            WireError: the body is shorter than declared.
            ResultNotAudio: the body is HTML, XML or JSON; the file is unchanged.
        """
        blocks = response.aiter_bytes(256 * 1024)
        block = await anext(blocks, b"")
        if response.status_code == 200 and block.lstrip()[:1] in _TEXT:
            kind = self._wire.secrets.scrub(response.headers.get("content-type", "")[:80])
            raise ResultNotAudio(f"fal's storage sent text ({kind or 'of no declared type'}) instead of audio.")
        self._at.etag = response.headers.get("etag", "")
        total = self._begin(response)
        if total is not None and total > _LARGEST:
            raise ResultTooLarge
        file = await asyncio.to_thread(self._into.open, "ab" if self._at.have else "wb")
        with file:
            while block:
                before, self._at.have = self._at.have, self._at.have + len(block)
                await asyncio.to_thread(_append, file, block, sync=self._at.have // _STEP > before // _STEP)
                if self._at.have > _LARGEST:
                    raise ResultTooLarge
                if total:
                    self._report(fraction=min(1.0, self._at.have / total))
                block = await anext(blocks, b"")
        if total is not None and self._at.have < total:
            raise WireError("the result ended early", written=True)

    def _begin(self, response: httpx.Response) -> int | None:
        """Set where in the file the answer's bytes start, and return the result's total size, or None if unknown."""
        length = response.headers.get("content-length", "")
        size = int(length) if length.isdecimal() else None
        if response.status_code == 200:
            self._at.have = 0
            return size
        start, total = _span(response.headers)
        if start != self._at.have:
            self._at.have = 0
            raise WireError("a different part of the result was sent than requested", written=True)
        return total if total is not None or size is None else start + size


def _span(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return the start and the total size from the Content-Range header; a missing number is None."""
    found = _SPAN.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return None, None
    return (int(found[1]) if found[1] else None), (int(found[2]) if found[2] != "*" else None)


def _append(file: BinaryIO, block: bytes, *, sync: bool) -> None:
    """Write a block. With `sync`, also flush everything written so far to disk."""
    file.write(block)
    if sync:
        flush(file)


def _trim(path: Path) -> int:
    """Truncate an earlier attempt's file to its synced bytes and return the new size.

    After a power cut, the bytes that were not synced may be zeros.
    """
    if not path.exists():
        return 0
    kept = max(0, path.stat().st_size // _STEP - 1) * _STEP
    busy_files.when_free(lambda: os.truncate(path, kept))
    return kept
