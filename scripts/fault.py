"""What one line of the table of faults is made of; the lines are in `faults*.py` beside this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault that the fake fal is told to make."""

    call: str  # of the fake: initiate put token upload submit status stream result cancel file model
    kind: str  # as in tests/fakes/fal_faults.py
    status: int = 0  # HTTP status
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1  # how often; ALWAYS: until it is put right
    more: Mapping[str, Any] = field(default_factory=dict)  # further fields of the fault


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    name: str  # of its test
    what: str  # for people
    planned: tuple[Planned, ...] = ()  # what the fake makes; empty: the test has a function of that name
    ends: str = "done"  # done, unknown, cancelled, waiting:REASON, or the code of the error
    orders: int = 1  # that fal took until then
    then: str = ""  # the way out, one of WAYS; empty: nothing is needed


WAYS: Mapping[str, str] = {
    "": "",
    "waits": "goes on by itself",
    "retry": "put right, `retry` goes on; nothing is ordered twice",
    "order": "`retry` orders it: nothing stood before",
    "again": "`retry` asks; `retry --again` orders, and says that it may cost twice",
    "rerun": "`retry` never buys it again; `rerun` does",
    "placed": "`retry` makes it again and offers it; nothing is ordered",
    "refused": "the same file says the same again; `rerun` makes a new one",
}

SILENT = {"seconds": 30.0}  # longer than the patience of two seconds that a test of it has
NGINX: Mapping[str, Any] = {"kind": "html", "status": 502}
LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
}


def said(call: str, status: int, body: Any = None, *, times: int = ALWAYS, **headers: str) -> Planned:
    """Plan an answer."""
    return Planned(
        call, "answer", status, body, {key.replace("_", "-"): value for key, value in headers.items()}, times
    )


def detail(kind: str, field_name: str = "audio_url", **ctx: Any) -> dict[str, Any]:
    """Return the body of a refusal as the model writes it."""
    one = {"loc": ["body", field_name], "msg": kind.replace("_", " "), "type": kind}
    return {"detail": [{**one, **({"ctx": ctx} if ctx else {})}]}


def word(kind: str) -> dict[str, Any]:
    """Return the body of an error as fal's platform writes it."""
    return {"detail": kind.replace("_", " "), "error_type": kind}
