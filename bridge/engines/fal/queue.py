"""fal's queue API, one method per request: submit, status, stream, result, cancel.

`polling.py` calls these methods to wait for a result. A submission that may have arrived is never repeated.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bridge.engines.base import CancelAnswer, Ticket
from bridge.engines.fal.errors import Doing, error_from, is_page, names_platform
from bridge.engines.fal.retry import Patience, is_passing
from bridge.engines.fal.settings import lifecycle
from bridge.engines.fal.wire import Answer, Wire, WireError, parse_json
from bridge.errors import BridgeError, EndpointUnknown, NetworkDown, OutageError, SubmitUnknown

log = logging.getLogger(__name__)

LIFECYCLE = "X-Fal-Object-Lifecycle-Preference"  # header for results; uploads have a different one
_SUBMIT_TRIES = 6  # maximum attempts, over about 15 s; only a submission that fal did not accept is repeated
_CANCEL_TRIES = 6
_NAMESPACES = frozenset({"workflows", "comfy"})  # may precede the owner and alias in an endpoint's ID
_UNKNOWN = frozenset({408, 409})  # statuses after which the remix may be running, like any 5xx or an unexpected 2xx

_CANCEL_WORDS: Mapping[str, CancelAnswer] = {
    "OK": CancelAnswer.REMOVED,
    "CANCELLATION_REQUESTED": CancelAnswer.REQUESTED,
    "ALREADY_COMPLETED": CancelAnswer.TOO_LATE,
    "NOT_FOUND": CancelAnswer.UNKNOWN,
}
_CANCEL_STATUSES: Mapping[int, CancelAnswer] = {400: CancelAnswer.TOO_LATE, 404: CancelAnswer.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Look:
    """The status of a request."""

    word: str  # IN_QUEUE, IN_PROGRESS, COMPLETED, or an unknown word
    position: int | None  # requests ahead in the queue; None: unknown
    logs: tuple[tuple[str, str], ...]  # timestamp and text of each log line so far
    error: str  # the error of a completed request; empty: none


class FalQueue:
    """The queue of one endpoint."""

    def __init__(self, wire: Wire, patience: Patience, endpoint: str, expires: int | None) -> None:
        """Set the endpoint's ID and the lifetime of results in seconds (None: forever)."""
        self._wire = wire
        self._patience = patience
        self._endpoint = endpoint.strip("/")
        self._headers = lifecycle(LIFECYCLE, expires)

    async def submit(self, body: Mapping[str, Any]) -> Ticket:
        """Submit the remix exactly once and return its ticket.

        The request is repeated only if fal cannot have accepted it: after a failed connection, a 429, or a 503 with one
        of fal's platform error types. Each request uses a new connection, because a reset on a connection that was kept
        open for too long cannot be told from a lost answer.

        Args:
            body: The model's inputs, ready to send.

        Raises:
            SubmitUnknown: the remix may be running.
            EngineError: nothing is running.
        """
        url = f"{self._wire.hosts.queue}/{self._endpoint}"
        attempt = 0
        while True:
            attempt += 1
            answer: Answer | None = None
            try:
                answer = await self._wire.ask(
                    "POST", url, json=body, headers=self._headers, silence=self._wire.timeouts.submit, fresh=True
                )
            except WireError as broken:
                if broken.written:
                    raise SubmitUnknown from broken
                if attempt >= _SUBMIT_TRIES:
                    raise NetworkDown(f"fal cannot be reached, so nothing was submitted: {broken}.") from broken
            else:
                if not _was_not_accepted(answer) or attempt >= _SUBMIT_TRIES:
                    return self._ticket(answer)
            await self._patience.pause(attempt - 1, answer)

    async def status(self, ticket: Ticket) -> Answer:
        """Request the status and the log lines once."""
        return await self._wire.ask("GET", f"{self.urls(ticket)['status']}?logs=1")

    async def stream(self, ticket: Ticket) -> AsyncIterator[Look]:
        """Yield the events of fal's status stream until it ends or fails with a `WireError`."""
        url = f"{self.urls(ticket)['status']}/stream?logs=1"
        accept = {"Accept": "text/event-stream"}
        async with self._wire.listen("GET", url, headers=accept, silence=self._wire.timeouts.stream) as response:
            if response.status_code != 200 or "text/event-stream" not in response.headers.get("content-type", ""):
                return
            async for line in response.aiter_lines():
                look = read_look(parse_json(line[5:].encode())) if line.startswith("data:") else None
                if look is not None:
                    yield look

    async def result(self, ticket: Ticket) -> Answer:
        """Request the result once."""
        return await self._wire.ask("GET", self.urls(ticket)["response"])

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask fal to stop the remix; safe to repeat.

        Raises:
            EngineError: fal did not answer, or its answer has no known meaning.
        """
        try:
            answer = await self._patience.persist(
                lambda: self._wire.ask("PUT", self.urls(ticket)["cancel"]),
                lambda text: log.info("cancel: %s", text),
                again=lambda answer: is_passing(answer) or is_page(answer) or _is_garbled(answer),
                tries=_CANCEL_TRIES,
            )
        except WireError as broken:
            raise OutageError(f"fal cannot be reached, so the remix may continue: {broken}.") from broken
        return self._cancel_answer(answer)

    def _cancel_answer(self, answer: Answer) -> CancelAnswer:
        word = str(answer.data.get("status")) if isinstance(answer.data, dict) else ""
        if word in _CANCEL_WORDS:
            return _CANCEL_WORDS[word]
        if 200 <= answer.status < 300 and not _is_garbled(answer):
            return CancelAnswer.REQUESTED  # accepted, but the remix may still finish
        if answer.status in _CANCEL_STATUSES and not is_page(answer):
            return _CANCEL_STATUSES[answer.status]
        raise self.error(answer, Doing.CANCEL)

    def error(self, answer: Answer, doing: Doing) -> BridgeError:
        """Return the bridge error for one of fal's error answers; name the endpoint if fal does not have it."""
        error = error_from(answer, doing, self._wire.secrets.scrub)
        if isinstance(error, EndpointUnknown):
            return EndpointUnknown(f"{error.text} `endpoint` under `[fal]` is {self._endpoint!r}.")
        return error

    def scrub(self, text: str) -> str:
        """Redact secrets in a text."""
        return self._wire.secrets.scrub(text)

    def urls(self, ticket: Ticket) -> dict[str, str]:
        """Return the URLs for status, response and cancel.

        A URL that is missing or that must not receive the key is built from the request ID instead, so that the running
        remix can still be reached.
        """
        built = self._built_urls(ticket.request_id)
        named = ticket.urls
        return {
            name: named[name] if name in named and self._wire.hosts.may_have_key(named[name]) else url
            for name, url in built.items()
        }

    def _built_urls(self, request_id: str) -> dict[str, str]:
        """Build the URLs as fal does: from the endpoint's owner and alias, without the rest of its path."""
        parts = self._endpoint.split("/")
        app = "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])
        base = f"{self._wire.hosts.queue}/{app}/requests/{quote(request_id, safe='')}"
        return {"status": f"{base}/status", "response": base, "cancel": f"{base}/cancel"}

    def _ticket(self, answer: Answer) -> Ticket:
        """Return the ticket from the last answer to a submission, or raise that answer's error."""
        if 200 <= answer.status < 300:
            if not isinstance(answer.data, dict):
                raise self._unclear(answer)
            data = answer.data
            request_id = data.get("request_id")
            if not isinstance(request_id, str) or not request_id:
                raise SubmitUnknown("fal accepted the remix without returning an ID, so it may be running and billed.")
            return Ticket(request_id, self._named_urls(request_id, data))
        if not _was_not_accepted(answer) and (answer.status in _UNKNOWN or answer.status >= 500):
            raise self._unclear(answer)
        raise self.error(answer, Doing.SUBMIT)

    def _unclear(self, answer: Answer) -> SubmitUnknown:
        text = self.error(answer, Doing.SUBMIT).text
        return SubmitUnknown(f"It is not known whether fal accepted the remix: {text}")

    def _named_urls(self, request_id: str, data: Mapping[str, Any]) -> dict[str, str]:
        named = {name: data.get(f"{name}_url") for name in ("status", "response", "cancel")}
        urls = {name: url for name, url in named.items() if isinstance(url, str) and url}
        ticket = Ticket(request_id, urls)
        for name, url in self.urls(ticket).items():
            if urls.get(name) != url:
                log.warning("fal returned no %s URL that may get the key; it is built from the ID", name)
        return self.urls(ticket)


def read_look(data: Any) -> Look | None:
    """Return the status in an answer's body, or None if it has no status word. All other fields are optional."""
    if not isinstance(data, dict) or not isinstance(data.get("status"), str):
        return None
    position = data.get("queue_position")
    error = data.get("error") or data.get("error_type") or ""
    return Look(
        word=data["status"],
        position=position if isinstance(position, int) and not isinstance(position, bool) else None,
        logs=tuple(_log_lines(data.get("logs"))),
        error=error if isinstance(error, str) else json.dumps(error),
    )


def _log_lines(logs: Any) -> list[tuple[str, str]]:
    entries = logs if isinstance(logs, list) else []
    return [
        (str(entry.get("timestamp", "")), entry["message"])
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("message"), str)
    ]


def _is_garbled(answer: Answer) -> bool:
    """Return whether an answer means success, but has a body that is not the JSON object that fal sends."""
    return 200 <= answer.status < 300 and bool(answer.body.strip()) and not isinstance(answer.data, dict)


def _was_not_accepted(answer: Answer) -> bool:
    """Return whether the answer proves that fal did not accept the submission, which may then be repeated."""
    return answer.status == 429 or (answer.status == 503 and names_platform(answer))
