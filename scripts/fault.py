"""Defines the type of a row in the table of faults; `faults*.py` contain the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault that the fake fal injects."""

    call: str  # call that fails: initiate put token upload submit status stream result cancel file model
    kind: str  # kind of fault in tests/fakes/fal_faults.py
    status: int = 0  # HTTP status
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1  # number of calls that fail; ALWAYS: until the test removes the fault
    more: Mapping[str, Any] = field(default_factory=dict)  # further fields of the fault


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong, and its outcome."""

    name: str  # ID of its test
    what: str  # description
    planned: tuple[Planned, ...] = ()  # faults of the fake; empty: tests/fakes has a function called `name`
    ends: str = "done"  # done, unknown, cancelled, waiting:REASON, or an error code
    orders: int = 1  # number of submissions that fal has accepted by the end
    then: str = ""  # how the remix continues, a key of WAYS; empty: no action needed


WAYS: Mapping[str, str] = {
    "": "",
    "waits": "continues by itself",
    "retry": "once it is fixed, `retry` continues without a second submission",
    "order": "`retry` submits it: no submission is pending",
    "again": "`retry` asks first; `retry --again` submits, and says that it may cost twice",
    "rerun": "`retry` never submits again; `rerun` does",
    "fetched": "`retry` downloads the file again at no cost; if fal still sends the same, only `rerun` helps",
    "placed": "`retry` rebuilds the file and offers it again, without a submission",
    "refused": "`retry` gives the same error; `rerun` makes a new remix",
}

SILENT = {"seconds": 30.0}  # longer than the 2 s time limit of the tests that use this fault
NGINX: Mapping[str, Any] = {"kind": "html", "status": 502}
LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
}
ADMIN_LOCKED = {"detail": "User is locked. Reason: Admin lock. Please contact support@fal.ai."}
PAGE: Mapping[str, Any] = {"kind": "html", "status": 200}  # for example the login page of a Wi-Fi


def reply(call: str, status: int, body: Any = None, *, times: int = ALWAYS, **headers: str) -> Planned:
    """Plan a reply."""
    return Planned(
        call, "answer", status, body, {key.replace("_", "-"): value for key, value in headers.items()}, times
    )


def detail(kind: str, field_name: str = "audio_url", **ctx: Any) -> dict[str, Any]:
    """Return the body of an error from the model."""
    one = {"loc": ["body", field_name], "msg": kind.replace("_", " "), "type": kind}
    return {"detail": [{**one, **({"ctx": ctx} if ctx else {})}]}


def error(kind: str) -> dict[str, Any]:
    """Return the body of an error from fal's platform."""
    return {"detail": kind.replace("_", " "), "error_type": kind}
