"""The fake fal's file storage, with three kinds of upload: to a presigned URL, directly with a token, and in parts.

Stored files are public and expire according to their lifecycle header. API requests need the key; file URLs do not.
"""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.fal_faults import answer
from tests.fakes.fal_http import Reply, Request

PRESIGNED_LIVES = 120.0  # lifetime of a presigned URL, s
TOKEN_LIVES = 10800.0  # lifetime of an upload token, s
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class File:
    """A stored file."""

    url: str
    content_type: str
    created: float
    body: bytes | None = None  # None until the upload is complete
    expires: float | None = None  # lifetime after the file's creation, s
    name: str = ""
    lifecycle: Any = None  # the requested lifecycle
    parts: dict[int, bytes] = field(default_factory=dict)


class Storage:
    """The stored files; `files` maps each URL path to its file."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens: dict[str, float] = {}
        self._presigned: dict[str, File] = {}  # path of the upload URL → file
        self._multipart: dict[str, File] = {}  # upload ID → file
        self.files: dict[str, File] = {}

    def read(self, url: str) -> bytes | None:
        """Return the bytes that the model reads from a URL; None if the file does not exist."""
        path = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
        file = self._alive(path)
        return file.body if file is not None else None

    def keep(self, origin: str, name: str, body: bytes, content_type: str) -> str:
        """Store a result file and return its URL."""
        file = self._new(origin, name, content_type, None)
        file.body = body
        return file.url

    def expire(self, url: str) -> None:
        """Make a file expire now."""
        self.files["/" + url.partition("://")[2].partition("/")[2]].expires = -1.0

    def token(self, request: Request) -> Reply:
        """Reply to POST /storage/auth/token with an upload token."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._now() + TOKEN_LIVES
        until = datetime.fromtimestamp(self._tokens[token], UTC).isoformat()
        base = file_origin(request.origin)
        return answer(200, {"token": token, "token_type": "Bearer", "base_url": base, "expires_at": until})

    def initiate(self, request: Request) -> Reply:
        """Reply to POST /storage/upload/initiate and initiate-multipart with a presigned URL."""
        body = json.loads(request.body)
        if request.query.get("storage_type") not in ("fal-cdn-v3", "gcs"):
            return answer(400, {"detail": "Unknown storage type"})
        if not isinstance(body.get("content_type"), str) or not isinstance(body.get("file_name"), str):
            return answer(422, {"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing"}]})
        origin = file_origin(request.origin, gcs=request.query["storage_type"] == "gcs")
        file = self._new(origin, body["file_name"], body["content_type"], _lifecycle(request))
        upload = secrets.token_hex(8)
        if request.path.endswith("-multipart"):
            self._multipart[upload] = file
            url = f"{origin}/upload-parts/{upload}?signature={secrets.token_hex(8)}"
        else:
            self._presigned[f"/upload/{upload}"] = file
            url = f"{origin}/upload/{upload}?signature={secrets.token_hex(8)}"
        return answer(200, {"upload_url": url, "file_url": file.url})

    def put(self, request: Request) -> Reply:
        """Accept a PUT to a presigned URL; require a Content-Length, the declared Content-Type and an unexpired URL."""
        file = self._presigned.get(request.path)
        if file is None or self._now() - file.created > PRESIGNED_LIVES:
            return answer(403, "<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
        if "content-length" not in request.headers:
            return answer(411, "<Error><Code>MissingContentLength</Code></Error>")
        if request.headers.get("content-type") != file.content_type:
            return answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
        file.body = request.body
        return Reply(200, {"ETag": _etag(request.body)})

    def upload(self, request: Request) -> Reply:
        """Accept POST /files/upload with a complete file; require an upload token."""
        if (refusal := self._refuse_token(request)) is not None:
            return refusal
        kind = request.headers.get("content-type", "application/octet-stream")
        file = self._new(request.origin, request.headers.get("x-fal-file-name", "file"), kind, _lifecycle(request))
        file.body = request.body
        return answer(200, {"access_url": file.url})

    def multipart(self, request: Request) -> Reply:
        """Reply to POST /files/upload/multipart with the ID of an upload in parts; require an upload token."""
        if (refusal := self._refuse_token(request)) is not None:
            return refusal
        kind = request.headers.get("content-type", "application/octet-stream")
        file = self._new(request.origin, request.headers.get("x-fal-file-name", "file"), kind, _lifecycle(request))
        upload = secrets.token_hex(8)
        self._multipart[upload] = file
        return answer(200, {"access_url": file.url, "uploadId": upload})

    def part(self, request: Request, upload: str, number: int, *, token: bool) -> Reply:
        """Accept a PUT with one part; the reply contains the part's ETag as a header if `token`, otherwise in JSON."""
        if token and (refusal := self._refuse_token(request)) is not None:
            return refusal
        if upload not in self._multipart:
            return answer(404, {"detail": "Upload not found"})
        if not request.body:
            return answer(400, {"detail": "Content length appears to be zero"})
        self._multipart[upload].parts[number] = request.body
        tag = _etag(request.body)
        return Reply(200, {"ETag": tag}) if token else answer(200, {"partNumber": number, "etag": tag})

    def complete(self, request: Request, upload: str, *, token: bool) -> Reply:
        """Accept a POST with the list of parts, and join the parts into the file."""
        if token and (refusal := self._refuse_token(request)) is not None:
            return refusal
        file = self._multipart.get(upload)
        if file is None:
            return answer(404, {"detail": "Upload not found"})
        named = {part["partNumber"]: part["etag"] for part in json.loads(request.body)["parts"]}
        if named != {number: _etag(part) for number, part in file.parts.items()}:
            return answer(400, {"detail": "The parts do not match what was uploaded"})
        file.body = b"".join(file.parts[number] for number in sorted(named))
        return answer(200, {"url": file.url})

    def file(self, request: Request) -> Reply:
        """Reply to a GET with the file or the requested byte range."""
        file = self._alive(request.path)
        if file is None or file.body is None:
            return answer(404, {"detail": "Not found"})
        tag = _etag(file.body)
        headers = {"Content-Type": file.content_type, "Accept-Ranges": "bytes", "ETag": tag}
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if asked is None or request.headers.get("if-range", tag) != tag:
            return Reply(200, headers, file.body)
        start, size = int(asked[1]), len(file.body)
        if start >= size:
            return Reply(416, {"Content-Range": f"bytes */{size}"})
        end = min(int(asked[2] or size - 1), size - 1)
        return Reply(206, {**headers, "Content-Range": f"bytes {start}-{end}/{size}"}, file.body[start : end + 1])

    def _new(self, origin: str, name: str, content_type: str, lifecycle: Any) -> File:
        path = f"/files/{secrets.token_hex(6)}/{name}"
        expires = lifecycle.get("expiration_duration_seconds") if isinstance(lifecycle, dict) else None
        file = File(f"{origin}{path}", content_type, self._now(), None, expires, name, lifecycle)
        self.files[path] = file
        return file

    def _alive(self, path: str) -> File | None:
        file = self.files.get(path)
        if file is None or file.body is None:
            return None
        gone = file.expires is not None and self._now() > file.created + file.expires
        return None if gone else file

    def _refuse_token(self, request: Request) -> Reply | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self._tokens.get(token, 0.0) < self._now():
            return answer(401, {"detail": "Invalid token"})
        return None


def file_origin(origin: str, *, gcs: bool = False) -> str:
    """Return the origin of file URLs: fal's file host if `origin` is a fal API host, otherwise `origin` itself."""
    if "fal.ai" in origin or "fal.run" in origin:
        return "https://storage.googleapis.com" if gcs else "https://v3.fal.media"
    return origin


def _lifecycle(request: Request) -> Any:
    text = request.headers.get("x-fal-object-lifecycle")
    return json.loads(text) if text else None


def _etag(body: bytes) -> str:
    return f'"{zlib.crc32(body):08x}-{len(body):x}"'  # CRC-32 is fast enough for benchmarks of the bridge
