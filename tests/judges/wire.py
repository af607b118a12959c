"""Compares our requests with those of fal's own clients, and lists the intended differences.

`python -m tests.judges.wire` prints the page docs/fal-wire.md, generated from the tables in this module.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.fal_server import Seen

PYTHON, JS = "fal-client (Python)", "@fal-ai/client (JavaScript)"

# Headers added by a proxy, a runtime or a library; fal ignores them.
IGNORED = {
    "host": "given by the URL",
    "connection": "set by the HTTP library",
    "user-agent": "the name of each client",
    "accept-encoding": "set by the HTTP library",
    "accept-language": "added by Node's fetch",
    "sec-fetch-mode": "added by Node's fetch",
    "x-judge-url": "added by our test: the URL that the client requested",
}


@dataclass(frozen=True)
class Difference:
    """An intended difference between our requests and a client's; test_same_wire.py allows no other differences."""

    call: str  # call that sends the request, as in fal_faults.CALLS
    judge: str  # the client of fal with which our engine is compared
    what: str  # part of the request that differs
    theirs: str | None  # what the client sends; None for nothing
    ours: str | None  # what our engine sends; None for nothing
    reason: str


DIFFERENCES = (
    Difference(
        "submit",
        PYTHON,
        "header accept",
        "*/*",
        "application/json",
        "We read JSON; fal's JavaScript client says the same.",
    ),
    Difference(
        "status",
        PYTHON,
        "header accept",
        "*/*",
        "application/json",
        "We read JSON; fal's JavaScript client says the same.",
    ),
    Difference(
        "submit",
        PYTHON,
        "header x-fal-object-lifecycle-preference",
        None,
        '{"expiration_duration_seconds": 604800}',
        "fal should delete the result after `[fal] result_expires`; the JavaScript client sends the same header.",
    ),
    Difference("status", PYTHON, "query logs", "true", "1", "fal's documentation and its JavaScript client use 1."),
    Difference(
        "result",
        PYTHON,
        "header accept",
        "*/*",
        "application/json",
        "We read JSON; fal's JavaScript client says the same.",
    ),
    Difference(
        "cancel",
        PYTHON,
        "header accept",
        "*/*",
        "application/json",
        "We read JSON; fal's JavaScript client says the same.",
    ),
    Difference(
        "stream",
        JS,
        "header accept",
        "application/json, text/event-stream",
        "text/event-stream",
        "Theirs combines two spellings of one header; we want only the stream.",
    ),
    Difference(
        "stream", JS, "header content-type", "application/json", None, "A GET has no body, and so no content type."
    ),
    Difference("upload", PYTHON, "header accept", "*/*", "application/json", "The reply is JSON."),
    Difference(
        "upload",
        PYTHON,
        "header x-fal-object-lifecycle-preference",
        '{"expiration_duration_seconds": 86400}',
        None,
        "That header is for the results of a request. For uploads, both send X-Fal-Object-Lifecycle.",
    ),
)


@dataclass(frozen=True)
class Behaviour:
    """An intended difference that involves several requests, and the test that checks it."""

    theirs: str
    ours: str
    reason: str
    test: str


BEHAVIOURS = (
    Behaviour(
        "They submit again after a timeout, a reset, 408, 409 and an ingress 502, 503 or 504.",
        "We submit again only without a connection, after 429, and after a 503 with a platform's error_type.",
        "Theirs submits and pays twice if only the reply was lost.",
        "test_fal_submit.py::test_a_submission_that_may_have_arrived_is_never_repeated",
    ),
    Behaviour(
        "Without a connection to queue.fal.run they send the request, with the key, to queue.falrun.com.",
        "We wait and try the configured URL again.",
        "The key goes only to the two configured base URLs.",
        "test_fal_safety.py::test_which_urls_may_get_key_and_audio",
    ),
    Behaviour(
        "They send the key to any URL in a reply.",
        "We replace a URL that is not under a configured base URL by one built from the request ID.",
        "The same.",
        "test_fal_submit.py::test_foreign_urls_never_get_the_key_and_are_rebuilt",
    ),
    Behaviour(
        "The PUT to a presigned URL of storage type gcs has the key (Python).",
        "We upload files with an HTTP client that does not have the key.",
        "The storage host does not need the key.",
        "test_fal_storage.py::test_presigned_is_two_requests_and_the_second_has_no_key",
    ),
    Behaviour(
        "They follow redirects (Python, synchronous).",
        "We follow only the redirect of a GET to a trusted host; the key goes only to the two configured base URLs.",
        "A redirect could send the audio or the key elsewhere.",
        "test_fal_safety.py::test_a_redirect_gets_the_key_only_at_a_configured_base",
    ),
    Behaviour(
        "They submit on a connection that was kept open, if there is one.",
        "We open a new connection for each submission.",
        "A server may close a kept connection just as it is used; then nobody knows if the submission arrived.",
        "test_fal_submit.py::test_a_connection_that_was_kept_for_too_long_does_not_lose_the_submission",
    ),
    Behaviour(
        "A single 500 on a status query ends the wait and leaves the request running (Python).",
        "We repeat the query until one succeeds, without a time limit.",
        "The request is paid, and an outage says nothing about it.",
        "test_fal_polling.py::test_a_poll_is_repeated_until_answered",
    ),
    Behaviour(
        "They ignore Retry-After.",
        "We wait for that time, up to 5 minutes.",
        "fal knows best when to try again.",
        "test_fal_submit.py::test_too_many_requests_waits_as_long_as_fal_asks",
    ),
    Behaviour(
        "They query the status every 0.1 s (Python) or 0.5 s (JavaScript).",
        "We query at once, after 0.5 s, and then at intervals up to 3 s; the status stream triggers the next query.",
        "As fast, with a tenth of the requests.",
        "test_fal_polling.py::test_the_stream_triggers_the_next_poll",
    ),
    Behaviour(
        "The direct upload goes to a constant host (Python).",
        "Ours goes to the base URL in the token reply, if its host is in our list.",
        "fal can move its storage, and self-hosted or fake storage works.",
        "test_fal_storage.py::test_direct_upload_is_the_fallback",
    ),
    Behaviour(
        "They upload files above 90 MiB (JavaScript) or 100 MiB (Python) in parts.",
        "We upload every clip in one request.",
        "The longest clip is a FLAC of about 60 MB.",
        "test_fal_storage.py::test_progress_follows_the_bytes",
    ),
)


