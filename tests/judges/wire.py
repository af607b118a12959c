"""Our requests beside those of fal's own clients, and the one table of the differences that are wanted.

``python -m tests.judges.wire`` prints docs/fal-wire.md, which is made from this table.
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

# What a proxy, a runtime or a library adds, and what means nothing to fal.
IGNORED = {
    "host": "follows from the address",
    "connection": "of the HTTP library",
    "user-agent": "each client says its own name",
    "accept-encoding": "of the HTTP library",
    "accept-language": "added by Node's fetch",
    "sec-fetch-mode": "added by Node's fetch",
    "x-judge-url": "added by our judge, holds the address that the client meant",
}


@dataclass(frozen=True)
class Difference:
    """One difference that is wanted, held by test_same_wire.py: exactly these and no others."""

    call: str  # the request
    judge: str  # whose request it differs from
    what: str  # the part of the request
    theirs: str | None  # None: they do not send it
    ours: str | None  # None: we do not send it
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
        "fal is asked to forget the result after [fal] result_expires; the JavaScript client asks the same way.",
    ),
    Difference("status", PYTHON, "query logs", "true", "1", "fal's documentation and its JavaScript client write 1."),
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
        "Theirs comes of two spellings of one header; the stream is what we want.",
    ),
    Difference(
        "stream", JS, "header content-type", "application/json", None, "A GET has no body that could have a type."
    ),
    Difference("upload", PYTHON, "header accept", "*/*", "application/json", "The answer is JSON."),
    Difference(
        "upload",
        PYTHON,
        "header x-fal-object-lifecycle-preference",
        '{"expiration_duration_seconds": 86400}',
        None,
        "That header is about what an order makes; uploads are ruled by X-Fal-Object-Lifecycle, which both send.",
    ),
)


@dataclass(frozen=True)
class Behaviour:
    """One thing that we do otherwise over time, with the test that holds it."""

    theirs: str
    ours: str
    reason: str
    test: str


BEHAVIOURS = (
    Behaviour(
        "An order is sent again after a timeout, a reset, 408, 409 and an ingress 502, 503 or 504.",
        "An order is sent again only without a connection, after 429, and after a 503 with a platform's error_type.",
        "Their way ordered and paid twice when only the answer was lost.",
        "test_fal_submit.py::test_what_may_have_arrived_is_never_sent_again",
    ),
    Behaviour(
        "Without a connection to queue.fal.run the request goes, with the key, to queue.falrun.com.",
        "It waits and tries the configured address again.",
        "The key goes to the two configured bases and nowhere else.",
        "test_fal_safety.py::test_who_may_have_what",
    ),
    Behaviour(
        "The key goes to whatever address an answer names.",
        "An address that is not at a configured base is built anew from the request's id.",
        "The same.",
        "test_fal_submit.py::test_addresses_elsewhere_never_get_the_key_and_the_order_is_found_again",
    ),
    Behaviour(
        "The PUT to a presigned address of storage type gcs carries the key (Python).",
        "Files go out from a client that knows no key.",
        "The storage's host has no business with it.",
        "test_fal_storage.py::test_presigned_is_two_requests_and_the_second_has_no_key",
    ),
    Behaviour(
        "Redirects are followed (Python, synchronous).",
        "Redirects are refused.",
        "A redirect could lead audio or key elsewhere.",
        "test_fal_submit.py::test_a_redirect_is_refused_and_its_target_hears_nothing",
    ),
    Behaviour(
        "One 500 at a look ends the wait and leaves the order running (Python).",
        "Looks go on until one is answered, however long.",
        "The order is paid; an outage on the way says nothing about it.",
        "test_fal_polling.py::test_a_look_is_repeated_until_it_is_answered",
    ),
    Behaviour(
        "Retry-After is not read.",
        "It is waited for, up to 5 minutes.",
        "fal says itself when it is worth asking again.",
        "test_fal_submit.py::test_too_many_requests_waits_as_long_as_fal_asks",
    ),
    Behaviour(
        "A look every 0.1 s (Python) or 0.5 s (JavaScript).",
        "At once, after 0.5 s, then ever rarer up to 3 s; the status stream brings the next look forward.",
        "As soon, with a tenth of the requests.",
        "test_fal_polling.py::test_the_stream_makes_the_next_look_come_at_once",
    ),
    Behaviour(
        "The direct upload goes to a constant host (Python).",
        "It goes to the base that came with the token, if that is a listed host.",
        "fal can move its storage, and a self-hosted or fake one is reached.",
        "test_fal_storage.py::test_direct_is_the_way_when_presigned_does_not_work",
    ),
    Behaviour(
        "Files above 90 MiB (JavaScript) or 100 MiB (Python) go in parts.",
        "Every clip goes in one request.",
        "The longest clip makes a FLAC of some 60 MB.",
        "test_fal_storage.py::test_progress_is_told_by_the_bytes",
    ),
)


@dataclass(frozen=True)
class Shape:
    """A request, reduced to what matters."""

    method: str
    path: str  # with ids replaced
    query: dict[str, str]
    headers: dict[str, str]
    body: Any  # JSON with addresses replaced, or bytes


def shape_of(seen: Seen) -> Shape:
    """Reduce a request to what matters: secrets to their schemes, ids and hosts to words."""
    parts = urlsplit(seen.headers.get("x-judge-url", seen.url))
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    query = {name: "…" if name == "signature" else value for name, value in query.items()}
    headers = {name: value for name, value in seen.headers.items() if name not in IGNORED}
    if seen.method in ("GET", "PUT") and headers.get("content-length") == "0":
        del headers["content-length"]
    if "json" in headers.get("content-type", "") and seen.body:
        del headers["content-length"]  # blanks in JSON mean nothing
    if "authorization" in headers:
        headers["authorization"] = headers["authorization"].partition(" ")[0] + " …"
    for name in ("x-fal-object-lifecycle", "x-fal-object-lifecycle-preference"):
        if name in headers:
            headers[name] = json.dumps(json.loads(headers[name]))
    return Shape(seen.method, _plain_path(parts.path), query, headers, _plain_body(seen))


def differences(call: str, judge: str, theirs: Shape, ours: Shape) -> set[tuple[str, str, str, str | None, str | None]]:
    """Return call, judge, part, theirs and ours for everything that differs."""
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
    """Return docs/fal-wire.md."""
    lines = [
        "# How our requests to fal differ from those of fal's own clients",
        "",
        "Made from the table in tests/judges/wire.py by `python -m tests.judges.wire`; do not edit by hand.",
        "tests/judges/test_same_wire.py sends the same order, wait, result, cancel and upload from the bridge and from",
        "fal's unpatched clients to the fake, and compares method, address, headers and body. Orders, looks, results,",
        "cancels and the direct upload are held to the Python client, the presigned upload and the status stream to",
        "the JavaScript client. Everything is equal but for these lines.",
        "",
        "## In single requests",
        "",
        *_table(
            ("Request", "Compared with", "Part", "Theirs", "Ours", "Reason"),
            ((d.call, d.judge, d.what, _cell(d.theirs), _cell(d.ours), d.reason) for d in DIFFERENCES),
        ),
        "",
        "Not compared: " + "; ".join(f"`{name}` ({why})" for name, why in IGNORED.items()) + ".",
        "",
        "## Over time",
        "",
        *_table(
            ("Theirs", "Ours", "Reason", "Held by"),
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
