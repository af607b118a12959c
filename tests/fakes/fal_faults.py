"""Faults of the fake fal: what fails, in which call, and how often.

Calls: submit status stream result cancel · token initiate put upload multipart part complete · file · model.
`model` is the model itself: an `answer` there is the model's own error, and an audio fault is in its result.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.fal_http import Reply

CALLS = (
    "submit status stream result cancel token initiate put upload multipart part complete file model".split()  # noqa: SIM905
)
HTTP_KINDS = frozenset({"answer", "html", "reset", "lost", "late", "slow", "cut", "retype", "redirect"})
AUDIO_KINDS = frozenset({"silence", "nan", "not_audio", "short", "header"})

LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    kind:
        answer    reply with this status, body (JSON unless bytes or str) and headers, without handling the request
        html      reply with the page of a web server in front of fal and this status (default: 502)
        reset     read the request, do not handle it, and reset the connection
        lost      handle the request, and reset the connection instead of replying
        late      handle the request, and reply after `seconds`
        slow      send the body in `pieces`, with `seconds` between them
        cut       end the reply after `fraction` of its body, although its length promises all of it
        retype    reply with `text` as the content type
        redirect  307 to `text`
        silence nan not_audio short header      (model) the audio is silent, has NaN, is not audio, has half the
                  length, or ends before its header says
    """

    kind: str
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    pieces: int = 8
    fraction: float = 0.5
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in HTTP_KINDS | AUDIO_KINDS:
            raise ValueError(f"unknown fault: {self.kind}")

    @property
    def prevents(self) -> bool:
        """Whether the request is not handled."""
        return self.kind in ("answer", "html", "reset", "redirect")

    def reply(self) -> Reply:
        """Return the reply of a fault that prevents the request."""
        if self.kind == "reset":
            return Reply(reset=True)
        if self.kind == "redirect":
            return Reply(self.status or 307, {"Location": self.text})
        if self.kind == "html":
            status = self.status or 502
            page = f"<html><head><title>{status}</title></head><body><center>nginx</center></body></html>"
            return Reply(status, {"Content-Type": "text/html", **self.headers}, page.encode())
        return answer(self.status, self.body, self.headers)

    def spoil(self, reply: Reply) -> Reply:
        """Return the real reply with the fault in it."""
        if self.kind == "lost":
            reply.reset = True
        elif self.kind == "late":
            reply.late = self.seconds
        elif self.kind == "slow":
            reply.pieces, reply.between = self.pieces, self.seconds
        elif self.kind == "cut":
            reply.cut = self.fraction
        elif self.kind == "retype":
            reply.headers["Content-Type"] = self.text
        return reply


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    """Return a JSON reply; bytes and text are sent unchanged."""
    if isinstance(body, bytes | str):
        data = body if isinstance(body, bytes) else body.encode()
        return Reply(status, {"Content-Type": "text/plain", **(headers or {})}, data)
    data = b"" if body is None else json.dumps(body).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, data)


@dataclass
class _Planned:
    call: str
    fault: Fault
    times: int  # remaining faults; -1: always
    after: int  # remaining good calls before the first fault


class FaultBook:
    """The planned faults."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, call: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Let a call fail `times` times (-1: always) after `after` good ones."""
        if call not in CALLS:
            raise ValueError(f"unknown call: {call}; there are {', '.join(CALLS)}")
        with self._lock:
            self._planned.append(_Planned(call, fault, times, after))

    def take(self, call: str) -> Fault | None:
        """Return the fault of this call, if any, and count it."""
        with self._lock:
            for planned in self._planned:
                if planned.call != call or planned.times == 0:
                    continue
                if planned.after:
                    planned.after -= 1
                    return None
                planned.times -= 1 if planned.times > 0 else 0
                return planned.fault
        return None

    def clear(self) -> None:
        """Remove all planned faults."""
        with self._lock:
            self._planned.clear()
