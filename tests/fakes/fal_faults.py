"""Faults on demand for the fake fal: what goes wrong, at which call, how often.

Calls: submit status stream result cancel · token initiate put upload multipart part complete · file · model.
`model` is the model itself: an answer there is the model's own failure, an audio fault is in what it makes.
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
    """One thing that goes wrong.

    kind:
        answer    this status, body (JSON unless bytes or str) and headers, nothing is done
        html      the page of a web server in front of fal, with this status (502 unless told)
        reset     the request is read, nothing is done, the connection is reset
        lost      the request is done, the connection is reset instead of the answer
        late      the request is done, the answer comes after `seconds`
        slow      the answer's body comes in `pieces` with `seconds` between
        cut       the answer ends after `fraction` of its body, though its length promises all
        retype    the answer's content type is `text`
        redirect  307 to `text`
        silence nan not_audio short header      (model) the audio is silent, has NaN, is no audio, has half the
                  length, or ends before its own header says
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
            raise ValueError(f"no such fault: {self.kind}")

    @property
    def prevents(self) -> bool:
        """Whether the request is not done at all."""
        return self.kind in ("answer", "html", "reset", "redirect")

    def reply(self) -> Reply:
        """The answer instead of the real one, for a fault that prevents."""
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
        """The real answer, spoiled."""
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
    """Build a JSON answer; bytes and text go out as they are."""
    if isinstance(body, bytes | str):
        data = body if isinstance(body, bytes) else body.encode()
        return Reply(status, {"Content-Type": "text/plain", **(headers or {})}, data)
    data = b"" if body is None else json.dumps(body).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, data)


@dataclass
class _Planned:
    call: str
    fault: Fault
    times: int  # how often it still happens; -1: always
    after: int  # calls that still go well before


class FaultBook:
    """What is planned to go wrong."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, call: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Let a call go wrong `times` times (-1: always) after `after` good ones."""
        if call not in CALLS:
            raise ValueError(f"no such call: {call}; there are {', '.join(CALLS)}")
        with self._lock:
            self._planned.append(_Planned(call, fault, times, after))

    def take(self, call: str) -> Fault | None:
        """Return the fault of this call, if one is due, and count it."""
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
        """Let everything go well from now on."""
        with self._lock:
            self._planned.clear()
