"""Faults that tests plan for the fake fal: which call fails, in what way, and how often.

Calls: submit status stream result cancel · token initiate put upload multipart part complete · file · model.
`model` is not a request but a run of the model: an `answer` fault makes the run fail, and an audio fault changes the
audio that it returns.
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
HTTP_KINDS = frozenset(
    {"answer", "html", "reset", "stale", "lost", "late", "held", "slow", "cut", "retype", "redirect"}
)
AUDIO_KINDS = frozenset({"silence", "nan", "not_audio", "short", "header", "placeholder", "longer"})

LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
}
ADMIN_LOCKED = {"detail": "User is locked. Reason: Admin lock. Please contact support@fal.ai."}


@dataclass(frozen=True)
class Fault:
    """A fault in a call.

    kind:
        answer    do not handle the request; reply with `status`, `body` (as JSON unless bytes or str) and `headers`
        html      do not handle the request; reply with `status` (default 502) and a web server's error page
        reset     read the request, do not handle it, and reset the connection
        lost      handle the request, and reset the connection instead of replying
        stale     like reset, but only if the connection was used before, as if it had been kept open for too long
        late      handle the request, and reply after `seconds`
        held      handle the request, and reply only after `FalServer.let_go`
        slow      send the body in `pieces` pieces, with `seconds` between them
        cut       send only `fraction` of the body, so that it is shorter than its Content-Length
        retype    reply with `text` as the content type
        redirect  do not handle the request; redirect to `text` with `status` (default 307)
        silence nan not_audio short header      (model only) the audio is silent, contains NaN, is not audio, has half
                  the length, or is shorter than its header says
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
        """Return whether the fake replies without handling the request."""
        return self.kind in ("answer", "html", "reset", "redirect")

    def reply(self) -> Reply:
        """Return the reply to a request that is not handled because of the fault."""
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
        """Add the fault to a normal reply, and return the changed reply."""
        if self.kind == "lost":
            reply.reset = True
        elif self.kind == "late":
            reply.late = self.seconds
        elif self.kind == "held":
            reply.held = True
        elif self.kind == "slow":
            reply.pieces, reply.between = self.pieces, self.seconds
        elif self.kind == "cut":
            reply.cut = self.fraction
        elif self.kind == "retype":
            reply.headers["Content-Type"] = self.text
        return reply


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    """Return a reply with a JSON body, or with `body` unchanged if it is bytes or text."""
    if isinstance(body, bytes | str):
        data = body if isinstance(body, bytes) else body.encode()
        return Reply(status, {"Content-Type": "text/plain", **(headers or {})}, data)
    data = b"" if body is None else json.dumps(body).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, data)


@dataclass
class _Planned:
    call: str
    fault: Fault
    times: int  # remaining faults; -1 for no limit
    after: int  # calls that still succeed before the first fault


class FaultBook:
    """The planned faults."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, call: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Plan a fault for a call.

        The next `after` requests succeed; then the fault affects `times` requests (-1 for all).
        """
        if call not in CALLS:
            raise ValueError(f"unknown call: {call}; there are {', '.join(CALLS)}")
        with self._lock:
            self._planned.append(_Planned(call, fault, times, after))

    def take(self, call: str) -> Fault | None:
        """Count a request that makes this call, and return the fault planned for the request, if any."""
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