@dataclass(frozen=True)
class Shape:
    """The parts of a request that are compared."""

    method: str
    path: str  # with IDs replaced by fixed words
    query: dict[str, str]
    headers: dict[str, str]
    body: Any  # JSON with URLs replaced, or bytes


def shape_of(seen: Seen) -> Shape:
    """Return the parts of a request that are compared, with secrets, IDs and hosts replaced by fixed words."""
    parts = urlsplit(seen.headers.get("x-judge-url", seen.url))
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    query = {name: "…" if name == "signature" else value for name, value in query.items()}
    headers = {name: value for name, value in seen.headers.items() if name not in IGNORED}
    if seen.method in ("GET", "PUT") and headers.get("content-length") == "0":
        del headers["content-length"]
    if "json" in headers.get("content-type", "") and seen.body:
        del headers["content-length"]  # depends on white space in the JSON
    if "authorization" in headers:
        headers["authorization"] = headers["authorization"].partition(" ")[0] + " …"
    for name in ("x-fal-object-lifecycle", "x-fal-object-lifecycle-preference"):
        if name in headers:
            headers[name] = json.dumps(json.loads(headers[name]))
    return Shape(seen.method, _plain_path(parts.path), query, headers, _plain_body(seen))


def differences(call: str, judge: str, theirs: Shape, ours: Shape) -> set[tuple[str, str, str, str | None, str | None]]:
    """Return (call, judge, part of the request, theirs, ours) for every difference between two requests."""
    parts: dict[str, tuple[Any, Any]] = {
        "method": (theirs.method, ours.method),
        "path": (theirs.path, ours.path),
        "body": (theirs.body, ours.body),
    }
    for kind, left, right in (("query", theirs.query, ours.query), ("header", theirs.headers, ours.headers)):
        for name in left.keys() | right.keys():
            parts[f"{kind} {name}"] = (left.get(name), right.get(name))
    return {(call, judge, what, one, other) for what, (one, other) in parts.items() if one != other}


def _plain_path(path: str) -> str:
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path)
    return re.sub(r"/upload/[0-9a-f]{16}$", "/upload/ID", path)


def _plain_body(seen: Seen) -> Any:
    if "json" not in seen.headers.get("content-type", "") or not seen.body:
        return seen.body
    body = json.loads(seen.body)
    if isinstance(body, dict) and "audio_url" in body:
        body["audio_url"] = "URL"
    return body


def render() -> str:
    """Return the text of docs/fal-wire.md."""
    lines = [
        "# How the bridge's requests to fal differ from those of fal's own clients",
        "",
        "Generated from tests/judges/wire.py by `python -m tests.judges.wire`; do not edit by hand.",
        "tests/judges/test_same_wire.py sends the same requests from the bridge and from fal's unpatched clients to",
        "the fake, and compares method, URL, headers and body. It compares submissions, status queries, results,",
        "cancels and direct uploads with the Python client, and presigned uploads and the status stream with the",
        "JavaScript client. Everything is the same except for these lines.",
        "",
        "## Single requests",
        "",
        *_table(
            ("Request", "Compared with", "Part", "fal's client", "The bridge", "Reason"),
            ((d.call, d.judge, d.what, _cell(d.theirs), _cell(d.ours), d.reason) for d in DIFFERENCES),
        ),
        "",
        "Not compared: " + "; ".join(f"`{name}` ({why})" for name, why in IGNORED.items()) + ".",
        "",
        "## Behaviour over several requests",
        "",
        *_table(
            ("fal's clients", "The bridge", "Reason", "Test"),
            ((b.theirs, b.ours, b.reason, f"tests/engines/{b.test}") for b in BEHAVIOURS),
        ),
    ]
    return "\n".join(lines) + "\n"


def _cell(value: str | None) -> str:
    return "not sent" if value is None else f"`{value}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    cells = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(row)} |" for row in cells]


if __name__ == "__main__":
    sys.stdout.write(render())
